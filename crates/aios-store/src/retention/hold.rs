//! Holds: what must outlive its time, and who says so.

use std::fmt;
use std::str::FromStr;

use aios_core::{REASON_MAX, Reason, Timestamp};
use aios_privacy::{RedactedText, Redactor};
use serde::{Deserialize, Serialize};

use crate::audit::{AuditAction, HoldOnRecord};
use crate::{DataDir, StoreError, disk, regular};

/// Most holds at a time: each is a person's decision.
const HOLDS_MAX: usize = 1000;

/// Most bytes of the file.
const FILE_MAX: u64 = 4 << 20;

/// What stands for the words of a hold that is known from the audit trail alone.
const RESTORED: [&str; 2] = ["unknown", "restored from the audit trail, which keeps no words"];

/// Names a hold: `h1`, `h2`, … A number is not given twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HoldId(u64);

/// Events that must not go, although their time is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Its name.
    pub id: HoldId,
    /// Who answers for it.
    pub owner: RedactedText,
    /// Why.
    pub reason: RedactedText,
    /// When it was set.
    pub created_at: Timestamp,
    /// When it ends of itself.
    pub expires_at: Timestamp,
    /// Events from then on; all before, too, if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Events before then; all after, too, if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// A hold that is to be set, as it was asked for: its words are masked when it is set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewHold {
    /// Who answers for it; one to 500 bytes, as the reason.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// When it ends of itself.
    pub expires_at: Timestamp,
    /// Events from then on.
    #[serde(default)]
    pub since: Option<Timestamp>,
    /// Events before then.
    #[serde(default)]
    pub until: Option<Timestamp>,
}

/// The holds of a data directory.
#[derive(Debug, Clone, Copy)]
pub struct Holds<'a> {
    dir: &'a DataDir,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct File {
    /// The number of the last hold that was ever set.
    n_set: u64,
    holds: Vec<Hold>,
}

impl HoldId {
    #[cfg(test)]
    pub(crate) const fn new(number: u64) -> Self {
        Self(number)
    }
}

impl Hold {
    /// Whether it keeps something of that time.
    #[must_use]
    pub fn covers(&self, first: Timestamp, last: Timestamp, now: Timestamp) -> bool {
        !self.is_expired(now)
            && self.since.is_none_or(|since| last >= since)
            && self.until.is_none_or(|until| first <= until)
    }

    /// One that is known from the audit trail alone.
    fn restored(id: HoldId, on_record: HoldOnRecord) -> Self {
        let HoldOnRecord { set_at, expires_at, since, until } = on_record;
        let redactor = Redactor::new(&[]);
        let [owner, reason] = RESTORED.map(|words| redactor.redact(words).text);
        Self { id, owner, reason, created_at: set_at, expires_at, since, until }
    }

    /// Whether it is about events of that moment, ended or not.
    pub(crate) fn keeps(&self, at: Timestamp) -> bool {
        self.since.is_none_or(|since| at >= since) && self.until.is_none_or(|until| at < until)
    }

    /// Whether it has ended.
    #[must_use]
    pub fn is_expired(&self, now: Timestamp) -> bool {
        now > self.expires_at
    }
}

impl NewHold {
    /// Its owner and its reason, if it says what it must.
    fn check(&self, now: Timestamp) -> Result<[Reason; 2], StoreError> {
        let said = |what, text: &str| {
            let said = Reason::said(text);
            said.map_err(|_| StoreError::HoldWords { what, max: REASON_MAX })
        };
        let words = [said("owner", &self.owner)?, said("reason", &self.reason)?];
        if self.expires_at <= now {
            return Err(StoreError::EndedHold { expires_at: self.expires_at });
        }
        if let (Some(since), Some(until)) = (self.since, self.until)
            && since >= until
        {
            return Err(StoreError::EmptyHold { since, until });
        }
        Ok(words)
    }
}

impl<'a> Holds<'a> {
    /// The holds in this directory.
    #[must_use]
    pub fn of(dir: &'a DataDir) -> Self {
        Self { dir }
    }

    /// Every hold, also those that have ended, and those that the audit trail knows and the file has lost.
    ///
    /// # Errors
    /// When file or trail cannot be read. Then nothing may be removed.
    pub fn list(&self) -> Result<Vec<Hold>, StoreError> {
        let (mut file, lost) = settled(|| self.read_file(), |file| self.lost_by(file))?;
        file.holds.extend(lost);
        Ok(file.holds)
    }

    /// The holds that the file has lost: they are on record as set, not as released, and have not ended.
    ///
    /// # Errors
    /// As for [`list`](Self::list).
    pub fn lost(&self) -> Result<Vec<Hold>, StoreError> {
        settled(|| self.read_file(), |file| self.lost_by(file)).map(|(_, lost)| lost)
    }

    /// Sets a hold. What its owner and reason say of anybody is masked. `record` puts it on the audit trail: nobody
    /// changes a hold before that is done. Where it fails, the hold is set all the same: one too many lets nothing go.
    ///
    /// # Errors
    /// When it says nothing or too much of who and why, it would keep nothing, its end is past, this process
    /// does not own the directory, there are a thousand already, or file or record cannot be written.
    pub fn add<E: From<StoreError>>(
        &self,
        new: NewHold,
        redactor: &Redactor,
        now: Timestamp,
        record: impl FnOnce(AuditAction) -> Result<(), E>,
    ) -> Result<Hold, E> {
        let words = new.check(now)?;
        let _changing = self.dir.change_holds()?;
        let mut file = self.read()?;
        // What has ended makes room.
        file.holds.retain(|hold| !hold.is_expired(now));
        if file.holds.len() >= HOLDS_MAX {
            return Err(StoreError::TooManyHolds { max: HOLDS_MAX }.into());
        }
        file.n_set += 1;
        let NewHold { expires_at, since, until, .. } = new;
        let id = HoldId(file.n_set);
        let [owner, reason] = words.map(|said| redactor.redact(said.as_str()).text);
        let hold = Hold { id, owner, reason, created_at: now, expires_at, since, until };
        file.holds.push(hold.clone());
        self.write(&file)?;
        // The file first: whoever finds it on record finds it in the file.
        record(AuditAction::of_hold("set", &hold))?;
        Ok(hold)
    }

    /// Ends a hold; gives it. `record` puts that on the audit trail; where it fails, the hold stays.
    ///
    /// # Errors
    /// When there is no such hold, or as for [`add`](Self::add).
    pub fn release<E: From<StoreError>>(
        &self,
        id: HoldId,
        record: impl FnOnce(AuditAction) -> Result<(), E>,
    ) -> Result<Hold, E> {
        let _changing = self.dir.change_holds()?;
        let mut file = self.read()?;
        let at = file.holds.iter().position(|hold| hold.id == id);
        let hold = file.holds.remove(at.ok_or(StoreError::NoHold { id })?);
        // On record first: what is there as set and is not in the file is a hold that was lost. A crash between the two
        // leaves it in the file.
        record(AuditAction::of_hold("released", &hold))?;
        self.write(&file)?;
        Ok(hold)
    }

    /// What counts: the file, and what it has lost; for whoever may change it.
    fn read(&self) -> Result<File, StoreError> {
        let mut file = self.read_file()?;
        let lost = self.lost_by(&file)?;
        // A number is not given twice.
        file.n_set = lost.iter().map(|hold| hold.id.0).fold(file.n_set, u64::max);
        file.holds.extend(lost);
        Ok(file)
    }

    fn lost_by(&self, file: &File) -> Result<Vec<Hold>, StoreError> {
        let is_there = |id: HoldId| file.holds.iter().any(|hold| hold.id == id);
        self.dir.holds_on_record(|known| {
            let lost = known.by_id.iter().filter(|(id, hold)| {
                // A later one may have taken its room.
                !is_there(**id) && known.until.is_none_or(|until| hold.expires_at >= until)
            });
            lost.map(|(id, hold)| Hold::restored(*id, *hold)).collect()
        })
    }

    fn read_file(&self) -> Result<File, StoreError> {
        let path = self.dir.holds_path();
        let Some(bytes) = regular::read_bounded(&path, FILE_MAX)? else {
            return Ok(File::default());
        };
        serde_json::from_slice(&bytes)
            .map_err(|error| StoreError::corrupt(&path, error.to_string()))
    }

    fn write(&self, file: &File) -> Result<(), StoreError> {
        let json = serde_json::to_vec_pretty(file).expect("a hold's keys are text");
        disk::write_atomic(&self.dir.holds_path(), &json)
    }
}

/// File and losses as they belong together. Nobody is kept from changing the holds meanwhile: one that is set after the file
/// was read and before the trail was looks like one that the file has lost. It is in the file by then, so that is read once
/// more, until nothing is called lost or two looks agree.
fn settled(
    read: impl Fn() -> Result<File, StoreError>,
    lost_by: impl Fn(&File) -> Result<Vec<Hold>, StoreError>,
) -> Result<(File, Vec<Hold>), StoreError> {
    let mut file = read()?;
    let mut lost = lost_by(&file)?;
    while !lost.is_empty() {
        file = read()?;
        let again = lost_by(&file)?;
        if again == lost {
            break;
        }
        lost = again;
    }
    Ok((file, lost))
}

impl fmt::Display for HoldId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "h{}", self.0)
    }
}

impl FromStr for HoldId {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = text.strip_prefix('h').and_then(|number| number.parse().ok());
        let id = number.map(Self).filter(|id| id.to_string() == text);
        id.ok_or("expected the name of a hold such as h1")
    }
}

impl TryFrom<String> for HoldId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<HoldId> for String {
    fn from(id: HoldId) -> Self {
        id.to_string()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use aios_privacy::PiiKind;

    use super::*;
    use crate::{AuditConfig, AuditLog, fixture};

    const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

    fn new(owner: &str) -> NewHold {
        NewHold {
            owner: owner.to_owned(),
            reason: "case 7".to_owned(),
            expires_at: NOW.plus(Duration::from_secs(60)),
            since: None,
            until: Some(NOW),
        }
    }

    fn add(dir: &DataDir, new: NewHold, now: Timestamp) -> Result<Hold, StoreError> {
        Holds::of(dir).add(new, &Redactor::new(&PiiKind::ALL), now, fixture::unrecorded)
    }

    #[test]
    fn what_a_hold_says_of_somebody_is_masked_and_it_says_something() {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::open(temp.path()).unwrap();
        let mail = ["ann", "example.org"].join("@");
        let of = fixture::conversation(7);
        let named = NewHold { reason: format!("case of {mail}, {of}, conv-17"), ..new(&mail) };
        let hold = add(&dir, named, NOW).unwrap();
        let expect = ("[EMAIL]", "case of [EMAIL], [ID], [ID]");
        assert_eq!((hold.owner.as_str(), hold.reason.as_str()), expect);
        assert!(!std::fs::read_to_string(dir.holds_path()).unwrap().contains(&mail));
        for wrong in [" ", &"x".repeat(REASON_MAX + 1)] {
            let error = add(&dir, new(wrong), NOW).unwrap_err();
            assert!(matches!(error, StoreError::HoldWords { what: "owner", .. }), "{wrong}");
        }
        let ended = NewHold { expires_at: NOW, ..new("a") };
        assert!(matches!(add(&dir, ended, NOW), Err(StoreError::EndedHold { .. })));
    }

    #[test]
    fn holds_are_set_listed_and_released() {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::open(temp.path()).unwrap();
        let holds = Holds::of(&dir);
        assert!(holds.list().unwrap().is_empty());
        let first = add(&dir, new("a"), NOW).unwrap();
        let second = add(&dir, new("b"), NOW).unwrap();
        assert_eq!((first.id.to_string(), second.id.to_string()), ("h1".into(), "h2".into()));
        assert_eq!(holds.release(first.id, fixture::unrecorded).unwrap(), first);
        let again = holds.release(first.id, fixture::unrecorded);
        assert!(matches!(again, Err(StoreError::NoHold { .. })));
        let inverted = NewHold { since: Some(NOW), ..new("d") };
        assert!(matches!(add(&dir, inverted, NOW), Err(StoreError::EmptyHold { .. })));
        // A name is not given twice, and one that has ended makes room.
        let later = NOW.plus(Duration::from_secs(61));
        let third = NewHold { expires_at: later.plus(Duration::from_secs(1)), ..new("c") };
        assert_eq!(add(&dir, third, later).unwrap().id, HoldId::new(3));
        let owners: Vec<_> = holds.list().unwrap().into_iter().map(|hold| hold.owner).collect();
        assert_eq!(owners, [fixture::safe("c")]);
    }

    #[test]
    fn a_change_and_its_record_are_one_and_a_hold_is_in_the_file_while_it_is_on_record_as_set() {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::open(temp.path()).unwrap();
        let audit = AuditLog::offline(&dir, AuditConfig::default(), NOW).unwrap();
        let (holds, redactor) = (Holds::of(&dir), Redactor::new(&[]));
        let in_file = || holds.read_file().unwrap().holds.len();
        let record = |action| {
            assert!(dir.are_holds_changing(), "nobody else gets between file and trail");
            assert_eq!(in_file(), 1);
            audit.append(NOW, "x", action)?;
            assert_eq!(in_file(), 1);
            Ok::<_, StoreError>(())
        };
        // The trail is read before, so that it is told of each change.
        assert_eq!(holds.lost().unwrap(), []);
        let hold = holds.add(new("a"), &redactor, NOW, record).unwrap();
        let fails = |_| Err(StoreError::TooManyHolds { max: 0 });
        assert!(holds.release(hold.id, fails).is_err());
        assert_eq!(holds.list().unwrap(), std::slice::from_ref(&hold), "it stays");
        holds.release(hold.id, record).unwrap();
        assert_eq!((in_file(), holds.list().unwrap()), (0, Vec::new()));
        let reader = DataDir::read(temp.path()).unwrap();
        assert_eq!(Holds::of(&reader).list().unwrap(), []);
    }

    #[test]
    fn a_hold_that_is_set_while_somebody_looks_is_not_lost() {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::open(temp.path()).unwrap();
        let audit = AuditLog::offline(&dir, AuditConfig::default(), NOW).unwrap();
        let (holds, redactor) = (Holds::of(&dir), Redactor::new(&[]));
        let set = |owner| {
            let record = |action| audit.append(NOW, "x", action).map(drop);
            holds.add(new(owner), &redactor, NOW, record).unwrap()
        };
        let n_read = std::cell::Cell::new(0);
        // Holds are set behind the first look at the file, and behind the second.
        let read = || {
            let file = holds.read_file();
            n_read.set(n_read.get() + 1);
            if n_read.get() < 3 {
                set("a");
            }
            file
        };
        let (file, lost) = settled(read, |file| holds.lost_by(file)).unwrap();
        assert_eq!((file.holds.len(), lost, n_read.get()), (2, Vec::new(), 3));
        // What is lost is lost at each look.
        std::fs::remove_file(dir.holds_path()).unwrap();
        assert_eq!(holds.lost().unwrap().len(), 2);
    }

    #[test]
    fn a_file_that_is_no_list_of_holds_is_an_error_and_stays() {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::open(temp.path()).unwrap();
        std::fs::write(dir.holds_path(), "{").unwrap();
        assert!(matches!(Holds::of(&dir).list(), Err(StoreError::Corrupt { .. })));
        assert!(add(&dir, new("a"), NOW).is_err());
        assert_eq!(std::fs::read_to_string(dir.holds_path()).unwrap(), "{");
    }

    #[test]
    fn readers_set_no_holds() {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::read(temp.path()).unwrap();
        assert!(matches!(add(&dir, new("a"), NOW), Err(StoreError::ReadOnly { .. })));
    }

    #[test]
    fn a_name_is_read_as_it_is_printed() {
        assert_eq!("h12".parse(), Ok(HoldId::new(12)));
        for text in ["", "h", "12", "h-1", "h012", "H1"] {
            assert!(text.parse::<HoldId>().is_err(), "{text}");
        }
    }
}
