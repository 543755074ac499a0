//! What is made from other stores.

use crate::erase::registry::{Store, Treatment};

/// The index of the event log, with the files that its database keeps beside it.
pub(crate) const INDEX: Store =
    Store { name: "index", files: &["index.sqlite*"], treatment: Treatment::Indexed };

/// Answers that are given again.
pub(crate) const CACHE: Store =
    Store { name: "caches", files: &["cache/*"], treatment: Treatment::Derived };

/// Copies that were made for somebody.
pub(crate) const EXPORTS: Store =
    Store { name: "exports", files: &["exports/*"], treatment: Treatment::Records };
