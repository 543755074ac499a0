//! What the trail says of how far control's chain had come: the second witness of its head.
//!
//! The head tells that the end of the chain was cut off, but not that both are gone, or that both were put back from a
//! backup: then there seems never to have been a canary, or an older one. So how far it had come goes on record at each
//! start, each orderly end and each night.

use std::path::PathBuf;

use aios_core::Timestamp;
use memchr::memmem;
use serde_json::Value;

use super::entry::{self, AuditAction};
use super::verify::AuditFault;
use super::{AuditLog, each_line, files};
use crate::{ControlHistory, DataDir, StoreError, control};

/// Stands in each entry of a head, and in few others.
const MARK: &[u8] = b"\"action\":\"control_head\"";

/// An entry that says how far control's chain had come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Witness {
    /// The last line that there was.
    pub(crate) last_line: u64,
    seq: u64,
    file: PathBuf,
    line: u64,
}

impl AuditLog {
    /// Puts on record how far control's chain has come, if it has a line. A chain that ends before what is on record is
    /// an older one: it does not become the newest by that.
    ///
    /// # Errors
    /// As for [`Self::append`].
    pub fn witness_control(&self, at: Timestamp) -> Result<(), StoreError> {
        let known = witnessed(self.dir())?.map_or(0, |witness| witness.last_line);
        match control::headed(self.dir())? {
            Some(seq) if seq > 0 && seq >= known => {
                self.append(at, self.actor(), AuditAction::ControlHead { last_line: seq }).map(drop)
            }
            Some(_) | None => Ok(()),
        }
    }
}

/// The last entry that says how far control's chain had come; none if none does.
pub(crate) fn witnessed(dir: &DataDir) -> Result<Option<Witness>, StoreError> {
    let audit = dir.audit_path();
    // There is one of each night at least: it stands in one of the newest files.
    for file in files::in_order(&audit)?.into_iter().rev() {
        if let Some(found) = last_in(file.path(&audit))? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

fn last_in(file: PathBuf) -> Result<Option<Witness>, StoreError> {
    let mark = memmem::Finder::new(MARK);
    let mut last = None;
    each_line(&file, |line, text| {
        let marked = mark.find(text.as_bytes()).and_then(|_| entry::read(text).ok());
        // An entry that was edited vouches for nothing: `aios audit verify` names it.
        if let Some(read) = marked.filter(|read| read.is_intact)
            && let AuditAction::ControlHead { last_line } = read.entry.action
        {
            last = Some((last_line, read.entry.seq, line));
        }
    })?;
    Ok(last.map(|(last_line, seq, line)| Witness { last_line, seq, file, line }))
}

/// What of the trail control's chain contradicts: it ends before a line that is on record.
pub(super) fn contradicted(dir: &DataDir) -> Result<Option<AuditFault>, StoreError> {
    // Looked at before the chain, which only grows meanwhile.
    let Some(Witness { last_line, seq, file, line }) = witnessed(dir)? else { return Ok(None) };
    let history = ControlHistory::<Value>::read(dir)?;
    let ends = history.last_line();
    let Some(fault) = history.fault.filter(|_| ends < last_line) else { return Ok(None) };
    let why = format!(
        "by it control's chain had come to line {last_line}, and that is sound up to line {ends}: {fault}"
    );
    Ok(Some(AuditFault { seq, file, line: Some(line), why }))
}
