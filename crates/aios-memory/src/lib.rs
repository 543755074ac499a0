//! Finds, deduplicates and ages fragments: what was said in a conversation, one turn each, or a document.
//!
//! A conversation is small, so that an exact scan of all its words beats any index: there is nothing else
//! to keep consistent, and nothing else to erase from. Ranking sees a [`Scope`] and nothing outside it, so
//! whatever it returns belongs to whoever asked. Texts never come here after they were read into terms:
//! the store keeps them, this crate keeps numbers.
//!
//! Nothing here decides to drop anything. Copies are linked, age gives proposals; the store executes.

mod analyzer;
mod blend;
mod cjk;
mod decay;
mod dedup;
mod jaccard;
mod known;
mod language;
mod query;
mod scan;
mod scope;
mod search;
mod stitch;
mod vector;
mod words;

#[cfg(any(test, feature = "corpus"))]
pub mod corpus;

pub use analyzer::{Analyzer, Term};
pub use decay::{Aged, CONFIRMED_DOUBLINGS_MAX, IDLE_DAYS, Proposal, propose};
pub use dedup::{Copies, Link, Subject, find_copies, guard_mark, is_mergeable, normal_hash};
pub use language::Language;
pub use query::{Query, Unit, Weights};
pub use scope::{Entry, Kind, Scope, Validity};
pub use search::Hit;
pub use vector::{Embedder, ModelId, Quantized};
pub use words::n_words;
