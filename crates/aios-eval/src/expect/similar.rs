//! An answer that says the same in other words: by the angle between the vectors of both.

use serde_json::{Map, Value};

use super::{Check, Expectation};
use crate::error::CaseError;
use crate::fields::{object, required_text, share, text_or_object};

/// How near is near enough, where a case does not say.
const AT_LEAST_DEFAULT: f64 = 0.8;

/// A text and how near to it an answer must be.
#[derive(Debug, Clone, PartialEq)]
pub struct Similar {
    /// The text.
    pub text: String,
    /// Least cosine of the angle between both vectors.
    pub at_least: f64,
}

impl Similar {
    pub(super) fn check(&self, measured: Option<&Result<f64, String>>) -> Check {
        super::judge::at_least(self.at_least, measured, "similarity")
    }
}

pub(super) fn read(fields: &mut Map<String, Value>) -> Result<Vec<Expectation>, CaseError> {
    const KEY: &str = "similar_to";
    let Some(mut found) = text_or_object(fields, KEY, "text")? else { return Ok(Vec::new()) };
    let text = required_text(&mut found, "text")?;
    let at_least = share(&mut found, "at_least")?.unwrap_or(AT_LEAST_DEFAULT);
    object::is_empty(KEY, &found)?;
    Ok(vec![Expectation::Similar(Similar { text, at_least })])
}

/// The cosine of the angle between two vectors; none where there is no angle.
#[must_use]
pub fn cosine(a: &[f64], b: &[f64]) -> Option<f64> {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let lengths = (dot(a, a) * dot(b, b)).sqrt();
    (a.len() == b.len() && lengths > 0.0 && lengths.is_finite()).then(|| dot(a, b) / lengths)
}
