//! One call to an endpoint, as an event tells it.

use serde::{Deserialize, Serialize};

use crate::Tier;

/// One call to an endpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// The endpoint's name as configured (never its URL with credentials).
    pub endpoint: String,
    /// The endpoint's tier.
    pub tier: Tier,
    /// The model asked for, as configured.
    pub model: String,
    /// From the request's admission to this attempt's start.
    pub started_ms: f64,
    /// How long the attempt took, up to its end or failure; time in the endpoint's queue included.
    pub duration_ms: f64,
    /// How it ended.
    pub outcome: AttemptOutcome,
    /// HTTP status of the endpoint, if it sent one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
}

impl Attempt {
    /// When the endpoints had a request, in milliseconds from its admission: from the first attempt's start to the
    /// last one's end, with the pauses between them. None without an attempt.
    #[must_use]
    pub fn span_ms(attempts: &[Self]) -> Option<(f64, f64)> {
        let (first, last) = (attempts.first()?, attempts.last()?);
        Some((first.started_ms, last.started_ms + last.duration_ms))
    }
}

/// How one attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptOutcome {
    /// Still running when the event was written: the client left or the process panicked.
    Abandoned,
    /// A whole answer.
    Ok,
    /// No connection.
    ConnectFailed,
    /// No connection within the connect timeout.
    ConnectTimeout,
    /// No first event of a stream within the first-token timeout.
    FirstTokenTimeout,
    /// No whole answer within the timeout of answers that are not streamed.
    WholeTimeout,
    /// Silence for longer than the inter-token timeout.
    InterTokenTimeout,
    /// The request's deadline passed.
    TotalTimeout,
    /// The connection broke.
    ConnectionLost,
    /// The stream ended without its proper ending.
    StreamCut,
    /// The reply was not what the API promises (not HTTP, not JSON, not SSE, too large).
    BadReply,
    /// An error object inside a 200 reply.
    ErrorInReply,
    /// HTTP 5xx.
    ServerError,
    /// HTTP 429.
    RateLimited,
    /// The endpoint is loading its model.
    Loading,
    /// HTTP 401 or 403: the endpoint refused our key.
    AuthRefused,
    /// The endpoint does not have the configured model.
    ModelMissing,
    /// HTTP 4xx that is the caller's fault.
    CallerError,
    /// The endpoint's queue was full.
    QueueFull,
}

impl AttemptOutcome {
    /// Name in metrics and events.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Abandoned => "abandoned",
            Self::Ok => "ok",
            Self::ConnectFailed => "connect_failed",
            Self::ConnectTimeout => "connect_timeout",
            Self::FirstTokenTimeout => "first_token_timeout",
            Self::WholeTimeout => "whole_timeout",
            Self::InterTokenTimeout => "inter_token_timeout",
            Self::TotalTimeout => "total_timeout",
            Self::ConnectionLost => "connection_lost",
            Self::StreamCut => "stream_cut",
            Self::BadReply => "bad_reply",
            Self::ErrorInReply => "error_in_reply",
            Self::ServerError => "server_error",
            Self::RateLimited => "rate_limited",
            Self::Loading => "loading",
            Self::AuthRefused => "auth_refused",
            Self::ModelMissing => "model_missing",
            Self::CallerError => "caller_error",
            Self::QueueFull => "queue_full",
        }
    }
}
