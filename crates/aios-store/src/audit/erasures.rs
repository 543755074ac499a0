//! What the trail says of erasures: the second witness of the ledger.

use std::collections::BTreeMap;

use aios_core::Timestamp;
use aios_privacy::Pseudonym;
use memchr::memmem;

use super::entry::{self, AuditAction};
use super::{each_line, files};
use crate::{DataDir, StoreError};

/// Stands in each entry of an erasure, and in few others.
const MARK: &[u8] = b"\"action\":\"erasure\"";

/// What is on record of one erasure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OnRecord {
    /// The entry of the last state, and when it was written.
    pub(crate) seq: u64,
    pub(crate) ts: Timestamp,
    pub(crate) state: String,
    pub(crate) actor: String,
    /// Of all its entries.
    pub(crate) subjects: Vec<Pseudonym>,
    /// Records removed and the receipt's digest, each time that it was finished.
    pub(crate) proofs: Vec<(Option<u64>, String)>,
}

/// Every erasure of which the trail has an entry that is as it was written.
#[derive(Debug, Default)]
pub(crate) struct Erasures {
    pub(crate) by_id: BTreeMap<String, OnRecord>,
    /// When the trail begins, which what is past its time was removed from.
    pub(crate) since: Option<Timestamp>,
}

impl Erasures {
    pub(crate) fn read(dir: &DataDir) -> Result<Self, StoreError> {
        let audit = dir.audit_path();
        let mark = memmem::Finder::new(MARK);
        let mut found = Self::default();
        for file in files::in_order(&audit)? {
            each_line(&file.path(&audit), |_, line| {
                if found.since.is_none() {
                    found.since = entry::read(line).ok().map(|read| read.entry.ts);
                }
                if mark.find(line.as_bytes()).is_some() {
                    found.take(line);
                }
            })?;
        }
        Ok(found)
    }

    fn take(&mut self, line: &str) {
        // An entry that was edited vouches for nothing: `aios audit verify` names it.
        let Some(read) = entry::read(line).ok().filter(|read| read.is_intact) else { return };
        let (seq, ts, actor) = (read.entry.seq, read.entry.ts, read.entry.actor);
        let AuditAction::Erasure { id, state, subjects, n_records, receipt } = read.entry.action
        else {
            return;
        };
        let before = self.by_id.remove(&id);
        let mut now = OnRecord { seq, ts, state, actor, subjects, proofs: Vec::new() };
        if let Some(before) = before {
            now.proofs = before.proofs;
            now.subjects.extend(before.subjects);
            now.subjects.sort_unstable();
            now.subjects.dedup();
        }
        now.proofs.extend(receipt.map(|receipt| (n_records, receipt)));
        self.by_id.insert(id, now);
    }
}
