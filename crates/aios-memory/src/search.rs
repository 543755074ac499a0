//! A search: scan, rank, stitch.

use crate::blend::rank;
use crate::query::Query;
use crate::scan::scan;
use crate::scope::Scope;
use crate::stitch::stitch;

/// A result: one fragment, or several that stand side by side.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// Place of the fragment for which it was found.
    pub best: usize,
    /// Places of all its fragments, in order.
    pub members: Vec<usize>,
    /// How good it is among the others. It says nothing beside results of another question.
    pub score: f32,
    /// How much of the question stands in it, by the rareness of its terms.
    pub share: f32,
    /// Its words.
    pub n_words: usize,
}

impl Scope {
    /// What answers the question, best first; nothing if nothing here is about it.
    #[must_use]
    pub fn search(&self, query: &Query) -> Vec<Hit> {
        let scanned = scan(self, query);
        let ranked = rank(self, query, &scanned);
        stitch(self, query, &scanned, ranked)
    }
}

#[cfg(test)]
mod tests;
