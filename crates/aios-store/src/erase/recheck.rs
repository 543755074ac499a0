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
    /// `tried_before`.
    ///
    /// # Errors
    /// When the index cannot be asked.
    pub fn recheck(&self, tried_before: Timestamp) -> Result<Resumed, StoreError> {
        Segments::of(&self.dir).take_in()?;
        self.log.catch_up_index()?;
        let mut resumed = Resumed::default();
        let Some(index) = Index::read(&self.dir)? else { return Ok(resumed) };
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mut finished = self.ledger().finished();
        finished.retain(|entry| entry.state == ErasureState::Completed || entry.ts < tried_before);
        let named = index.named_among(finished.iter().flat_map(|entry| &entry.target))?;
        drop(index);
        let is_back = |entry: &LedgerEntry| entry.target.iter().any(|one| named.contains(one));
        for entry in finished.into_iter().filter(is_back) {
            let id = entry.id.clone();
            match self.once_more(entry) {
                Ok(receipt) => resumed.receipts.push(receipt),
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

    fn once_more(&self, mut entry: LedgerEntry) -> Result<Receipt, StoreError> {
        tracing::error!(
            id = entry.id,
            "events of an erased conversation are in the log again, as from a backup; they are erased once more"
        );
        self.step(&mut entry, ErasureState::Ledgered)?;
        self.on_record(&entry)?;
        let target = self.target_of(&entry)?;
        self.go_on(entry, &target)
    }
}
