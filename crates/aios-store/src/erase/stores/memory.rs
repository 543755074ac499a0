//! Memory fragments, their vectors, summaries and indexes.

use crate::erase::registry::{Store, Treatment};

/// Fragments are lines; so are their vectors.
pub(crate) const MEMORY: Store =
    Store { name: "memory", files: &["memory/*"], treatment: Treatment::Lines };
