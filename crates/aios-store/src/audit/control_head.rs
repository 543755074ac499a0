//! What the trail says of how far control's chain had come: the second witness of its head.
//!
//! The head tells that the end of the chain was cut off, but not that both are gone: then there seems never to have been
//! a canary. So how far it had come goes on record at each start, each orderly end and each night.

use aios_core::Timestamp;
use memchr::memmem;

use super::entry::{self, AuditAction};
use super::{AuditLog, each_line, files};
use crate::{DataDir, StoreError, control};

/// Stands in each entry of a head, and in few others.
const MARK: &[u8] = b"\"action\":\"control_head\"";

impl AuditLog {
    /// Puts on record how far control's chain has come, if it has a line.
    ///
    /// # Errors
    /// As for [`Self::append`].
    pub fn witness_control(&self, at: Timestamp) -> Result<(), StoreError> {
        match control::headed(self.dir())? {
            Some(seq) if seq > 0 => {
                self.append(at, self.actor(), AuditAction::ControlHead { last_line: seq }).map(drop)
            }
            Some(_) | None => Ok(()),
        }
    }
}

/// The last line of control's chain that is on record; none if none is.
pub(crate) fn on_record(dir: &DataDir) -> Result<Option<u64>, StoreError> {
    let audit = dir.audit_path();
    let mark = memmem::Finder::new(MARK);
    let mut last = None;
    for file in files::in_order(&audit)? {
        each_line(&file.path(&audit), |_, line| {
            let marked = mark.find(line.as_bytes()).and_then(|_| entry::read(line).ok());
            // An entry that was edited vouches for nothing: `aios audit verify` names it.
            if let Some(read) = marked.filter(|read| read.is_intact)
                && let AuditAction::ControlHead { last_line } = read.entry.action
            {
                last = Some(last_line);
            }
        })?;
    }
    Ok(last)
}
