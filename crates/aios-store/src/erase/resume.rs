//! Erasures that were broken off or had to wait are gone on with.

use std::sync::PoisonError;

use super::ledger::{ErasureState, LedgerEntry};
use super::receipt::Receipt;
use super::run::Eraser;
use crate::StoreError;

/// What came of going on with erasures.
#[derive(Debug, Default)]
pub struct Resumed {
    /// Of those that have come to their end.
    pub receipts: Vec<Receipt>,
    /// How many wait for a hold to end.
    pub n_waiting: usize,
    /// Those that failed, by id. They are gone on with at the next start.
    pub failed: Vec<(String, StoreError)>,
}

impl Eraser {
    /// Finishes what a crash has broken off, and what had to wait for a hold that is over. One that fails
    /// keeps no other from its end.
    #[must_use]
    pub fn resume(&self) -> Resumed {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mut resumed = Resumed::default();
        let open = self.ledger().open();
        for entry in open {
            let id = entry.id.clone();
            match self.resume_one(entry) {
                Ok(Some(receipt)) => resumed.receipts.push(receipt),
                Ok(None) => resumed.n_waiting += 1,
                Err(error) => resumed.failed.push((id, error)),
            }
        }
        resumed
    }

    /// `None` if a hold still stands in its way.
    fn resume_one(&self, mut entry: LedgerEntry) -> Result<Option<Receipt>, StoreError> {
        let state = entry.state.name();
        if entry.state == ErasureState::Waiting {
            if !self.held_by(&entry)?.is_empty() {
                return Ok(None);
            }
            self.step(&mut entry, ErasureState::Ledgered)?;
            self.on_record(&entry)?;
        }
        tracing::warn!(
            id = entry.id,
            state,
            "an erasure was broken off or had to wait, and goes on"
        );
        let target = self.target_of(&entry)?;
        self.go_on(entry, &target).map(Some)
    }
}
