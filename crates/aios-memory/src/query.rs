//! What is asked, and the constants that ranking goes by.

use aios_core::Timestamp;

use crate::analyzer::{Analyzer, Term};
use crate::scope::NEIGHBOR_WEIGHT;
use crate::vector::Quantized;

/// Most terms of a question that are looked for; the rest of a longer one adds little.
pub(crate) const TERMS_MAX: usize = 64;

/// What is returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Single fragments.
    Turn,
    /// Fragments with the two turns before and after them, which often hold what they only refer to.
    Span,
}

/// A question.
#[derive(Debug, Clone)]
pub struct Query {
    pub(crate) terms: Vec<Term>,
    /// The word of each term, to be compared with names.
    pub(crate) words: Vec<Option<Term>>,
    pub(crate) names: Vec<Term>,
    /// Its vector, of the model that the scope's vectors are of.
    pub vector: Option<Quantized>,
    /// How many results.
    pub k: usize,
    /// Of what kind.
    pub unit: Unit,
    /// Most words of all results together.
    pub words_max: usize,
    /// When it is asked.
    pub now: Timestamp,
    /// The constants.
    pub weights: Weights,
}

/// Constants of ranking. The defaults were measured on real conversations; nothing should need others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weights {
    /// How soon a term that is repeated counts no more.
    pub k1: f32,
    /// How much longer turns are held back.
    pub b_turn: f32,
    /// The same for documents.
    pub b_document: f32,
    /// What words of the turns beside one count, and what they mean.
    pub neighbor: f32,
    /// Share of the words' score where there are vectors; the rest is theirs.
    pub lexical: f32,
    /// What it adds that the question names who said it.
    pub speaker: f32,
    /// What it adds, at most, to be new: more than that drowns what is right.
    pub freshness: f32,
    /// Days in which newness halves.
    pub freshness_days: f32,
    /// A result whose terms stand all in another one, and are at least this share of it, counts as that.
    pub same: f32,
    /// Least share of the question, by the rareness of its terms, that a result must hold. Who speaks counts not.
    pub floor: f32,
    /// Least share of what it takes to tell one fragment from all others of its scope that what some result holds of
    /// the question must come to. Else nothing comes back.
    pub floor_evidence: f32,
    /// Least cosine that stands in for the share of the question that a result must hold.
    pub floor_cosine: f32,
    /// Least cosine that stands in for what must tell some result from all others: turns of one kind are all as near
    /// to a question of that kind as is enough for the other.
    pub floor_meaning: f32,
}

impl Default for Weights {
    fn default() -> Self {
        Self {
            k1: 0.9,
            b_turn: 0.4,
            b_document: 0.75,
            neighbor: NEIGHBOR_WEIGHT,
            lexical: 0.4,
            speaker: 0.1,
            freshness: 0.05,
            freshness_days: 30.0,
            same: 0.7,
            floor: 0.2,
            floor_evidence: 0.0,
            floor_cosine: 0.4,
            floor_meaning: 0.53,
        }
    }
}

impl Query {
    /// Words of five spans.
    pub const WORDS_MAX: usize = 950;

    /// Five spans.
    #[must_use]
    pub fn new(analyzer: &Analyzer, question: &str, now: Timestamp) -> Self {
        let (mut terms, mut words, mut names) = (Vec::new(), Vec::new(), Vec::new());
        analyzer.each_term(question, |term, name| {
            names.extend(name);
            if let Some(term) = term
                && terms.len() < TERMS_MAX
                && !terms.contains(&term)
            {
                terms.push(term);
                words.push(name);
            }
        });
        Self {
            terms,
            words,
            names,
            vector: None,
            k: 5,
            unit: Unit::Span,
            words_max: Self::WORDS_MAX,
            now,
            weights: Weights::default(),
        }
    }
}
