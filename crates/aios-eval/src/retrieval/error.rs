//! What can be wrong with a set of questions.

/// A set of questions cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QaError {
    /// The text is neither a set nor lines of cases.
    #[error("the questions are not JSON: {why}")]
    NotJson {
        /// What the parser says.
        why: String,
    },
    /// The JSON holds no list of cases.
    #[error(
        "the questions must be {{\"test_cases\": [...]}}, a list of cases, or a case on each line"
    )]
    NoCases,
    /// There is no case: a measurement of nothing would pass.
    #[error("there are no questions")]
    Empty,
    /// One case is wrong.
    #[error("question {index}: {why}")]
    Case {
        /// Its place, from 1.
        index: usize,
        /// What is wrong.
        why: String,
    },
    /// Two cases have one id.
    #[error("questions {first} and {second} have the same id {id:?}")]
    DuplicateId {
        /// The id.
        id: String,
        /// Place of the first, from 1.
        first: usize,
        /// Place of the second, from 1.
        second: usize,
    },
    /// Labels that were taken from what our ranking returned.
    #[error(
        "question {index} ({id:?}) is labelled with what this ranking returned: it would judge itself"
    )]
    OwnRanking {
        /// Its place, from 1.
        index: usize,
        /// Its id.
        id: String,
    },
}
