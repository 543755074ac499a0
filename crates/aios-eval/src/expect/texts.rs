//! What stands in the answer.

use regex::Regex;
use serde_json::{Map, Value};

use super::{Check, Expectation};
use crate::error::CaseError;
use crate::fields::{text, texts};

/// Characters of an answer that are shown where it is not what was expected.
const SHOWN_MAX: usize = 200;

/// A regular expression.
#[derive(Debug, Clone)]
pub struct Pattern(Regex);

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.source() == other.source()
    }
}

impl Pattern {
    /// As it was written.
    #[must_use]
    pub fn source(&self) -> &str {
        self.0.as_str()
    }

    /// Whether it is found in a text.
    #[must_use]
    pub fn is_in(&self, text: &str) -> bool {
        self.0.is_match(text)
    }

    pub(super) fn check(&self, answer: &str) -> Check {
        Check::of(self.is_in(answer), || shown(answer))
    }
}

pub(super) fn read(fields: &mut Map<String, Value>) -> Result<Vec<Expectation>, CaseError> {
    let mut all: Vec<_> = text(fields, "equals")?.into_iter().map(Expectation::Equals).collect();
    all.extend(texts(fields, "contains")?.into_iter().map(Expectation::Contains));
    all.extend(texts(fields, "not_contains")?.into_iter().map(Expectation::NotContains));
    for source in texts(fields, "regex")? {
        let compiled = Regex::new(&source);
        let pattern = compiled.map_err(|error| CaseError::BadValue {
            key: "regex",
            why: error.to_string().lines().last().unwrap_or_default().to_owned(),
        })?;
        all.push(Expectation::Regex(Pattern(pattern)));
    }
    Ok(all)
}

pub(super) fn equals(expected: &str, answer: &str) -> Check {
    Check::of(answer.trim() == expected.trim(), || shown(answer))
}

pub(super) fn contains(part: &str, answer: &str) -> Check {
    Check::of(holds(answer, part), || shown(answer))
}

pub(super) fn lacks(part: &str, answer: &str) -> Check {
    Check::of(!holds(answer, part), || format!("it is there: {}", shown(answer)))
}

fn holds(answer: &str, part: &str) -> bool {
    answer.to_lowercase().contains(&part.to_lowercase())
}

/// An answer's beginning.
fn shown(answer: &str) -> String {
    let mut shown: String = answer.chars().take(SHOWN_MAX).collect();
    if shown.len() < answer.len() {
        shown.push('…');
    }
    shown
}
