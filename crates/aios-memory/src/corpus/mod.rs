//! A seeded maker of long conversations with labelled questions, and of texts with planted copies.
//!
//! Two people talk for weeks. Topics come back again and again, under several names; a fact is said once,
//! often in answer to a question and without its words, and some are corrected later. Questions put the
//! topic and what is asked of it in other words as often as not, and some ask for what was never said.
//! One seed always makes one conversation.
//!
//! It is there to compare ways of ranking and to see that none breaks. No constant is tuned on it: it knows
//! nothing of how people talk.

mod bank;
mod copies;
mod diary;
mod random;
mod talk;

#[cfg(test)]
mod tests;

use aios_core::Timestamp;

use crate::{Analyzer, Entry, Kind, Scope, Validity, guard_mark, n_words};

pub use copies::{Found, Planted, planted};
pub use diary::diary;
pub use random::Random;
pub use talk::talk;

/// A conversation and what can be asked about it.
#[derive(Debug, Default)]
pub struct Talk {
    /// Its turns.
    pub turns: Vec<Turn>,
    /// Questions whose answers are known.
    pub questions: Vec<Question>,
}

/// One turn.
#[derive(Debug)]
pub struct Turn {
    /// Its id.
    pub id: String,
    /// Who said it.
    pub speaker: &'static str,
    /// What was said.
    pub text: String,
    /// When.
    pub ts: Timestamp,
}

/// A question.
#[derive(Debug)]
pub struct Question {
    /// What is asked.
    pub text: String,
    /// Places of the turns that answer it; none if nothing does.
    pub expected: Vec<usize>,
    /// How the fact was put.
    pub told: Told,
}

/// How a fact was put.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Told {
    /// In one turn, with the topic's name.
    Plainly,
    /// In answer to a question that had the topic's name.
    InAnswer,
    /// Told, and later told otherwise.
    Corrected,
    /// In other words than it is asked for.
    Otherwise,
    /// On a day, which is all that the question names.
    ByDay,
    /// In two turns, of which one leads to the other.
    InTwo,
    /// Of the other one who speaks here, and not of whom the question names.
    OfAnother,
    /// Never.
    Never,
}

impl Told {
    /// Whether anything answers the question.
    #[must_use]
    pub const fn is_answered(self) -> bool {
        !matches!(self, Self::OfAnother | Self::Never)
    }
}

impl Talk {
    /// The conversation as ranking sees it.
    #[must_use]
    pub fn scope(&self, analyzer: &Analyzer) -> Scope {
        let entry = |(id, turn): (i64, &Turn)| Entry {
            id,
            conversation: 1,
            session: 0,
            ts: turn.ts,
            kind: Kind::Turn,
            speaker: analyzer.names(turn.speaker),
            terms: analyzer.terms(&turn.text),
            n_words: u32::try_from(n_words(&turn.text)).unwrap_or(u32::MAX),
            guard: guard_mark(&turn.text),
            is_retired: false,
            valid: Validity::default(),
            vector: None,
        };
        Scope::new((0..).zip(&self.turns).map(entry).collect())
    }
}
