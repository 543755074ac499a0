//! The memory's tab: what is remembered, and how well it is found.

use aios_core::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::words::Time;

/// The memory.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct MemoryView {
    /// `off`, `read` or `read_write`.
    mode: String,
    /// What is stored; none if nothing ever was.
    stats: Option<MemoryCounts>,
    /// Recall among the first five, as it was measured, the oldest first.
    recall: Vec<RecallPoint>,
    /// Least recall that is asked for.
    recall_min: Option<f64>,
    /// Fragments that are copies of another.
    n_duplicates: Option<u64>,
    /// Fragments that nobody has used for long, which a decay would put away.
    n_idle: Option<u64>,
}

/// Counts of what is stored.
#[derive(Debug, Serialize, JsonSchema)]
struct MemoryCounts {
    /// Fragments.
    n_fragments: u64,
    /// Conversations that they are of.
    n_conversations: u64,
    /// Fragments that belong to nobody.
    n_shared: u64,
    /// Fragments that were put away.
    n_archived: u64,
    /// Fragments that stay whatever their age.
    n_pinned: u64,
    /// Times that a copy came and was only counted.
    n_seen_again: u64,
    /// Links between near copies.
    n_near: u64,
    /// Links between a text and one that may correct it.
    n_variants: u64,
    /// Fragments with a vector.
    n_vectors: u64,
    /// Bytes of texts.
    n_text_bytes: u64,
    /// Bytes of the file.
    n_file_bytes: u64,
    /// When the oldest was said.
    #[schemars(with = "Option<Time>")]
    oldest: Option<Timestamp>,
    /// When the newest was.
    #[schemars(with = "Option<Time>")]
    newest: Option<Timestamp>,
    /// The language of the words.
    language: String,
}

/// Recall at one time.
#[derive(Debug, Serialize, JsonSchema)]
struct RecallPoint {
    /// When it was measured.
    #[schemars(with = "Time")]
    at: Timestamp,
    /// Questions.
    n: u64,
    /// Recall among the first five.
    recall_at_5: f64,
}

/// What of the fragments is asked for.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FragmentsAsked {
    /// `next` of the page before.
    cursor: Option<String>,
    /// At most so many.
    n: Option<usize>,
}

/// A page of fragments, the newest first.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct FragmentsPage {
    /// The fragments.
    fragments: Vec<FragmentView>,
    /// To be sent as `cursor` for what is older; none where there is no more.
    next: Option<String>,
}

/// One fragment.
#[derive(Debug, Serialize, JsonSchema)]
struct FragmentView {
    /// Its id.
    id: String,
    /// Whose it is: a conversation's pseudonym, or `shared`.
    scope: String,
    /// When it was said.
    #[schemars(with = "Time")]
    at: Timestamp,
    /// What was said, as it is kept.
    text: String,
    /// It stays whatever its age.
    is_pinned: bool,
    /// Times it was found for somebody.
    n_used: u64,
}
