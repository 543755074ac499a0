//! Every way a request can fail, and its HTTP status; that of an endpoint's failure is chosen by [`failures`](super::failures).
//!
//! The shape is OpenAI's: `{"error":{"message","type","param","code"}}`, all four keys, null allowed,
//! so that official clients raise the exception their users expect.

use std::borrow::Cow;
use std::time::Duration;

use aios_core::{Outcome, Tier};
use aios_upstream::{ErrorReply, Failure, Fault};
use bytes::Bytes;
use http::StatusCode;
use serde_json::json;

use super::failures::{failure_code, failure_outcome, failure_status};

/// Status written into the event when the client left before one was sent (nginx's convention).
pub(crate) const STATUS_CLIENT_CLOSED: u16 = 499;

/// Why a request gets no model's answer.
#[derive(Debug)]
pub(crate) enum GatewayError {
    /// No such path.
    UnknownPath { method: String, path: String },
    /// The path exists, the method does not.
    MethodNotAllowed { allowed: &'static str },
    /// No client key, or not one of ours.
    Unauthorized { presented: bool },
    /// It says that it is not live traffic, and may not say so.
    MayNotSteer { has_key: bool },
    /// A limit of this client key.
    ClientLimited { what: &'static str, limit: u64, retry_after: Duration },
    /// The event log has no room, so the request could not leave its event.
    EventLogFull { why: String },
    /// The request was served, and its event is not known to be on disk.
    EventNotKept { why: String },
    /// The body is larger than allowed.
    BodyTooLarge { max: usize },
    /// The body stopped coming.
    BodyTimeout { silence: Duration },
    /// The body's connection broke.
    BodyLost,
    /// The body is not framed as HTTP wants it.
    BodyMalformed,
    /// A content encoding that is not understood.
    UnsupportedEncoding { encoding: String },
    /// The body is not what the API takes.
    BadRequest { message: String, param: Option<Cow<'static, str>>, code: Option<&'static str> },
    /// Something in the request must not reach a model.
    Blocked { kind: &'static str, field: String },
    /// Something in the answer must not reach the client.
    ReplyBlocked { kind: &'static str },
    /// What must be scanned cannot be.
    Unscannable { sink: &'static str, why: &'static str },
    /// No model of that name.
    UnknownModel { model: String },
    /// What was asked for is a tier's to answer, and it has no endpoint.
    TierWithoutEndpoint { model: &'static str, tier: Tier },
    /// No answer of that event is kept.
    UnknownEvent,
    /// Enough was said of one answer.
    EnoughSaid { max: u32 },
    /// The endpoints could not answer.
    Upstream(Box<Failure>),
    /// A fault of our own.
    Internal,
}

/// What the client gets for an error.
pub(crate) struct ErrorAnswer {
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
    pub(crate) retry_after: Option<Duration>,
    /// `x-should-retry`: false where we have retried or a retry cannot help.
    pub(crate) should_retry: Option<bool>,
}

impl GatewayError {
    /// A 400 about one parameter.
    pub(crate) fn bad_param(message: impl Into<String>, param: &'static str) -> Self {
        Self::BadRequest { message: message.into(), param: Some(param.into()), code: None }
    }

    /// How the event records it.
    pub(crate) fn outcome(&self) -> Outcome {
        match self {
            Self::UnknownPath { .. }
            | Self::MethodNotAllowed { .. }
            | Self::Unauthorized { .. }
            | Self::MayNotSteer { .. }
            | Self::BodyTooLarge { .. }
            | Self::BodyMalformed
            | Self::UnsupportedEncoding { .. }
            | Self::BadRequest { .. }
            | Self::Blocked { .. }
            | Self::UnknownModel { .. }
            | Self::TierWithoutEndpoint { .. }
            | Self::UnknownEvent
            | Self::EnoughSaid { .. } => Outcome::CallerError,
            Self::ClientLimited { .. } | Self::EventLogFull { .. } => Outcome::Overloaded,
            Self::EventNotKept { .. } => Outcome::InternalError,
            Self::BodyTimeout { .. } => Outcome::Timeout,
            Self::BodyLost => Outcome::ClientCancelled,
            Self::Upstream(failure) => failure_outcome(failure),
            Self::Unscannable { why: "panic", .. } | Self::Internal => Outcome::InternalError,
            Self::Unscannable { sink: "upstream", .. } => Outcome::CallerError,
            Self::ReplyBlocked { .. } | Self::Unscannable { .. } => Outcome::UpstreamError,
        }
    }

    /// The machine-readable cause, in the reply and in the event.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::UnknownPath { .. } => "unknown_url",
            Self::MethodNotAllowed { .. } => "method_not_allowed",
            Self::Unauthorized { .. } => "invalid_api_key",
            Self::MayNotSteer { .. } => "purpose_not_allowed",
            Self::ClientLimited { .. } => "rate_limit_exceeded",
            Self::EventLogFull { .. } => "event_log_full",
            Self::EventNotKept { .. } => "event_not_kept",
            Self::BodyTooLarge { .. } => "request_too_large",
            Self::BodyTimeout { .. } => "request_timeout",
            Self::BodyLost => "client_closed_request",
            Self::BodyMalformed => "malformed_body",
            Self::UnsupportedEncoding { .. } => "unsupported_content_encoding",
            Self::BadRequest { code, .. } => code.unwrap_or("invalid_request"),
            Self::Blocked { .. } | Self::ReplyBlocked { .. } => "pii_blocked",
            Self::Unscannable { .. } => "pii_unscannable",
            Self::UnknownModel { .. } | Self::TierWithoutEndpoint { .. } => "model_not_found",
            Self::UnknownEvent => "event_not_found",
            Self::EnoughSaid { .. } => "feedback_limit",
            Self::Upstream(failure) => failure_code(failure.outcome),
            Self::Internal => "internal_error",
        }
    }

    /// The HTTP status.
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::UnknownPath { .. }
            | Self::UnknownModel { .. }
            | Self::TierWithoutEndpoint { .. }
            | Self::UnknownEvent => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::Unauthorized { .. } => StatusCode::UNAUTHORIZED,
            Self::MayNotSteer { .. } => StatusCode::FORBIDDEN,
            Self::ClientLimited { .. } | Self::EnoughSaid { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::EventLogFull { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Self::BodyTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BodyTimeout { .. } => StatusCode::REQUEST_TIMEOUT,
            Self::BodyLost
            | Self::BodyMalformed
            | Self::BadRequest { .. }
            | Self::Blocked { .. } => StatusCode::BAD_REQUEST,
            Self::Unscannable { why: "panic", .. } => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unscannable { sink: "upstream", .. } => StatusCode::BAD_REQUEST,
            Self::ReplyBlocked { .. } | Self::Unscannable { .. } => StatusCode::BAD_GATEWAY,
            Self::UnsupportedEncoding { .. } => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Upstream(failure) => failure_status(failure),
            Self::EventNotKept { .. } | Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The whole answer.
    pub(crate) fn answer(&self) -> ErrorAnswer {
        ErrorAnswer {
            status: self.status(),
            body: self.passed_through().unwrap_or_else(|| self.body()),
            retry_after: self.retry_after(),
            should_retry: self.should_retry(),
        }
    }

    /// An endpoint's own words about the caller's fault reach the caller unchanged.
    fn passed_through(&self) -> Option<Bytes> {
        match self {
            Self::Upstream(failure) if failure.fault == Fault::Caller => {
                failure.reply.as_ref().map(|reply: &ErrorReply| reply.body.clone())
            }
            _ => None,
        }
    }

    fn body(&self) -> Bytes {
        error_object(&self.message(), self.kind(), self.param(), Some(self.code()))
    }

    fn param(&self) -> Option<&str> {
        match self {
            Self::BadRequest { param, .. } => param.as_deref(),
            Self::UnknownModel { .. } | Self::TierWithoutEndpoint { .. } => Some("model"),
            Self::UnknownEvent | Self::EnoughSaid { .. } => Some("event_id"),
            _ => None,
        }
    }

    /// OpenAI's `type`.
    fn kind(&self) -> &'static str {
        match self.status().as_u16() {
            429 => "rate_limit_error",
            400..=499 => "invalid_request_error",
            _ => "server_error",
        }
    }

    pub(crate) fn message(&self) -> String {
        match self {
            Self::UnknownPath { method, path } => format!(
                "Unknown request URL: {method} {path}. Serves /v1/chat/completions, /v1/completions, /v1/embeddings, /v1/responses, /v1/models and /v1/feedback."
            ),
            Self::MethodNotAllowed { allowed } => {
                format!("Method not allowed on this path; use {allowed}.")
            }
            Self::Unauthorized { presented: false } => {
                "No client key given. Send it as 'Authorization: Bearer <key>'.".to_owned()
            }
            Self::Unauthorized { presented: true } => {
                "The client key is not valid here.".to_owned()
            }
            Self::MayNotSteer { has_key: true } => {
                "This client key may not send requests that are not live traffic (may_steer in clients.keys).".to_owned()
            }
            Self::MayNotSteer { has_key: false } => {
                "Only this machine, or a client key with may_steer, may send requests that are not live traffic.".to_owned()
            }
            Self::ClientLimited { what, limit, retry_after } => format!(
                "This client key has reached its limit of {limit} {what}. Try again in {:.1} s.",
                retry_after.as_secs_f64()
            ),
            Self::EventLogFull { why } => format!(
                "The event log cannot take another event ({why}), so the request was not admitted."
            ),
            Self::EventNotKept { why } => format!("The answer is held back: {why}."),
            Self::BodyTooLarge { max } => {
                format!(
                    "The request body is larger than the {max} bytes allowed (server.body_max)."
                )
            }
            Self::BodyTimeout { silence } => {
                format!("No part of the request body came for {} s.", silence.as_secs_f64())
            }
            Self::BodyLost => "The connection broke while the request body was read.".to_owned(),
            Self::BodyMalformed => {
                "The request body is not framed as 'Transfer-Encoding: chunked' says.".to_owned()
            }
            Self::UnsupportedEncoding { encoding } => {
                format!("Content-Encoding '{encoding}' is not supported; send the body as it is.")
            }
            Self::BadRequest { message, .. } => message.clone(),
            Self::Blocked { kind, field } => format!(
                "The request holds what must not reach a model: {kind} in '{field}' (privacy.sinks.upstream)."
            ),
            Self::ReplyBlocked { kind } => {
                format!(
                    "The answer holds what must not reach the client: {kind} (privacy.sinks.client)."
                )
            }
            Self::Unscannable { sink, why } => format!(
                "What goes to the {sink} cannot be scanned for personal data ({why}), so it does not (privacy.sinks.on_unscannable)."
            ),
            Self::UnknownModel { model } => format!(
                "The model '{model}' does not exist here. Ask for 'aios-auto', or see /v1/models."
            ),
            Self::TierWithoutEndpoint { model, tier } => format!(
                "The model '{model}' cannot answer this: tier {tier} has no endpoint (tiers.{tier}). See /v1/models for what is there."
            ),
            Self::EnoughSaid { max } => {
                format!("Feedback was given on this answer {max} times, or on many newer ones since; no more is taken.")
            }
            Self::UnknownEvent => {
                "No answer with this event_id is kept here. It stands in the answer's header x-aios-event-id."
                    .to_owned()
            }
            Self::Upstream(failure) => {
                format!("The models could not answer: {}", failure.detail)
            }
            Self::Internal => "An internal error; the event log has its id.".to_owned(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::ClientLimited { retry_after, .. } => Some(*retry_after),
            Self::EventLogFull { .. } => Some(Duration::from_secs(1)),
            Self::Upstream(failure) => failure.retry_after,
            _ => None,
        }
    }

    /// Without the header, clients retry 408, 409, 429 and 5xx by themselves; after our own retries
    /// that would multiply the load on endpoints that are down. Whoever is told when to come again may.
    fn should_retry(&self) -> Option<bool> {
        match self {
            Self::Upstream(failure) => failure.retry_after.is_none().then_some(false),
            Self::ReplyBlocked { .. }
            | Self::Unscannable { .. }
            // It was served: once more would only give the disk more to do.
            | Self::EventNotKept { .. }
            | Self::Internal => Some(false),
            _ => None,
        }
    }
}

/// The JSON of one error.
pub(crate) fn error_object(
    message: &str,
    kind: &str,
    param: Option<&str>,
    code: Option<&str>,
) -> Bytes {
    let object = json!({"error": {"message": message, "type": kind, "param": param, "code": code}});
    Bytes::from(object.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_has_all_four_keys_and_the_right_type() {
        let error = GatewayError::UnknownModel { model: "gpt-9".into() };
        let answer = error.answer();
        let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(answer.status, 404);
        assert_eq!(body["error"]["type"], "invalid_request_error");
        assert_eq!(body["error"]["param"], "model");
        assert_eq!(body["error"]["code"], "model_not_found");
        assert!(body["error"]["message"].as_str().unwrap().contains("gpt-9"));
    }

    #[test]
    fn a_missing_key_is_told_as_openai_tells_it() {
        let answer = GatewayError::Unauthorized { presented: false }.answer();
        let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        let error = &body["error"];
        assert_eq!(
            (answer.status.as_u16(), &error["type"], &error["code"]),
            (401, &json!("invalid_request_error"), &json!("invalid_api_key"))
        );
        assert!(error["param"].is_null());
    }

    /// It was admitted and served: neither the words nor the wait of a full log fit.
    #[test]
    fn an_answer_whose_event_is_late_says_so() {
        let why = "the event was not on disk within 5s".to_owned();
        let answer = GatewayError::EventNotKept { why }.answer();
        let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        let message = "The answer is held back: the event was not on disk within 5s.";
        assert_eq!(body["error"]["message"], message);
        assert_eq!(
            (answer.status.as_u16(), &body["error"]["code"]),
            (500, &json!("event_not_kept"))
        );
        assert_eq!((answer.retry_after, answer.should_retry), (None, Some(false)));
    }

    #[test]
    fn a_client_limit_leaves_the_retry_to_the_client() {
        let error = GatewayError::ClientLimited {
            what: "requests per minute",
            limit: 5,
            retry_after: Duration::from_millis(1500),
        };
        let answer = error.answer();
        assert_eq!(answer.status, 429);
        assert_eq!(answer.retry_after, Some(Duration::from_millis(1500)));
        assert_eq!(answer.should_retry, None);
    }
}
