//! Removes days of the trail that are past their time.

use std::path::Path;
use std::time::Duration;

use aios_core::Timestamp;

use super::checkpoint::{self, Checkpoint};
use super::{each_line, entry, files};
use crate::sign::Signer;
use crate::{StoreError, disk};

/// What is past its time.
pub(super) struct Plan {
    days: Vec<String>,
    /// The last entry that goes, and its hash.
    pub(super) last_seq: u64,
    h: String,
}

impl Plan {
    /// `None` if nothing is. The day that is being written stays.
    pub(super) fn new(
        audit: &Path,
        open_day: &str,
        keep_days: u32,
        now: Timestamp,
    ) -> Result<Option<Self>, StoreError> {
        let kept = Duration::from_secs(u64::from(keep_days) * 24 * 60 * 60);
        let micros = i64::try_from(kept.as_micros()).unwrap_or(i64::MAX);
        let oldest = files::day(Timestamp::from_micros(now.as_micros().saturating_sub(micros)));
        let mut days = files::days(audit)?;
        days.retain(|day| *day < oldest && day.as_str() < open_day);
        let last = last_entry(audit, &days)?;
        Ok(last.map(|(last_seq, h)| Self { days, last_seq, h }))
    }

    pub(super) fn n_files(&self) -> u64 {
        self.days.len() as u64
    }

    /// Makes sure that a checkpoint vouches for the last entry that goes, and drops those before it.
    pub(super) fn keep_anchor(
        &self,
        audit: &Path,
        signer: &Signer,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let path = checkpoint::path(audit);
        let (mut checkpoints, _) = checkpoint::read(&path)?;
        checkpoints.retain(|checkpoint| checkpoint.seq >= self.last_seq);
        let is_anchor = |mark: &Checkpoint| mark.seq == self.last_seq && mark.h == self.h;
        if !checkpoints.iter().any(is_anchor) {
            checkpoints.insert(0, Checkpoint::new(signer, self.last_seq, &self.h, now));
        }
        let lines: Result<String, _> = checkpoints.iter().map(Checkpoint::line).collect();
        let failed = StoreError::io("write", &path);
        let lines = lines.map_err(std::io::Error::from).map_err(failed)?;
        disk::write_atomic(&path, lines.as_bytes())
    }

    /// Removes the files, the oldest first: after a crash what is left is still one piece.
    pub(super) fn execute(&self, audit: &Path) -> Result<(), StoreError> {
        self.days.iter().try_for_each(|day| disk::remove(&files::path(audit, day)))
    }
}

/// Number and hash of the last entry in these days.
fn last_entry(audit: &Path, days: &[String]) -> Result<Option<(u64, String)>, StoreError> {
    let mut last = None;
    for day in days {
        each_line(&files::path(audit, day), |_, line| {
            last = entry::read(line).ok().map(|read| (read.entry.seq, read.hash)).or(last.take());
        })?;
    }
    Ok(last)
}
