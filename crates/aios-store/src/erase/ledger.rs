//! What was asked to be erased, and how far that has come.
//!
//! One line per step, each forced to disk before the step it announces. The lines of an erasure are
//! all that a start after a crash needs to finish it, and all that tells for good what must stay
//! erased: its pseudonyms, times and counts.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::PathBuf;

use aios_core::Timestamp;
use aios_privacy::{Pseudonym, RedactedText};
use serde::{Deserialize, Serialize};

use super::forget::Forgotten;
use super::witness;
use crate::audit::Erasures;
use crate::{DataDir, StoreError, disk, fail, regular};

/// Most bytes of the ledger: some 500 bytes a line, eight lines an erasure.
const LEDGER_MAX: u64 = 1 << 30;

/// How far an erasure has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErasureState {
    /// Asked for.
    Requested,
    /// What it would remove is known.
    Planned,
    /// Decided, and a hold stands in its way.
    Waiting,
    /// Decided: from here on it is finished, whatever happens.
    Ledgered,
    /// Nothing more of it is written.
    Fenced,
    /// Segments and files are being rewritten.
    Rewriting,
    /// Every byte was read.
    Verified,
    /// Done, and proven.
    Completed,
    /// Done as far as possible; the receipt says what is left.
    Incomplete,
}

impl ErasureState {
    /// As it stands in the ledger.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Planned => "planned",
            Self::Waiting => "waiting",
            Self::Ledgered => "ledgered",
            Self::Fenced => "fenced",
            Self::Rewriting => "rewriting",
            Self::Verified => "verified",
            Self::Completed => "completed",
            Self::Incomplete => "incomplete",
        }
    }

    /// Whether it was decided and has to be gone on with.
    #[must_use]
    pub fn is_open(self) -> bool {
        use ErasureState::{Fenced, Ledgered, Rewriting, Verified, Waiting};
        matches!(self, Waiting | Ledgered | Fenced | Rewriting | Verified)
    }

    /// Whether it must stay erased.
    fn is_binding(self) -> bool {
        self >= Self::Ledgered
    }
}

/// A step of an erasure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerEntry {
    /// The erasure.
    pub id: String,
    /// How far it has come.
    pub state: ErasureState,
    /// When.
    pub ts: Timestamp,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// Whose data, by every live version of the key.
    pub target: Vec<Pseudonym>,
    /// Who asked.
    pub requester: String,
    /// On which ground.
    pub basis: RedactedText,
    /// What the plan would do, as a digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan_hash: Option<String>,
    /// Until when the plan may be executed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Timestamp>,
    /// Records that the plan found.
    #[serde(default)]
    pub n_records: u64,
    /// How often it was tried again because it was not whole.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub n_tries: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(n: &u32) -> bool {
    *n == 0
}

/// The last step of every erasure that is on record, also beside a server.
///
/// # Errors
/// When the ledger cannot be read.
pub fn erasures(dir: &DataDir) -> Result<Vec<LedgerEntry>, StoreError> {
    Ok(Ledger::read(dir)?.last.into_values().collect())
}

/// The ledger of a data directory.
#[derive(Debug)]
pub(crate) struct Ledger {
    path: PathBuf,
    /// The last step of each erasure.
    last: BTreeMap<String, LedgerEntry>,
    /// Erasures that the file has lost.
    restored: Vec<String>,
    /// What was taken out of it because its time was over.
    forgotten: Option<Forgotten>,
}

impl Ledger {
    /// Reads the ledger, and takes what it has lost from the audit trail and the receipts.
    pub(crate) fn read(dir: &DataDir) -> Result<Self, StoreError> {
        let Steps { mut last, forgotten } = steps(dir)?;
        let trail = Erasures::read(dir)?;
        let orphaned = witness::orphaned(dir, forgotten, &trail, &last)?;
        let mut lost = witness::lost(trail, &last);
        lost.extend(orphaned);
        let restored = lost.iter().map(|entry| entry.id.clone()).collect();
        last.extend(lost.into_iter().map(|entry| (entry.id.clone(), entry)));
        Ok(Self { path: path(dir), last, restored, forgotten })
    }

    /// Puts a step on record before it is taken.
    pub(crate) fn write(&mut self, entry: LedgerEntry) -> Result<(), StoreError> {
        let failed = || StoreError::io("write the ledger", &self.path);
        if let Some(dir) = self.path.parent() {
            disk::create_dir(dir)?;
        }
        let mut line = serde_json::to_vec(&entry).map_err(io::Error::from).map_err(failed())?;
        line.push(b'\n');
        let mut file = regular::open_to_append(&self.path).map_err(failed())?;
        if !disk::ends_with_newline(&mut file).map_err(failed())? {
            self.cut_torn_tail()?;
        }
        file.write_all(&line).map_err(failed())?;
        fail::point("ledger.before_sync");
        file.sync_all().map_err(failed())?;
        fail::point("ledger.synced");
        disk::sync_dir(self.path.parent().unwrap_or(&self.path))?;
        self.last.insert(entry.id.clone(), entry);
        fail::point("ledger.done");
        Ok(())
    }

    /// Erasures that were completed, and plans that were not executed, before then.
    pub(super) fn settled_before(&self, before: Timestamp) -> BTreeSet<String> {
        use ErasureState::{Completed, Planned, Requested};
        let is_settled = |entry: &&LedgerEntry| {
            matches!(entry.state, Requested | Planned | Completed) && entry.ts < before
        };
        self.last.values().filter(is_settled).map(|entry| entry.id.clone()).collect()
    }

    /// Takes these out. All other lines stay the bytes that they are.
    pub(super) fn forget(
        &mut self,
        ids: &BTreeSet<String>,
        before: Timestamp,
    ) -> Result<(), StoreError> {
        let bytes = regular::read_bounded(&self.path, LEDGER_MAX)?.unwrap_or_default();
        let n_now = ids.len() as u64;
        // A longer term, or a clock that was set back, does not take back what is gone.
        let forgotten = match self.forgotten {
            Some(Forgotten { forgotten_before, n_forgotten }) => Forgotten {
                forgotten_before: forgotten_before.max(before),
                n_forgotten: n_forgotten + n_now,
            },
            None => Forgotten { forgotten_before: before, n_forgotten: n_now },
        };
        let failed = StoreError::io("write the ledger", &self.path);
        let mut kept = serde_json::to_vec(&forgotten).map_err(io::Error::from).map_err(failed)?;
        kept.push(b'\n');
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            let stays = |entry: LedgerEntry| !ids.contains(&entry.id);
            if serde_json::from_slice(line).is_ok_and(stays) {
                kept.extend_from_slice(line);
            }
        }
        disk::write_atomic(&self.path, &kept)?;
        self.last.retain(|id, _| !ids.contains(id));
        self.forgotten = Some(forgotten);
        Ok(())
    }

    /// The last step of an erasure.
    pub(crate) fn get(&self, id: &str) -> Option<&LedgerEntry> {
        self.last.get(id)
    }

    /// Erasures that were decided and are not finished.
    pub(crate) fn open(&self) -> Vec<LedgerEntry> {
        self.last.values().filter(|entry| entry.state.is_open()).cloned().collect()
    }

    /// Erasures that are done, or done as far as possible.
    pub(crate) fn finished(&self) -> Vec<LedgerEntry> {
        let is_finished = |entry: &&LedgerEntry| {
            matches!(entry.state, ErasureState::Completed | ErasureState::Incomplete)
        };
        self.last.values().filter(is_finished).cloned().collect()
    }

    /// How many erasures there are in each state.
    pub(crate) fn counts(&self) -> BTreeMap<ErasureState, u64> {
        let mut counts = BTreeMap::new();
        for entry in self.last.values() {
            *counts.entry(entry.state).or_default() += 1;
        }
        counts
    }

    /// Says which erasures the file has lost.
    pub(crate) fn told(self) -> Self {
        for id in &self.restored {
            tracing::error!(
                id,
                "the ledger of erasures has lost an erasure that is on the audit record, or has a receipt; it is done once more"
            );
        }
        self
    }

    /// Of each erasure that must stay, the versions of the key by which it is known.
    pub(crate) fn binding_versions(&self) -> Vec<BTreeSet<u16>> {
        let binding = self.last.values().filter(|entry| entry.state.is_binding());
        binding.map(|entry| entry.target.iter().map(Pseudonym::version).collect()).collect()
    }

    /// What must stay erased.
    pub(crate) fn binding(&self) -> Vec<Pseudonym> {
        let binding = self.last.values().filter(|entry| entry.state.is_binding());
        binding.flat_map(|entry| entry.target.iter().cloned()).collect()
    }

    fn cut_torn_tail(&self) -> Result<(), StoreError> {
        let failed = || StoreError::io("cut the ledger", &self.path);
        let bytes = regular::read_bounded(&self.path, LEDGER_MAX)?.unwrap_or_default();
        let whole = memchr::memrchr(b'\n', &bytes).map_or(0, |at| at + 1);
        let file = regular::open_to_cut(&self.path).map_err(failed())?;
        disk::cut(&file, whole as u64, "ledger.before_cut", "ledger.cut").map_err(failed())
    }
}

/// Where the ledger is.
pub(crate) fn path(dir: &DataDir) -> PathBuf {
    dir.erasures_path().join("ledger.ndjson")
}

/// Whether the file can be read.
pub(crate) fn check(dir: &DataDir) -> Result<(), StoreError> {
    steps(dir).map(drop)
}

/// What the file holds.
pub(super) struct Steps {
    /// The last step of each erasure.
    pub(super) last: BTreeMap<String, LedgerEntry>,
    /// What is not in it any more.
    pub(super) forgotten: Option<Forgotten>,
}

/// The steps as the file has them. Half a line at its end announced one that was not begun.
pub(super) fn steps(dir: &DataDir) -> Result<Steps, StoreError> {
    let path = path(dir);
    let bytes = regular::read_bounded(&path, LEDGER_MAX)?.unwrap_or_default();
    let whole = memchr::memrchr(b'\n', &bytes).map_or(0, |at| at + 1);
    let (mut last, mut forgotten) = (BTreeMap::new(), None);
    let lines = bytes.get(..whole).unwrap_or_default().split(|byte| *byte == b'\n');
    for line in lines.filter(|line| !line.is_empty()) {
        match serde_json::from_slice::<LedgerEntry>(line) {
            Ok(entry) => drop(last.insert(entry.id.clone(), entry)),
            Err(error) => {
                forgotten = serde_json::from_slice(line).ok();
                if forgotten.is_none() {
                    // To go on without it could bring back what was erased.
                    let why = format!("a line is no step of an erasure: {error}");
                    return Err(StoreError::corrupt(&path, why));
                }
            }
        }
    }
    Ok(Steps { last, forgotten })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::fixture;

    fn entry(id: &str, state: ErasureState) -> LedgerEntry {
        let ts = Timestamp::from_micros(1_800_000_000_000_000);
        LedgerEntry {
            id: id.into(),
            state,
            ts,
            requested_at: ts,
            target: vec![fixture::conversation(7)],
            requester: "cli".into(),
            basis: fixture::safe("request"),
            plan_hash: None,
            valid_until: None,
            n_records: 3,
            n_tries: 0,
        }
    }

    #[test]
    fn the_last_step_counts_and_half_a_line_does_not() {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::open(temp.path()).unwrap();
        let mut ledger = Ledger::read(&dir).unwrap();
        ledger.write(entry("er_1", ErasureState::Planned)).unwrap();
        assert_eq!((ledger.open().len(), ledger.binding().len()), (0, 0));
        ledger.write(entry("er_1", ErasureState::Ledgered)).unwrap();
        let path = dir.erasures_path().join("ledger.ndjson");
        let mut text = fs::read(&path).unwrap();
        text.extend_from_slice(b"{\"id\":\"er_1\",\"state\":\"comp");
        fs::write(&path, text).unwrap();
        let mut ledger = Ledger::read(&dir).unwrap();
        assert_eq!(ledger.open(), [entry("er_1", ErasureState::Ledgered)]);
        ledger.write(entry("er_1", ErasureState::Completed)).unwrap();
        let ledger = Ledger::read(&dir).unwrap();
        assert_eq!((ledger.open().len(), ledger.binding().len()), (0, 1));
        assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 3);
    }

    #[test]
    fn what_was_forgotten_stays_so_under_a_longer_term() {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::open(temp.path()).unwrap();
        let mut ledger = Ledger::read(&dir).unwrap();
        for (id, before) in [("er_1", 9), ("er_2", 5)] {
            ledger.write(entry(id, ErasureState::Completed)).unwrap();
            let before = Timestamp::from_micros(before * 1_000_000);
            ledger.forget(&BTreeSet::from([id.to_owned()]), before).unwrap();
        }
        let forgotten = Ledger::read(&dir).unwrap().forgotten.unwrap();
        assert_eq!(forgotten.forgotten_before, Timestamp::from_micros(9_000_000));
        assert_eq!(forgotten.n_forgotten, 2);
    }

    #[test]
    fn a_ledger_that_cannot_be_read_is_not_taken_for_an_empty_one() {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::open(temp.path()).unwrap();
        fs::create_dir_all(dir.erasures_path()).unwrap();
        fs::write(dir.erasures_path().join("ledger.ndjson"), "{}\n").unwrap();
        assert!(matches!(Ledger::read(&dir), Err(StoreError::Corrupt { .. })));
    }
}
