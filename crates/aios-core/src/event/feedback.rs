//! What somebody said of an answer.

use std::borrow::Cow;

use aios_privacy::{Pseudonym, RedactedText, RedactionCounts};
use serde::{Deserialize, Serialize};

use crate::{EventId, Timestamp};

/// Somebody's word on one answer. It is of the answer's conversation, so that both are erased together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FeedbackEvent {
    /// Version of the event's shape.
    pub schema_version: Cow<'static, str>,
    /// This event.
    pub event_id: EventId,
    /// When it was said.
    pub ts: Timestamp,
    /// The event of the answer.
    pub about: EventId,
    /// The answer's conversation.
    pub conv_id: Pseudonym,
    /// The person or key behind the answered request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Pseudonym>,
    /// Name of the client key that said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// Who said it.
    pub source: FeedbackSource,
    /// How good the answer was, 0 to 1, if that was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// In a word.
    #[serde(default, skip_serializing_if = "RedactedText::is_empty")]
    pub label: RedactedText,
    /// In many.
    #[serde(default, skip_serializing_if = "RedactedText::is_empty")]
    pub comment: RedactedText,
    /// Tokens that a judge has cost, who said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    /// What was masked in this event, by kind.
    #[serde(default, skip_serializing_if = "RedactionCounts::is_empty")]
    pub redactions: RedactionCounts,
}

/// Who said how good an answer was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeedbackSource {
    /// Whoever asked, through the API.
    Client,
    /// A model that was asked to judge.
    Judge,
}

impl FeedbackSource {
    /// Every source; what stands first counts most.
    pub const ALL: [Self; 2] = [Self::Client, Self::Judge];

    /// Name in metrics and events.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Judge => "judge",
        }
    }
}
