//! What the trail says of holds: the second witness of `holds.json`.
//!
//! A hold that is gone with its file would let go what somebody has to keep. Each was put on record when it was set and when
//! it was released, so one that was set, is not released and has not ended is kept to, whatever the file says.

use std::collections::BTreeMap;

use aios_core::Timestamp;
use memchr::memmem;

use super::entry::{self, AuditAction};
use super::{each_line, files};
use crate::{DataDir, HoldId, StoreError};

/// Stands in each entry of a hold, and in few others.
const MARK: &[u8] = b"\"action\":\"hold\"";

/// The holds that were set and not released.
#[derive(Debug, Default)]
pub(crate) struct HoldsOnRecord {
    pub(crate) by_id: BTreeMap<HoldId, HoldOnRecord>,
    /// The trail goes on until then at least: what has ended before is over.
    pub(crate) until: Option<Timestamp>,
}

/// What is on record of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HoldOnRecord {
    pub(crate) set_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    pub(crate) since: Option<Timestamp>,
    pub(crate) until: Option<Timestamp>,
}

impl HoldsOnRecord {
    pub(crate) fn read(dir: &DataDir) -> Result<Self, StoreError> {
        let (audit, mark) = (dir.audit_path(), memmem::Finder::new(MARK));
        let mut found = Self::default();
        for file in files::in_order(&audit)? {
            let mut last = String::new();
            each_line(&file.path(&audit), |_, line| {
                if mark.find(line.as_bytes()).is_some() {
                    found.take_line(line);
                }
                line.clone_into(&mut last);
            })?;
            let last = entry::read(&last).ok().map(|read| read.entry.ts);
            found.until = found.until.max(last);
        }
        Ok(found)
    }

    fn take_line(&mut self, line: &str) {
        // An entry that was edited vouches for nothing: `aios audit verify` names it.
        if let Some(read) = entry::read(line).ok().filter(|read| read.is_intact) {
            self.take(read.entry.ts, &read.entry.action);
        }
    }

    /// Takes in what has been put on record.
    pub(crate) fn take(&mut self, ts: Timestamp, action: &AuditAction) {
        let AuditAction::Hold { change, id, expires_at, since, until } = action else { return };
        self.until = self.until.max(Some(ts));
        if change == "set" {
            let (expires_at, since, until) = (*expires_at, *since, *until);
            self.by_id.insert(*id, HoldOnRecord { set_at: ts, expires_at, since, until });
        } else {
            self.by_id.remove(id);
        }
    }
}
