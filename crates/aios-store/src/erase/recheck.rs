//! What was erased and is there again, because somebody has put files of a backup back.
//!
//! The index reads whatever segment it does not know, or knows by another digest. So what it says of names
//! that must stay erased shows at each start and each rotation, in the time of one look, whether there is
//! something to do. Documents, the memory and whatever else lies about have no index: they are read through
//! for such names.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;

use aios_core::Timestamp;
use aios_privacy::Pseudonym;

use super::census::Depth;
use super::ledger::{ErasureState, LedgerEntry};
use super::names::{OVERLAP, each_name};
use super::receipt::Receipt;
use super::registry::Treatment;
use super::resume::Resumed;
use super::run::Eraser;
use super::scan::{self, Found};
use super::stores;
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
        let mut completed: Vec<_> = completed.collect();
        due.retain(|entry| entry.ts < tried_before);
        if let Some(index) = index {
            let named = index.named_among(completed.iter().flat_map(|entry| &entry.target))?;
            let is_back =
                |entry: &mut LedgerEntry| entry.target.iter().any(|one| named.contains(one));
            due.extend(completed.extract_if(.., is_back));
        }
        due.extend(self.back_in_files(completed)?);
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

    /// Those of which a file that no index follows holds something again. One that only names them, in what is
    /// another's, is left as it is.
    fn back_in_files(&self, completed: Vec<LedgerEntry>) -> Result<Vec<LedgerEntry>, StoreError> {
        let names: BTreeSet<&Pseudonym> = completed.iter().flat_map(|one| &one.target).collect();
        let mut named = BTreeSet::new();
        let files = if names.is_empty() { Vec::new() } else { scan::files(self.dir.path())? };
        for file in files.iter().filter(|file| is_without_index(file)) {
            let read = scan::each_window(&file.path, OVERLAP, |window, seen| {
                each_name(window, seen, |name| {
                    if names.contains(&name) {
                        named.insert(name);
                    }
                });
            });
            if let Err(error) = read {
                let file = file.path.display();
                tracing::warn!(%file, %error, "nobody knows whether erased data is in a file");
            }
        }
        let mut back = Vec::new();
        for entry in completed {
            let is_named = entry.target.iter().any(|one| named.contains(one));
            if is_named && !self.look(&self.target_of(&entry)?, Depth::Catalogued)?.is_clean() {
                back.push(entry);
            }
        }
        Ok(back)
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

/// What the index tells of, what is made of that, and what stays, need not be read. Of all lines it follows
/// those of the event log alone.
fn is_without_index(file: &Found) -> bool {
    file.store.is_none_or(|store| match store.treatment {
        Treatment::Lines => *store != stores::EVENTS_HOT && *store != stores::EVENTS_COLD,
        Treatment::Derived
        | Treatment::Database
        | Treatment::Records
        | Treatment::Scraps
        | Treatment::Names => true,
        Treatment::Catalogue
        | Treatment::Indexed
        | Treatment::Proof
        | Treatment::Chain
        | Treatment::Apart => false,
    })
}
