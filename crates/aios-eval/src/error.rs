//! What can be wrong with a golden set.

use std::fmt;

/// A golden set cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GoldenError {
    /// The text is not JSON.
    #[error("the golden set is not JSON: {why}")]
    NotJson {
        /// What the parser says, with line and column.
        why: String,
    },
    /// The JSON is not a list.
    #[error("the golden set must be a list of cases, not {found}")]
    NotAList {
        /// What it is.
        found: &'static str,
    },
    /// There is no case: a check of nothing would pass.
    #[error("the golden set has no cases")]
    Empty,
    /// One case is wrong.
    #[error("golden case {index}{}: {error}", named(.id.as_deref()))]
    Case {
        /// Its place in the list, from 1.
        index: usize,
        /// Its id, if that could be read.
        id: Option<String>,
        /// What is wrong.
        error: CaseError,
    },
    /// Two cases have one id.
    #[error("golden cases {first} and {second} have the same id {id:?}")]
    DuplicateId {
        /// The id.
        id: String,
        /// Place of the first in the list, from 1.
        first: usize,
        /// Place of the second in the list, from 1.
        second: usize,
    },
}

/// What is wrong with one case.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CaseError {
    /// The case is not a JSON object.
    #[error("must be an object, not {found}")]
    NotAnObject {
        /// What it is.
        found: &'static str,
    },
    /// A required key is missing.
    #[error("has no {key:?}")]
    Missing {
        /// The key.
        key: &'static str,
    },
    /// A text is empty.
    #[error("has an empty {key:?}")]
    Blank {
        /// The key.
        key: &'static str,
    },
    /// A value is not a text.
    #[error("{key:?} must be a text, not {found}")]
    NotText {
        /// The key.
        key: &'static str,
        /// What it is.
        found: &'static str,
    },
    /// A value that means nothing.
    #[error("{key:?} {why}")]
    BadValue {
        /// The key.
        key: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// A word that names no tier.
    #[error("{key:?} must be \"main\" (or \"main_model\") or \"embedder\", not {found:?}")]
    NotATier {
        /// The key.
        key: &'static str,
        /// The word found.
        found: String,
    },
    /// The two expectations cannot both hold.
    #[error("\"expected_tier\" and \"expected_source\" name different tiers")]
    Contradiction,
}

impl CaseError {
    /// The key that is wrong; none where it is the case as a whole.
    #[must_use]
    pub const fn key(&self) -> Option<&'static str> {
        match self {
            Self::NotAnObject { .. } => None,
            Self::Missing { key }
            | Self::Blank { key }
            | Self::NotText { key, .. }
            | Self::BadValue { key, .. }
            | Self::NotATier { key, .. } => Some(*key),
            Self::Contradiction => Some("expected_source"),
        }
    }
}

fn named(id: Option<&str>) -> impl fmt::Display {
    id.map_or_else(String::new, |id| format!(" ({id:?})"))
}
