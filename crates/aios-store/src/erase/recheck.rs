//! What was erased and is there again, because somebody has put files of a backup back.
//!
//! The index reads whatever segment it does not know, or knows by another digest. So what it says of names
//! that must stay erased shows at each start and each rotation, in the time of one look, whether there is
//! something to do.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use aios_core::Timestamp;

use super::ledger::{ErasureState, LedgerEntry};
use super::receipt::Receipt;
use super::run::{Eraser, Resumed};
use crate::{EventStore as _, Index, Segments, StoreError};

impl Eraser {
    /// Erases once more what the log holds although the ledger has it as erased. Blocks until the index has
    /// read what is new. What could not be erased whole is tried again if that was last done before
    /// `tried_before`, whatever the index has of it: it does not read what is damaged.
    ///
    /// # Errors
    /// When the index cannot be asked.
    pub fn recheck(&self, tried_before: Timestamp) -> Result<Resumed, StoreError> {
        Segments::of(&self.dir).take_in()?;
        self.log.catch_up_index()?;
        let index = Index::read(&self.dir)?;
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mut due = self.ledger().finished();
        let completed = due.extract_if(.., |entry| entry.state == ErasureState::Completed);
        let completed: Vec<_> = completed.collect();
        due.retain(|entry| entry.ts < tried_before);
        if let Some(index) = index {
            let named = index.named_among(completed.iter().flat_map(|entry| &entry.target))?;
            let is_back = |entry: &LedgerEntry| entry.target.iter().any(|one| named.contains(one));
            due.extend(completed.into_iter().filter(is_back));
        }
        let mut resumed = Resumed::default();
        for entry in due {
            let id = entry.id.clone();
            match self.once_more(entry) {
                Ok(Some(receipt)) => resumed.receipts.push(receipt),
                Ok(None) => resumed.n_waiting += 1,
                Err(error) => resumed.failed.push((id, error)),
            }
        }
        Ok(resumed)
    }

    /// How many erasures there are in each state.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<ErasureState, u64> {
        self.ledger().counts()
    }

    /// `None` if a hold stands in its way. The ledger goes on having it as erased, not as waiting: so the fence
    /// stands after a restart too, and the next look comes back to it.
    fn once_more(&self, mut entry: LedgerEntry) -> Result<Option<Receipt>, StoreError> {
        if !self.held_by(&entry)?.is_empty() {
            tracing::warn!(
                id = entry.id,
                "an erasure has to be done once more, and waits for a hold"
            );
            return Ok(None);
        }
        tracing::error!(
            id = entry.id,
            "an erasure is not whole, or its events are in the log again, as from a backup; it is done once more"
        );
        self.step(&mut entry, ErasureState::Ledgered)?;
        self.on_record(&entry)?;
        let target = self.target_of(&entry)?;
        self.go_on(entry, &target).map(Some)
    }
}
