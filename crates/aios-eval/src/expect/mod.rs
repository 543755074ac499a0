//! What a case expects of its answer. Each kind is a file here and a line in [`READERS`].

mod judge;
mod limits;
mod schema;
mod similar;
mod texts;
mod tiers;

use aios_core::Tier;
use serde_json::{Map, Value};

use crate::error::CaseError;
use crate::observation::Observation;

pub use judge::Judged;
pub use schema::Schema;
pub use similar::{Similar, cosine};
pub use texts::Pattern;

/// One expectation of a case.
#[derive(Debug, Clone, PartialEq)]
pub enum Expectation {
    /// The tier that routing should choose.
    Tier(Tier),
    /// The tier whose model should answer.
    Source(Tier),
    /// The answer, without space around it.
    Equals(String),
    /// Part of the answer, in any letter case.
    Contains(String),
    /// Not part of the answer, in any letter case.
    NotContains(String),
    /// A regular expression that is found in the answer.
    Regex(Pattern),
    /// A schema that the answer, as JSON, keeps to.
    Schema(Schema),
    /// A text that the answer is near to.
    Similar(Similar),
    /// What a judging model must find.
    Judge(Judged),
    /// Longest time, in milliseconds.
    LatencyMax(f64),
    /// Highest cost, in US dollars.
    CostMax(f64),
}

/// Whether one run met one expectation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// It did.
    pub passed: bool,
    /// What was found instead, if it did not.
    pub found: String,
}

impl Check {
    fn of(passed: bool, found: impl FnOnce() -> String) -> Self {
        Self { passed, found: if passed { String::new() } else { found() } }
    }
}

type Reader = fn(&mut Map<String, Value>) -> Result<Vec<Expectation>, CaseError>;

/// Reads and removes the keys of each kind.
const READERS: [Reader; 6] =
    [tiers::read, texts::read, schema::read, similar::read, judge::read, limits::read];

/// The keys of a case that say what it expects.
pub const EXPECTATION_KEYS: [&str; 11] = [
    "expected_tier",
    "expected_source",
    "equals",
    "contains",
    "not_contains",
    "regex",
    "json_schema",
    "similar_to",
    "judge",
    "latency_ms_max",
    "cost_usd_max",
];

/// Reads every expectation out of a case's keys.
pub(crate) fn read(fields: &mut Map<String, Value>) -> Result<Vec<Expectation>, CaseError> {
    let mut all = Vec::new();
    for reader in READERS {
        all.extend(reader(fields)?);
    }
    Ok(all)
}

impl Expectation {
    /// Its key in the golden set.
    #[must_use]
    pub const fn key(&self) -> &'static str {
        match self {
            Self::Tier(_) => "expected_tier",
            Self::Source(_) => "expected_source",
            Self::Equals(_) => "equals",
            Self::Contains(_) => "contains",
            Self::NotContains(_) => "not_contains",
            Self::Regex(_) => "regex",
            Self::Schema(_) => "json_schema",
            Self::Similar(_) => "similar_to",
            Self::Judge(_) => "judge",
            Self::LatencyMax(_) => "latency_ms_max",
            Self::CostMax(_) => "cost_usd_max",
        }
    }

    /// What is expected, for people.
    #[must_use]
    pub fn told(&self) -> String {
        match self {
            Self::Tier(tier) | Self::Source(tier) => tier.to_string(),
            Self::Equals(text) | Self::Contains(text) | Self::NotContains(text) => text.clone(),
            Self::Regex(pattern) => pattern.source().to_owned(),
            Self::Schema(schema) => schema.source().to_string(),
            Self::Similar(similar) => {
                format!("at least {} like: {}", similar.at_least, similar.text)
            }
            Self::Judge(judged) => format!("at least {}: {}", judged.at_least, judged.rubric),
            Self::LatencyMax(ms) => format!("{ms} ms"),
            Self::CostMax(usd) => format!("{usd} USD"),
        }
    }

    /// Whether a run that was answered meets it.
    #[must_use]
    pub fn check(&self, seen: &Observation) -> Check {
        match self {
            Self::Tier(tier) => tiers::check(*tier, seen.tier),
            Self::Source(tier) => tiers::check(*tier, seen.source),
            Self::Equals(text) => texts::equals(text, &seen.answer),
            Self::Contains(text) => texts::contains(text, &seen.answer),
            Self::NotContains(text) => texts::lacks(text, &seen.answer),
            Self::Regex(pattern) => pattern.check(&seen.answer),
            Self::Schema(schema) => schema.check(&seen.answer),
            Self::Similar(similar) => similar.check(seen.similarity.as_ref()),
            Self::Judge(judged) => judged.check(seen.judged.as_ref()),
            Self::LatencyMax(ms) => limits::check(*ms, Some(seen.latency_ms), "ms"),
            Self::CostMax(usd) => limits::check(*usd, seen.cost_usd, "USD"),
        }
    }
}

#[cfg(test)]
mod tests;
