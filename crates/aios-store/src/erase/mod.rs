//! Erasure: what belongs to one conversation or person is found, removed from every store, and that
//! it is gone is proven by reading all of them.

mod catalogue;
mod census;
mod content;
mod count;
mod cut;
mod cut_document;
mod document;
mod earlier;
mod error;
mod fence;
mod forget;
mod judge;
mod kept;
mod key_use;
mod ledger;
mod names;
mod own_words;
mod plan;
mod proof;
mod reader;
mod receipt;
mod recheck;
pub(crate) mod registry;
mod request;
mod resume;
mod run;
mod scan;
mod search;
mod seen;
mod standing;
mod stays;
mod stores;
mod target;
mod unfinished;
mod watch;
mod witness;

#[cfg(test)]
mod tests;

pub use census::{Census, Depth, Left, StoreCount};
pub use error::EraseError;
pub use fence::Fence;
pub use key_use::KeyUse;
pub use ledger::{ErasureState, LedgerEntry, erasures};
pub use plan::{ErasePlan, plan_hash};
pub use proof::{ReceiptChecked, Witness, verify_receipt};
pub use receipt::{ErasureProof, Receipt};
pub use request::EraseRequest;
pub use resume::Resumed;
pub use run::Eraser;
pub use search::{Hits, StoreHits};
pub use stays::Stays;
pub use target::EraseTarget;
pub use unfinished::{Unfinished, WaitsFor, unfinished};

pub(crate) use kept::without_erased;
pub(crate) use ledger::{Ledger, check as check_ledger, path as ledger_path};
pub(crate) use stores::cut_questions;
pub(crate) use witness::discrepancies;
