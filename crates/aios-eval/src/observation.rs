//! What was seen of one run of a case.

use aios_core::Tier;
use serde::{Deserialize, Serialize};

/// One question asked once, and what came of it. Only the answer is the model's; the rest was measured.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// Why there is no answer, if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The answer.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub answer: String,
    /// From the question to the last byte of the answer, as the asker saw it.
    pub latency_ms: f64,
    /// The tier that routing chose, as far as the answer says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<Tier>,
    /// The tier that answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Tier>,
    /// The model that answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The message's weight.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<f64>,
    /// The event that the request left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_id: Option<String>,
    /// Cost in US dollars, where the endpoint has prices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
    /// A built-in simulated model answered.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub simulated: bool,
    /// How near the answer is to the expected text, or why nobody knows.
    #[serde(skip)]
    pub similarity: Option<Result<f64, String>>,
    /// What the judge found, or why it found nothing.
    #[serde(skip)]
    pub judged: Option<Result<f64, String>>,
}

impl Observation {
    /// A run without an answer.
    #[must_use]
    pub fn failed(why: impl Into<String>, latency_ms: f64) -> Self {
        Self { error: Some(why.into()), latency_ms, ..Self::default() }
    }

    /// Whether there is an answer to look at.
    #[must_use]
    pub const fn is_answered(&self) -> bool {
        self.error.is_none()
    }
}
