//! Text that has been through the redactor.

use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::ids;

/// Text in which every finding has been masked.
///
/// Only this crate's redactor can make one from raw text. The one other door is `Deserialize`, for
/// reading our own event log back: do not use it to launder raw text.
///
/// ```compile_fail
/// let raw = aios_privacy::RedactedText(String::from("call +1 202 555 0143"));
/// ```
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RedactedText(String);

impl RedactedText {
    /// Only the redactor may call this: `masked` must have no findings left.
    pub(crate) fn from_masked(masked: String) -> Self {
        Self(masked)
    }

    /// An id of our own making: a word and hexadecimal digits of `bytes`. It says nothing of anybody, and
    /// must not be scanned, because some digits of some ids look like a number of somebody's.
    #[must_use]
    pub fn of_id(word: &'static str, bytes: &[u8; 16]) -> Self {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
        let mut text = String::with_capacity(word.len() + 2 * bytes.len());
        text.push_str(word);
        text.extend(bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]));
        Self(text)
    }

    /// The same with `[ID]` in these places too: only less is said by it. A place that reaches into the one before
    /// is part of it.
    #[must_use]
    pub fn with_ids_masked(&self, mut places: Vec<Range<usize>>) -> Self {
        places.sort_unstable_by_key(|place| (place.start, usize::MAX - place.end));
        Self(ids::with_ids_masked(&self.0, places.into_iter()))
    }

    /// The safe text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether there is no text at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for RedactedText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for RedactedText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
