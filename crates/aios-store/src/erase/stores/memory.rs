//! Memory fragments, their vectors, links and use.

use crate::erase::registry::{Store, Treatment};

/// The database, with the files that SQLite keeps beside it.
pub(crate) const MEMORY: Store =
    Store { name: "memory", files: &["memory/memory.sqlite*"], treatment: Treatment::Database };

/// What else may lie there, such as files to be imported: lines.
pub(crate) const MEMORY_SCRAPS: Store =
    Store { name: "memory files", files: &["memory/*"], treatment: Treatment::Lines };
