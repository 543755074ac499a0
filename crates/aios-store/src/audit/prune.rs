//! Removes days of the trail that are past their time.

use std::path::Path;
use std::time::Duration;

use aios_core::Timestamp;
use serde::{Deserialize, Serialize};

use super::checkpoint::{self, Checkpoint};
use super::files::{self, DayFile};
use super::{each_line, entry};
use crate::replace::remove;
use crate::retention::{REMOVED_MAX_PCT, Stop};
use crate::sign::Signer;
use crate::{StoreError, disk};

/// What pruning came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pruned {
    /// Files that went.
    pub n_files: u64,
    /// Why none did.
    pub stopped: Option<Stop>,
}

/// What is past its time.
pub(super) struct Plan {
    files: Vec<DayFile>,
    /// The first entry that goes.
    first_seq: u64,
    /// The last entry that goes.
    pub(super) last_seq: u64,
    /// The last entry of each file, and its hash: a crash may leave the trail to begin behind any of them.
    ends: Vec<(u64, String)>,
}

impl Plan {
    /// `None` if nothing is. The file that is being written stays.
    pub(super) fn new(
        audit: &Path,
        keep_days: u32,
        now: Timestamp,
    ) -> Result<Option<Self>, StoreError> {
        let kept = Duration::from_secs(u64::from(keep_days) * 24 * 60 * 60);
        let micros = i64::try_from(kept.as_micros()).unwrap_or(i64::MAX);
        let oldest = files::day(Timestamp::from_micros(now.as_micros().saturating_sub(micros)));
        let mut files = files::in_order(audit)?;
        let n_due = n_due(&files, &oldest, &files::day(now));
        files.truncate(n_due);
        let (first_seq, ends) = ends(audit, &files)?;
        let plan = |first_seq, (last_seq, _): &(u64, String)| Self {
            files,
            first_seq,
            last_seq: *last_seq,
            ends: ends.clone(),
        };
        Ok(first_seq.zip(ends.last()).map(|(first, last)| plan(first, last)))
    }

    pub(super) fn n_files(&self) -> u64 {
        self.files.len() as u64
    }

    /// Whether too much would go at once, of a trail that ends with entry `seq`.
    pub(super) fn stop(&self, seq: u64) -> Option<Stop> {
        let n_removed = (self.last_seq + 1).saturating_sub(self.first_seq);
        let n_entries = (seq + 1).saturating_sub(self.first_seq);
        let is_too_much = n_removed.saturating_mul(100) > n_entries.saturating_mul(REMOVED_MAX_PCT);
        is_too_much.then_some(Stop::RemovesTooMuchAudit { n_removed, n_entries })
    }

    /// Makes sure that a checkpoint vouches for the last entry of each file that goes. Of those that are there already, the
    /// one behind which the trail begins now stays too, as long as the first file does.
    pub(super) fn keep_anchor(
        &self,
        audit: &Path,
        signer: &Signer,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let path = checkpoint::path(audit);
        let (mut checkpoints, _) = checkpoint::read(&path)?;
        checkpoints.retain(|checkpoint| checkpoint.seq + 1 >= self.first_seq);
        for (seq, h) in &self.ends {
            if !checkpoints.iter().any(|mark| mark.seq == *seq && mark.h == *h) {
                checkpoints.push(Checkpoint::new(signer, *seq, h, now));
            }
        }
        checkpoints.sort_by_key(|checkpoint| checkpoint.seq);
        let lines: Result<String, _> = checkpoints.iter().map(Checkpoint::line).collect();
        let failed = StoreError::io("write", &path);
        let lines = lines.map_err(std::io::Error::from).map_err(failed)?;
        disk::write_atomic(&path, lines.as_bytes())
    }

    /// Removes the files, the oldest first: after a crash what is left is still one piece.
    pub(super) fn execute(&self, audit: &Path) -> Result<(), StoreError> {
        let remove =
            |file: &DayFile| remove(&file.path(audit), "prune.before_remove", "prune.removed");
        self.files.iter().try_for_each(remove)
    }
}

/// How many files from the first one on are older than the day `oldest`. One of a day to come was named
/// by a clock that was ahead: it is as old as what stands behind it. The last file stays.
fn n_due(files: &[DayFile], oldest: &str, today: &str) -> usize {
    let mut n_due = 0;
    for (n, file) in files.iter().take(files.len().saturating_sub(1)).enumerate() {
        match file.day.as_str() {
            day if day < oldest => n_due = n + 1,
            day if day > today => {}
            _ => break,
        }
    }
    n_due
}

/// An entry's number and its hash.
type Link = (u64, String);

/// The number of the first entry in these files, and the last entry of each that has one.
fn ends(audit: &Path, files: &[DayFile]) -> Result<(Option<u64>, Vec<Link>), StoreError> {
    let (mut first, mut ends) = (None, Vec::new());
    for file in files {
        let mut last = None;
        each_line(&file.path(audit), |_, line| {
            if let Ok(read) = entry::read(line) {
                first.get_or_insert(read.entry.seq);
                last = Some((read.entry.seq, read.hash));
            }
        })?;
        ends.extend(last);
    }
    Ok((first, ends))
}
