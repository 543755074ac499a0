//! What the trail says of how far control's chain had come: the second witness of its head.
//!
//! The head tells that the end of the chain was cut off, but not that both are gone, or that both were put back from a
//! backup: then there seems never to have been a canary, or an older one. So how far it had come goes on record at each
//! start, each orderly end and each night.

use aios_core::Timestamp;
use serde_json::Value;

use super::AuditLog;
use super::entry::AuditAction;
use super::newest::{self, Found};
use super::verify::AuditFault;
use crate::{ControlHistory, DataDir, StoreError, control};

/// Stands in each entry of a head, and in few others.
const MARK: &[u8] = b"\"action\":\"control_head\"";

impl AuditLog {
    /// Puts on record how far control's chain has come, if it has a line. A chain that ends before what is on record is
    /// an older one: it does not become the newest by that.
    ///
    /// # Errors
    /// As for [`Self::append`].
    pub fn witness_control(&self, at: Timestamp) -> Result<(), StoreError> {
        let known = witnessed(self.dir())?.unwrap_or(0);
        match control::headed(self.dir())? {
            Some(seq) if seq > 0 && seq >= known => {
                self.append(at, self.actor(), AuditAction::ControlHead { last_line: seq }).map(drop)
            }
            Some(_) | None => Ok(()),
        }
    }
}

/// The last line of control's chain that is on record; none if none is.
pub(crate) fn witnessed(dir: &DataDir) -> Result<Option<u64>, StoreError> {
    Ok(last(dir)?.map(|found| found.value))
}

fn last(dir: &DataDir) -> Result<Option<Found<u64>>, StoreError> {
    newest::of(dir, MARK, |action| match action {
        AuditAction::ControlHead { last_line } => Some(last_line),
        _ => None,
    })
}

/// What of the trail control's chain contradicts: it ends before a line that is on record.
pub(super) fn contradicted(dir: &DataDir) -> Result<Option<AuditFault>, StoreError> {
    // Looked at before the chain, which only grows meanwhile.
    let Some(Found { value: last_line, seq, file, line }) = last(dir)? else {
        return Ok(None);
    };
    let history = ControlHistory::<Value>::read(dir)?;
    let ends = history.last_line();
    let Some(fault) = history.fault.filter(|_| ends < last_line) else { return Ok(None) };
    let why = format!(
        "by it control's chain had come to line {last_line}, and that is sound up to line {ends}: {fault}"
    );
    Ok(Some(AuditFault { seq, file, line: Some(line), why }))
}
