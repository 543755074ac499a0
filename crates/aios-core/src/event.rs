//! The event: one fact, redacted and pseudonymous, as it is kept.
//!
//! Free text that comes from outside (prompts, answers, model names) can only stand here as
//! [`RedactedText`].

mod event_type;
mod feedback;
mod hypothesis;
mod line;
mod operation;

use std::borrow::Cow;
use std::collections::BTreeMap;

use aios_privacy::{Pseudonym, RedactedText, RedactionCounts};
use serde::{Deserialize, Serialize};

pub use event_type::EventType;
pub use feedback::{FeedbackEvent, FeedbackSource};
pub use hypothesis::{Finding, HypothesisEvent};
pub use operation::Operation;

use crate::{
    Attempt, Boundary, Bucket, EventId, MemoryUse, Profile, Purpose, RouteReason, Tier, Timestamp,
    Weight,
};

/// Version of the event's shape, written into each line.
pub const SCHEMA_VERSION: &str = "2.0";

/// One line of the event log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event_type", rename_all = "snake_case")]
pub enum Event {
    /// The one terminal event of an admitted request.
    Response(Box<ResponseEvent>),
    /// What somebody said of an answer, afterwards.
    Feedback(Box<FeedbackEvent>),
    /// A hypothesis has another finding than before.
    Hypothesis(Box<HypothesisEvent>),
}

impl Event {
    /// The event's id.
    #[must_use]
    pub fn id(&self) -> EventId {
        match self {
            Self::Response(event) => event.event_id,
            Self::Feedback(event) => event.event_id,
            Self::Hypothesis(event) => event.event_id,
        }
    }

    /// When it happened.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Response(event) => event.ts,
            Self::Feedback(event) => event.ts,
            Self::Hypothesis(event) => event.ts,
        }
    }

    /// The terminal event of a request, if it is one.
    #[must_use]
    pub fn response(&self) -> Option<&ResponseEvent> {
        match self {
            Self::Response(event) => Some(event),
            Self::Feedback(_) | Self::Hypothesis(_) => None,
        }
    }

    /// What kind of fact it is.
    #[must_use]
    pub const fn event_type(&self) -> EventType {
        match self {
            Self::Response(_) => EventType::Response,
            Self::Feedback(_) => EventType::Feedback,
            Self::Hypothesis(_) => EventType::Hypothesis,
        }
    }
}

/// What happened to one admitted request, from admission to its end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ResponseEvent {
    /// [`SCHEMA_VERSION`].
    pub schema_version: Cow<'static, str>,
    /// This event.
    pub event_id: EventId,
    /// When the request was admitted.
    pub ts: Timestamp,
    /// What the client saw in `x-request-id`.
    pub request_id: RedactedText,
    /// Which API was called.
    pub operation: Operation,
    /// What the request was made for.
    #[serde(default, skip_serializing_if = "Purpose::is_live")]
    pub purpose: Purpose,
    /// Whether the client asked for a stream.
    pub stream: bool,
    /// The conversation, as a pseudonym.
    pub conv_id: Pseudonym,
    /// What the conversation's identity was taken from.
    pub conv_id_source: ConversationSource,
    /// The person or key behind the request, as a pseudonym.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Pseudonym>,
    /// The turn: how many user messages the request holds.
    pub msg_id: u32,
    /// The answer before it in the conversation, if it is less than two minutes old.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<EventId>,
    /// The question is that of the answer before: that one did not do.
    #[serde(default, skip_serializing_if = "is_false")]
    pub asked_again: bool,
    /// Name of the client key, as configured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// The model name the client sent.
    pub request_model: RedactedText,
    /// The model name in the reply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_model: Option<RedactedText>,
    /// The reply came from another model than the endpoint was asked for.
    #[serde(default, skip_serializing_if = "is_false")]
    pub model_mismatch: bool,
    /// The last user message, redacted, cut at the configured length.
    pub question: RedactedText,
    /// The answer as far as the client got it, redacted, cut at the configured length.
    pub response: RedactedText,
    /// The tier that answered; none if no tier did.
    pub source: Option<Tier>,
    /// The tier that routing chose; `main` also where it came to none (`route_reason` is `not_routed`).
    pub tier: Tier,
    /// The conversation's bucket.
    pub bucket: Bucket,
    /// The boundary that was applied.
    pub boundary: Boundary,
    /// The message's weight, if it was weighed.
    pub weight: Option<Weight>,
    /// The terms of the raw score, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub weight_terms: BTreeMap<Cow<'static, str>, f64>,
    /// The knots used.
    pub profile: Profile,
    /// Why the tier was chosen.
    pub route_reason: RouteReason,
    /// Probability with which the tier was chosen.
    pub propensity: f64,
    /// Each call to an endpoint, in order.
    pub attempts: Vec<Attempt>,
    /// How the request ended.
    pub outcome: Outcome,
    /// Machine-readable cause where the outcome is not `ok`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
    /// HTTP status the client got; 499 if it left before one was sent.
    pub status: u16,
    /// Why the model stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finish_reason: Option<FinishReason>,
    /// Where the time went.
    #[serde(flatten)]
    pub timings: Timings,
    /// Tokens in and out.
    #[serde(flatten)]
    pub tokens: Tokens,
    /// Cost in US dollars, if the endpoint has prices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
    /// Ids of the memory fragments put before the model.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub memory_fragments: Vec<String>,
    /// What came of asking the memory; none where it was not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<MemoryUse>,
    /// What was masked in this event, by kind.
    #[serde(default, skip_serializing_if = "RedactionCounts::is_empty")]
    pub redactions: RedactionCounts,
    /// Generation of the configuration in force (1 = at start).
    pub config_generation: u64,
    /// Hash of the configuration in force.
    pub config_hash: String,
    /// The answer came from a built-in simulated model.
    #[serde(default, skip_serializing_if = "is_false")]
    pub simulated: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

/// What a conversation's identity was taken from, first match wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConversationSource {
    /// The `x-conversation-id` header.
    Header,
    /// `metadata.conversation_id`.
    Metadata,
    /// `conversation` (an id, or an object with one).
    Conversation,
    /// `prompt_cache_key`.
    PromptCacheKey,
    /// `safety_identifier`.
    SafetyIdentifier,
    /// `user`.
    User,
    /// Client key, system prompt and first user message.
    Derived,
}

/// How an admitted request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A whole answer reached the client.
    Ok,
    /// The request itself was at fault (bad JSON, too large, refused by the model as invalid).
    CallerError,
    /// No endpoint answered, or the answer was an error.
    UpstreamError,
    /// A deadline passed.
    Timeout,
    /// The stream broke after its first bytes had been sent.
    StreamCut,
    /// The client left.
    ClientCancelled,
    /// All endpoints were full or limited.
    Overloaded,
    /// A fault of our own.
    InternalError,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 8] = [
        Self::Ok,
        Self::CallerError,
        Self::UpstreamError,
        Self::Timeout,
        Self::StreamCut,
        Self::ClientCancelled,
        Self::Overloaded,
        Self::InternalError,
    ];

    /// Name in metrics and events.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::CallerError => "caller_error",
            Self::UpstreamError => "upstream_error",
            Self::Timeout => "timeout",
            Self::StreamCut => "stream_cut",
            Self::ClientCancelled => "client_cancelled",
            Self::Overloaded => "overloaded",
            Self::InternalError => "internal_error",
        }
    }
}

/// Why the model stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// The natural end or a stop sequence.
    Stop,
    /// The token limit.
    Length,
    /// Tool calls follow.
    ToolCalls,
    /// A content filter.
    ContentFilter,
    /// Anything else.
    Other,
}

impl FinishReason {
    /// From the API's word.
    #[must_use]
    pub fn from_api(word: &str) -> Self {
        match word {
            "stop" | "completed" => Self::Stop,
            "length" | "max_output_tokens" => Self::Length,
            "tool_calls" | "function_call" => Self::ToolCalls,
            "content_filter" => Self::ContentFilter,
            _ => Self::Other,
        }
    }
}

/// Where a request's time went, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Timings {
    /// From admission to the last byte.
    pub latency_ms: f64,
    /// From admission to the first content of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_to_first_token_ms: Option<f64>,
    /// Our own share: `latency_ms` less the time spent waiting for endpoints or the client.
    pub overhead_ms: f64,
}

/// Tokens of a request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tokens {
    /// Tokens of the prompt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_tokens: Option<u64>,
    /// Tokens of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_tokens: Option<u64>,
    /// The counts are our estimate: the endpoint reported none.
    #[serde(default, skip_serializing_if = "is_false")]
    pub tokens_estimated: bool,
}
