//! The audit trail: what was redacted, erased, changed and refused, in a chain of hashes.
//!
//! Each entry holds the hash of the one before, so an entry that is edited, dropped or moved breaks the
//! chain at a place that can be named. The chain's end is signed every few entries, after some minutes and
//! whenever something grave was done, and the signed checkpoints can be copied to another place.
//!
//! Entries are few (redactions come as counts per minute), so each is forced to disk before
//! [`AuditLog::append`] returns: what was done is on record before anybody is told that it was done.

pub mod actor;
mod checkpoint;
mod control_head;
mod entry;
mod erasures;
mod files;
mod head;
mod links;
mod newest;
mod prune;
mod segments_head;
mod state;
mod tail;
mod verify;
mod writer;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

pub(crate) use control_head::witnessed as control_witnessed;
pub use entry::{AuditAction, AuditEntry};
pub(crate) use erasures::{Erasures, OnRecord};
pub(crate) use head::is_lost;
pub use prune::Pruned;
pub(crate) use segments_head::witnessed as segments_witnessed;
pub use tail::audit_tail;
pub use verify::{AuditFault, AuditVerdict, AuditVerified, verify_audit};
pub use writer::AuditLog;

use crate::lines::{Lines, Place, Read};
use crate::{StoreError, regular};

/// How the trail is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditConfig {
    /// A second file for the checkpoints, best on another disk.
    pub checkpoint_copy: Option<PathBuf>,
    /// Entries between two checkpoints.
    pub checkpoint_every: u64,
    /// Longest that an entry waits for a checkpoint while the process runs.
    pub checkpoint_after: Duration,
    /// Days that entries are kept.
    pub keep_days: u32,
}

impl Default for AuditConfig {
    /// No second place; a checkpoint every 16 entries or ten minutes; 365 days.
    fn default() -> Self {
        Self {
            checkpoint_copy: None,
            checkpoint_every: 16,
            checkpoint_after: Duration::from_secs(10 * 60),
            keep_days: 365,
        }
    }
}

/// What has become of the trail since it was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct AuditStats {
    /// Entries that were written.
    pub n_written: u64,
    /// Entries that could not be.
    pub n_failed: u64,
    /// Checkpoints that could not be written, here or at the second place.
    pub n_checkpoints_failed: u64,
    /// Entries that no checkpoint vouches for yet.
    pub n_unsigned: u64,
}

/// Shows each whole line with its number from 1; returns how many bytes follow the last newline.
fn each_line(path: &std::path::Path, mut see: impl FnMut(u64, &str)) -> Result<u64, StoreError> {
    let failed = || StoreError::io("read the audit trail", path);
    let file = regular::open(path).map_err(failed())?;
    let start = Place { number: Some(1), offset: 0 };
    let mut lines = Lines::new(std::io::BufReader::new(file), start);
    let mut end = 0;
    while let Some(read) = lines.next().map_err(failed())? {
        match read {
            Read::Line { place, bytes } => {
                end = place.offset + bytes.len() as u64 + 1;
                see(place.number.unwrap_or(0), &String::from_utf8_lossy(bytes));
            }
            Read::TooLong { place } => see(place.number.unwrap_or(0), ""),
        }
    }
    Ok(lines.position().saturating_sub(end))
}
