//! Taking out of the ledger what has nothing left to keep away.
//!
//! The ledger names whom it must keep away, and so it is personal data itself. An erasure is needed as long
//! as something could bring back what it removed: a segment that is younger than retention allows, a hold that
//! keeps older ones, or its entry in the audit trail, from which a lost ledger is restored. After the trail's
//! term and the log's, one behind the other, and once the trail has it no more, all of that is over. What was
//! not finished whole, or waits, stays.

use std::time::Duration;

use aios_core::Timestamp;
use serde::{Deserialize, Serialize};

use super::receipt;
use super::run::Eraser;
use crate::audit::{AuditAction, Erasures};
use crate::replace::remove;
use crate::{Holds, StoreError, fail};

/// A line of the ledger: what was taken out of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Forgotten {
    /// Erasures that came to their end before then may be among them.
    pub(super) forgotten_before: Timestamp,
    /// How many there were in all.
    pub(super) n_forgotten: u64,
}

impl Eraser {
    /// Forgets, in the name of `actor`, the erasures and plans whose last step is older than `term` and that
    /// nothing can bring back. Returns how many.
    ///
    /// # Errors
    /// When the trail or the holds cannot be read, or a file not be changed. Then it is done again later.
    pub fn forget(&self, actor: &str, now: Timestamp, term: Duration) -> Result<u64, StoreError> {
        let before = now.minus(term);
        let mut ledger = self.ledger();
        let mut due = ledger.settled_before(before);
        if due.is_empty() || Holds::of(&self.dir).list()?.iter().any(|hold| !hold.is_expired(now)) {
            return Ok(0);
        }
        let trail = Erasures::read(&self.dir)?;
        due.retain(|id| !trail.by_id.contains_key(id));
        if due.is_empty() {
            return Ok(0);
        }
        let n_erasures = due.len() as u64;
        self.audit.append(now, actor, AuditAction::Forgot { n_erasures, before })?;
        // The receipts first: what is broken off here is still in the ledger, and done again.
        for id in &due {
            for path in receipt::all(&self.dir, id)?.values() {
                remove(path, "forget.before_receipt", "forget.receipt_removed")?;
            }
        }
        fail::point("forget.before_ledger");
        ledger.forget(&due, before)?;
        fail::point("forget.done");
        Ok(n_erasures)
    }
}
