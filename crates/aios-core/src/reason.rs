//! What an operator says of why something is done.
//!
//! It is kept for good with what was done, in files that others read whole. So it is some words and no document, and this
//! is the one place that says how many. A pseudonym in it is masked, and what reads like an id: no erasure could take it out of there again.

use aios_privacy::without_ids;
use serde::{Deserialize, Serialize};

/// Most characters of a reason.
pub const REASON_MAX: usize = 500;

/// Why something is done; nothing, where nobody says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Reason(String);

/// A text is no reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReasonError {
    /// It says nothing, where something must be said.
    #[error("it says nothing")]
    Blank,
    /// It is a document.
    #[error("it has {n} characters, at most {REASON_MAX} are kept")]
    Long {
        /// Its characters.
        n: usize,
    },
}

impl Reason {
    /// Takes it over, if it is not too long, with `[ID]` for each pseudonym and id.
    ///
    /// # Errors
    /// When it has more than [`REASON_MAX`] characters.
    pub fn new(text: impl Into<String>) -> Result<Self, ReasonError> {
        let text = text.into();
        let n = text.chars().count();
        if n > REASON_MAX { Err(ReasonError::Long { n }) } else { Ok(Self(without_ids(&text))) }
    }

    /// The same, where something must be said.
    ///
    /// # Errors
    /// When it says nothing, too.
    pub fn said(text: impl Into<String>) -> Result<Self, ReasonError> {
        let reason = Self::new(text)?;
        if reason.0.trim().is_empty() { Err(ReasonError::Blank) } else { Ok(reason) }
    }

    /// Its words.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Reason {
    type Error = ReasonError;

    fn try_from(text: String) -> Result<Self, ReasonError> {
        Self::new(text)
    }
}

impl From<Reason> for String {
    fn from(reason: Reason) -> Self {
        reason.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_some_words() {
        let check = |text: &str, new: Option<ReasonError>, said: Option<ReasonError>| {
            assert_eq!(
                (Reason::new(text).err(), Reason::said(text).err()),
                (new, said),
                "{text:?}"
            );
        };
        let long = ReasonError::Long { n: REASON_MAX + 1 };
        check("the new normal", None, None);
        check(&"ü".repeat(REASON_MAX), None, None);
        check("", None, Some(ReasonError::Blank));
        check(" \t\n", None, Some(ReasonError::Blank));
        check(&"x".repeat(REASON_MAX + 1), Some(long), Some(long));
        assert_eq!(Reason::new("why").unwrap().as_str(), "why");
        let named = format!("asked by c1_{:032x} himself, see conv-17", 7);
        assert_eq!(Reason::said(named).unwrap().as_str(), "asked by [ID] himself, see [ID]");
    }
}
