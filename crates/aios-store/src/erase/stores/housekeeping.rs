//! Keys, the lock, and files that are gone a moment later.

use crate::erase::registry::{Store, Treatment};

/// Keys, tokens, the lock files, and where the server is.
pub(crate) const KEYS: Store = Store {
    name: "keys",
    files: &["keys/*", "aios.lock", "documents.lock", "admin.address"],
    treatment: Treatment::Apart,
};

/// Data directories in this one that `aios preflight` makes to try things out, and removes.
pub(crate) const TRIALS: Store = Store {
    name: "trials",
    files: &["preflight-*/*", "preflight-*/*/*", "preflight-*/*/*/*"],
    treatment: Treatment::Scraps,
};

/// Half-written files. A crash may leave one; it is never read.
pub(crate) const TEMPORARY: Store = Store {
    name: "temporary files",
    files: &["*.tmp", "*/*.tmp", "*/*/*.tmp"],
    treatment: Treatment::Scraps,
};
