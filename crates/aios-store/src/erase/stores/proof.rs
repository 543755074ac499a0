//! What proves that something was done.

use crate::erase::registry::{Store, Treatment};

/// The audit trail and its signed checkpoints.
pub(crate) const AUDIT: Store =
    Store { name: "audit", files: &["audit/*"], treatment: Treatment::Proof };

/// The ledger of what must stay erased, and the receipts.
pub(crate) const ERASURES: Store = Store {
    name: "erasures",
    files: &["erasures/ledger.ndjson", "erasures/*.receipt.json"],
    treatment: Treatment::Proof,
};
