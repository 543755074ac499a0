//! Error replies in the exact shape of the OpenAI API.

use std::time::Duration;

use bytes::Bytes;
use serde_json::json;

/// An error reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SimError {
    pub(super) status: u16,
    pub(super) body: Bytes,
    pub(super) retry_after: Option<Duration>,
}

impl SimError {
    /// 400: the request itself is at fault.
    pub(super) fn invalid(message: &str, param: Option<&str>) -> Self {
        Self::new(400, message, "invalid_request_error", param, None)
    }

    /// 400: the body could not be read.
    pub(super) fn bad_json(error: &serde_json::Error) -> Self {
        let message = format!("We could not parse the JSON body of your request: {error}.");
        Self::new(400, &message, "invalid_request_error", None, Some("invalid_json"))
    }

    /// 404: no such path.
    pub(super) fn not_found(path: &str) -> Self {
        let message = format!("unknown request URL: {path}");
        Self::new(404, &message, "invalid_request_error", None, Some("unknown_url"))
    }

    /// 404: no such model.
    pub(super) fn no_model(model: &str) -> Self {
        let message = format!("the model `{model}` does not exist");
        Self::new(404, &message, "invalid_request_error", Some("model"), Some("model_not_found"))
    }

    /// 429: more requests than the limit.
    pub(super) fn rate_limited(retry_after: Duration) -> Self {
        let error =
            Self::new(429, "rate limit reached", "requests", None, Some("rate_limit_exceeded"));
        Self { retry_after: Some(retry_after), ..error }
    }

    /// 503 as llama.cpp sends it while it loads: the code is a number.
    pub(super) fn loading() -> Self {
        let body = json!({"error": {"message": "Loading model", "type": "unavailable_error", "code": 503}});
        Self { status: 503, body: body.to_string().into(), retry_after: None }
    }

    /// 503: too many wait already.
    pub(super) fn line_full() -> Self {
        Self::new(503, "too many requests are waiting", "server_error", None, Some("queue_full"))
    }

    /// A simulated failure with any status.
    pub(super) fn simulated(status: u16) -> Self {
        let (kind, code) = match status {
            401 => ("invalid_request_error", Some("invalid_api_key")),
            404 => ("invalid_request_error", Some("model_not_found")),
            429 => ("requests", Some("rate_limit_exceeded")),
            400..500 => ("invalid_request_error", None),
            _ => ("server_error", None),
        };
        Self::new(status, "simulated failure", kind, None, code)
    }

    fn new(
        status: u16,
        message: &str,
        kind: &str,
        param: Option<&str>,
        code: Option<&str>,
    ) -> Self {
        let body =
            json!({"error": {"message": message, "type": kind, "param": param, "code": code}});
        Self { status, body: body.to_string().into(), retry_after: None }
    }
}
