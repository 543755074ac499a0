//! How segments and the files beside them are called.
//!
//! A name is made of a segment's first event alone, so that it is known before the segment is sealed,
//! and doing a broken-off step again arrives at the same name.

use std::fmt;
use std::path::{Path, PathBuf};

use aios_core::{EventId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::DataDir;

/// Every file of the event log begins so.
const STEM: &str = "hypotheses";

/// Ending of what is being written and does not count yet.
const TEMPORARY: &str = ".tmp";

const SECONDS_PER_DAY: i64 = 86_400;

/// Names a segment: when its first event happened, and four bytes of that event's id. Printed as
/// `20270115T083000Z-1a2b3c4d`; ids sort by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SegmentId {
    secs: i64,
    tail: u32,
}

/// What is no segment's id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a segment: expected a name such as 20270115T083000Z-1a2b3c4d")]
pub struct SegmentIdError;

/// A day in UTC, counted from 1970-01-01. A segment holds events of one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i64);

impl Day {
    /// The day of a moment.
    #[must_use]
    pub fn of(at: Timestamp) -> Self {
        Self(at.as_secs().div_euclid(SECONDS_PER_DAY))
    }
}

impl SegmentId {
    /// The id of a segment that begins with this event.
    #[must_use]
    pub fn of_first(at: Timestamp, event: EventId) -> Self {
        let [.., a, b, c, d] = *event.as_bytes();
        Self { secs: at.as_secs(), tail: u32::from_be_bytes([a, b, c, d]) }
    }

    /// Reads the printed form.
    ///
    /// # Errors
    /// When it is anything else.
    pub fn parse(text: &str) -> Result<Self, SegmentIdError> {
        let read = || {
            let (stamp, tail) = text.split_once('-')?;
            let stamp = stamp.strip_suffix('Z')?;
            let (date, time) = stamp.split_once('T')?;
            let part =
                |text: &str, range: std::ops::Range<usize>| text.get(range).map(str::to_owned);
            let (year, month, day) = (part(date, 0..4)?, part(date, 4..6)?, part(date, 6..8)?);
            let (hour, minute, second) = (part(time, 0..2)?, part(time, 2..4)?, part(time, 4..6)?);
            let at = format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z");
            let secs = Timestamp::parse(&at).ok()?.as_secs();
            let id = Self { secs, tail: u32::from_str_radix(tail, 16).ok()? };
            // One name per segment: no other spelling of it is one.
            (id.to_string() == text).then_some(id)
        };
        read().ok_or(SegmentIdError)
    }

    /// The day that its events happened on.
    #[must_use]
    pub fn day(self) -> Day {
        Day(self.secs.div_euclid(SECONDS_PER_DAY))
    }

    /// When its first event happened, to the second.
    #[must_use]
    pub fn began_at(self) -> Timestamp {
        Timestamp::from_micros(self.secs.saturating_mul(1_000_000))
    }

    /// The id to take where this one is another segment's.
    pub(crate) fn next(self) -> Self {
        Self { tail: self.tail.wrapping_add(1), ..self }
    }
}

impl fmt::Display for SegmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.began_at().to_string();
        let to_the_second = at.split('.').next().unwrap_or(&at);
        let digits: String = to_the_second.chars().filter(|c| *c != '-' && *c != ':').collect();
        write!(f, "{digits}Z-{:08x}", self.tail)
    }
}

impl TryFrom<String> for SegmentId {
    type Error = SegmentIdError;

    fn try_from(text: String) -> Result<Self, SegmentIdError> {
        Self::parse(&text)
    }
}

impl From<SegmentId> for String {
    fn from(id: SegmentId) -> Self {
        id.to_string()
    }
}

/// Where the files of an event log are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layout {
    dir: PathBuf,
}

/// What a file of the log's directory is, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileKind {
    /// Takes the events that happen.
    Active,
    /// Takes events of a day that is over.
    Late,
    /// Of a schema before 2.0, and takes no events.
    Older,
    /// Sealed, as text.
    Hot(SegmentId),
    /// Sealed and compressed.
    Cold(SegmentId),
    /// What stands where in a cold one.
    Sidecar(SegmentId),
    /// What a crash has left half written.
    Stray,
    /// Somebody else's.
    Other,
}

impl Layout {
    pub(crate) fn of(dir: &DataDir) -> Self {
        Self { dir: dir.analytics_path() }
    }

    #[cfg(test)]
    pub(crate) fn at(dir: &Path) -> Self {
        Self { dir: dir.to_owned() }
    }

    /// The id, or the nearest that no segment has yet.
    pub(crate) fn free(&self, mut id: SegmentId) -> SegmentId {
        while self.is_taken(id) {
            id = id.next();
        }
        id
    }

    /// Whether something has the name of that segment; also a link that leads nowhere.
    pub(crate) fn is_taken(&self, id: SegmentId) -> bool {
        [self.hot(id), self.cold(id)].iter().any(|path| path.symlink_metadata().is_ok())
    }

    /// The directory.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(crate) fn active(&self) -> PathBuf {
        self.dir.join(format!("{STEM}.ndjson"))
    }

    pub(crate) fn late(&self) -> PathBuf {
        self.dir.join(format!("{STEM}.late.ndjson"))
    }

    /// A log of a schema before 2.0, set aside.
    pub(crate) fn older(&self) -> PathBuf {
        self.dir.join(format!("{STEM}.older.ndjson"))
    }

    pub(crate) fn hot(&self, id: SegmentId) -> PathBuf {
        self.dir.join(format!("{STEM}.{id}.ndjson"))
    }

    pub(crate) fn cold(&self, id: SegmentId) -> PathBuf {
        self.dir.join(format!("{STEM}.{id}.ndjson.gz"))
    }

    /// Does not end in `.ndjson`, so that `cat hypotheses.*.ndjson` gives events only.
    pub(crate) fn sidecar(&self, id: SegmentId) -> PathBuf {
        self.dir.join(format!("{STEM}.{id}.members"))
    }
}

impl FileKind {
    /// What a file of that name is.
    pub(crate) fn of(name: &str) -> Self {
        let Some(rest) = name.strip_prefix(STEM).and_then(|rest| rest.strip_prefix('.')) else {
            return Self::Other;
        };
        if rest.ends_with(TEMPORARY) {
            return Self::Stray;
        }
        let (id, ending) = rest.split_once('.').unwrap_or((rest, ""));
        match (id, ending) {
            ("ndjson", "") => return Self::Active,
            ("late", "ndjson") => return Self::Late,
            ("older", "ndjson") => return Self::Older,
            _ => {}
        }
        match (SegmentId::parse(id), ending) {
            (Ok(id), "ndjson") => Self::Hot(id),
            (Ok(id), "ndjson.gz") => Self::Cold(id),
            (Ok(id), "members") => Self::Sidecar(id),
            (Ok(_) | Err(_), _) => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> SegmentId {
        let at = Timestamp::parse("2027-01-15T08:30:00.250Z").unwrap();
        SegmentId::of_first(at, EventId::new(at, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]))
    }

    #[test]
    fn an_id_is_read_as_it_is_printed_and_in_no_other_way() {
        assert_eq!(id().to_string(), "20270115T083000Z-0708090a");
        assert_eq!(SegmentId::parse("20270115T083000Z-0708090a"), Ok(id()));
        assert_eq!(id().day(), Day::of(Timestamp::parse("2027-01-15T23:59:59.999Z").unwrap()));
        for text in [
            "",
            "20270115T083000Z",
            "20270115T083000Z-",
            "20270115T083000Z-708090a",
            "20270115T083000Z-0708090A",
            "20271315T083000Z-0708090a",
            "2027011éT083000Z-0708090a",
            "20270115T08300099Z-0708090a",
        ] {
            assert_eq!(SegmentId::parse(text), Err(SegmentIdError), "{text}");
        }
    }

    #[test]
    fn ids_sort_by_time() {
        let early = SegmentId { secs: 1, tail: 9 };
        assert!(early < SegmentId { secs: 2, tail: 0 });
        assert!(early < early.next());
    }

    #[test]
    fn each_file_is_told_by_its_name() {
        let layout = Layout { dir: PathBuf::from("d") };
        let check = |path: &Path, expect: FileKind| {
            assert_eq!(FileKind::of(path.file_name().unwrap().to_str().unwrap()), expect);
        };
        check(&layout.active(), FileKind::Active);
        check(&layout.late(), FileKind::Late);
        check(&layout.older(), FileKind::Older);
        check(&layout.hot(id()), FileKind::Hot(id()));
        check(&layout.cold(id()), FileKind::Cold(id()));
        check(&layout.sidecar(id()), FileKind::Sidecar(id()));
        check(Path::new("hypotheses.20270115T083000Z-0708090a.ndjson.gz.tmp"), FileKind::Stray);
        for name in ["hypotheses.x.ndjson", "control.ndjson", "hypotheses", "hypotheses.ndjson.bak"]
        {
            check(Path::new(name), FileKind::Other);
        }
    }
}
