//! What earlier runs of an erasure have come to.
//!
//! An erasure that was not whole, or whose data somebody has put back, is done once more. A run that changes
//! something writes a receipt of its own beside those before, so that what was cut stays told. And the first run alone
//! knows the id: what it could not call whole, no run can that looks for less.

use std::path::PathBuf;

use super::census::Left;
use super::proof::{self, Read};
use super::receipt::{self, Receipt};
use crate::{DataDir, StoreError};

#[derive(Debug)]
pub(super) struct Earlier {
    /// Where the next receipt goes: none is written over.
    pub(super) next: PathBuf,
    /// Whether a run that searched for the id was not whole.
    pub(super) needs_id: bool,
    last: Option<Read>,
}

impl Earlier {
    pub(super) fn of(dir: &DataDir, id: &str) -> Result<Self, StoreError> {
        let (mut number, mut needs_id, mut last) = (0, false, None);
        for (n, path) in receipt::all(dir, id)? {
            number = n;
            last = match proof::read(&path) {
                Ok(read) => {
                    needs_id |= read.facts.is_open_by_id();
                    Some(read)
                }
                // Nobody knows what it said.
                Err(StoreError::Corrupt { .. }) => {
                    needs_id = true;
                    None
                }
                Err(error) => return Err(error),
            };
        }
        Ok(Self { next: receipt::path(dir, id, number + 1), needs_id, last })
    }

    /// What the last receipt says is in the way; none where there is no receipt that can be read.
    pub(super) fn in_the_way(&self) -> Option<Vec<Left>> {
        self.last.as_ref().map(|last| last.facts.in_the_way())
    }

    /// Records and digest of the last receipt, if the run that `receipt` is about has changed nothing and come to the
    /// same: then that one stands.
    pub(super) fn standing(&self, receipt: &Receipt) -> Option<(u64, String)> {
        let last = self.last.as_ref().filter(|_| receipt.is_of_nothing())?;
        last.facts.is_as(receipt).then(|| (last.facts.n_records_erased, last.digest()))
    }
}
