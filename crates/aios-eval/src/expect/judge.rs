//! What a judging model finds of an answer.
//!
//! Judges waver, so several are asked and the median counts. Which model judged stands in the report: figures
//! of two judges cannot be compared.

use serde_json::{Map, Value};

use super::{Check, Expectation};
use crate::error::CaseError;
use crate::fields::{object, required_text, share, text_or_object};

/// How good is good enough, where a case does not say.
const AT_LEAST_DEFAULT: f64 = 0.7;

/// What a judge is asked, and what it must find.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// What makes an answer good.
    pub rubric: String,
    /// Least score, 0 to 1.
    pub at_least: f64,
}

impl Judged {
    pub(super) fn check(&self, score: Option<&Result<f64, String>>) -> Check {
        at_least(self.at_least, score, "score")
    }
}

pub(super) fn read(fields: &mut Map<String, Value>) -> Result<Vec<Expectation>, CaseError> {
    const KEY: &str = "judge";
    let Some(mut found) = text_or_object(fields, KEY, "rubric")? else { return Ok(Vec::new()) };
    let rubric = required_text(&mut found, "rubric")?;
    let at_least = share(&mut found, "at_least")?.unwrap_or(AT_LEAST_DEFAULT);
    object::is_empty(KEY, &found)?;
    Ok(vec![Expectation::Judge(Judged { rubric, at_least })])
}

/// What could not be measured is not good.
pub(super) fn at_least(least: f64, measured: Option<&Result<f64, String>>, what: &str) -> Check {
    let passed = matches!(measured, Some(Ok(value)) if *value >= least);
    Check::of(passed, || match measured {
        Some(Ok(value)) => format!("{what} {value:.3}"),
        Some(Err(why)) => why.clone(),
        None => format!("no {what} was measured"),
    })
}
