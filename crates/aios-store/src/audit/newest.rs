//! The last entry of a kind: what the trail says of how far another chain had come.

use std::path::PathBuf;

use memchr::memmem;

use super::entry::{self, AuditAction};
use super::{each_line, files};
use crate::{DataDir, StoreError};

/// An entry, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found<T> {
    pub(super) value: T,
    pub(super) seq: u64,
    pub(super) file: PathBuf,
    pub(super) line: u64,
}

/// The last entry of which `pick` takes something. `mark` stands in each of them, and in few others.
pub(super) fn of<T>(
    dir: &DataDir,
    mark: &[u8],
    pick: impl Fn(AuditAction) -> Option<T>,
) -> Result<Option<Found<T>>, StoreError> {
    let (audit, mark) = (dir.audit_path(), memmem::Finder::new(mark));
    // There is one of each night at least: it stands in one of the newest files.
    for file in files::in_order(&audit)?.into_iter().rev() {
        let file = file.path(&audit);
        let mut last = None;
        each_line(&file, |line, text| {
            let marked = mark.find(text.as_bytes()).and_then(|_| entry::read(text).ok());
            // An entry that was edited vouches for nothing: `aios audit verify` names it.
            if let Some(read) = marked.filter(|read| read.is_intact)
                && let Some(value) = pick(read.entry.action)
            {
                last = Some((value, read.entry.seq, line));
            }
        })?;
        if let Some((value, seq, line)) = last {
            return Ok(Some(Found { value, seq, file, line }));
        }
    }
    Ok(None)
}
