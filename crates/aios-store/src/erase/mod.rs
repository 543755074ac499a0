//! Erasure: what belongs to one conversation or person is found, removed from every store, and that
//! it is gone is proven by reading all of them.

mod census;
mod content;
mod count;
mod cut;
mod cut_document;
mod document;
mod error;
mod fence;
mod judge;
mod key_use;
mod ledger;
mod plan;
mod receipt;
pub(crate) mod registry;
mod run;
mod scan;
mod search;
mod stores;
mod target;

#[cfg(test)]
mod tests;

pub use census::{Census, Depth, Left, StoreCount};
pub use error::EraseError;
pub use fence::Fence;
pub use key_use::KeyUse;
pub use ledger::{ErasureState, LedgerEntry};
pub use plan::{ErasePlan, EraseRequest, plan_hash};
pub use receipt::{ErasureProof, Receipt};
pub use run::{Eraser, Resumed};
pub use search::{Hits, StoreHits};
pub use target::EraseTarget;

pub(crate) use ledger::Ledger;
