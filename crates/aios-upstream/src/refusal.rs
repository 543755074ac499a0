//! What an error reply means: who is at fault, and when to come again.

use std::time::Duration;

use aios_core::AttemptOutcome;
use bytes::Bytes;
use http::HeaderMap;
use http::header::{DATE, RETRY_AFTER};
use serde_json::json;

use crate::fault::{ErrorReply, Failure};
use crate::observe::WholeFault;
use crate::quirks::{llamacpp, lmstudio, ollama};

/// A server that loads its model is asked again after this time.
const LOADING_PAUSE: Duration = Duration::from_secs(1);
/// Longest time for which an endpoint can ask to be left alone; clients ignore more than two minutes.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(120);

/// An error reply.
#[derive(Debug)]
pub(crate) struct Refused {
    status: u16,
    retry_after: Option<Duration>,
    body: Bytes,
}

impl Refused {
    pub(crate) fn new(status: u16, headers: &HeaderMap, body: Bytes) -> Self {
        Self { status, retry_after: retry_after(headers), body }
    }

    /// LM Studio has the model but has not loaded it.
    pub(crate) fn is_not_loaded(&self) -> bool {
        lmstudio::is_not_loaded(self.status, &self.body)
    }

    pub(crate) fn failure(self) -> Failure {
        let (outcome, detail) = self.judge();
        let mut failure = Failure::new(outcome, format!("{detail} (status {})", self.status));
        failure.retry_after = match outcome {
            AttemptOutcome::Loading => self.retry_after.or(Some(LOADING_PAUSE)),
            _ => self.retry_after,
        };
        if outcome == AttemptOutcome::CallerError {
            let body = ollama::wrap_error(self.status, &self.body);
            let body = body.or_else(|| in_shape(&self.body)).unwrap_or_else(|| plain(self.status));
            failure.reply = Some(ErrorReply { status: self.status, body });
        }
        failure
    }

    fn judge(&self) -> (AttemptOutcome, &'static str) {
        if llamacpp::is_loading(self.status, &self.body) || self.is_not_loaded() {
            return (AttemptOutcome::Loading, "it is still loading its model");
        }
        match self.status {
            429 => (AttemptOutcome::RateLimited, "it limits requests"),
            401 | 403 => (AttemptOutcome::AuthRefused, "it refused our API key"),
            404 if self.lacks_model() => {
                (AttemptOutcome::ModelMissing, "it does not have the configured model")
            }
            408 => (AttemptOutcome::FirstTokenTimeout, "it gave up waiting"),
            400..500 => (AttemptOutcome::CallerError, "it refused the request as invalid"),
            500.. => (AttemptOutcome::ServerError, "it failed"),
            _ => (AttemptOutcome::BadReply, "its reply has a status without meaning here"),
        }
    }

    fn lacks_model(&self) -> bool {
        const CODE: &[u8] = b"model_not_found";
        ollama::is_model_missing(self.status, &self.body)
            || memchr::memmem::find(&self.body, CODE).is_some()
    }
}

/// What is wrong with a whole reply, as a failure.
pub(crate) fn whole_fault(fault: WholeFault) -> Failure {
    let detail = fault.to_string();
    match fault {
        WholeFault::NotJson | WholeFault::NotAReply { .. } => {
            Failure::new(AttemptOutcome::BadReply, detail)
        }
        WholeFault::ErrorInReply { outcome, body, .. } => {
            let reply = Failure::reply_of_caller(outcome, body);
            Failure { reply, ..Failure::new(outcome, detail) }
        }
    }
}

/// The body itself where its error has all four keys; with the missing ones filled in where it has
/// some; nothing where it has no error object.
fn in_shape(body: &Bytes) -> Option<Bytes> {
    const KEYS: [&str; 4] = ["message", "type", "param", "code"];
    let mut json: serde_json::Value = serde_json::from_slice(body).ok()?;
    let error = json.get_mut("error")?.as_object_mut()?;
    if KEYS.iter().all(|key| error.contains_key(*key)) {
        return Some(body.clone());
    }
    error.entry("message").or_insert_with(|| "The model server refused the request.".into());
    error.entry("type").or_insert_with(|| "invalid_request_error".into());
    for key in KEYS {
        error.entry(key).or_insert(serde_json::Value::Null);
    }
    Some(json.to_string().into())
}

fn plain(status: u16) -> Bytes {
    let message = format!("The model server refused the request with status {status}.");
    let error = json!({
        "message": message, "type": "invalid_request_error", "param": null, "code": null,
    });
    json!({ "error": error }).to_string().into()
}

/// `retry-after-ms`, or `retry-after` in seconds or as a date (RFC 9110, 10.2.3). A date is held
/// against the reply's own, so that two clocks need not agree.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let date = |name: &str| httpdate::parse_http_date(text(name)?).ok();
    let millis =
        text("retry-after-ms").and_then(|text| text.parse().ok()).map(Duration::from_millis);
    let seconds = || {
        let seconds = text(RETRY_AFTER.as_str())?.parse::<f64>().ok()?;
        Duration::try_from_secs_f64(seconds).ok()
    };
    let until = || date(RETRY_AFTER.as_str())?.duration_since(date(DATE.as_str())?).ok();
    let wait = millis.or_else(seconds).or_else(until)?;
    Some(wait.min(RETRY_AFTER_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(status: u16, body: &'static str, expect: AttemptOutcome) -> Failure {
        let failure =
            Refused::new(status, &HeaderMap::new(), Bytes::from_static(body.as_bytes())).failure();
        assert_eq!(failure.outcome, expect, "{status} {body}");
        failure
    }

    #[test]
    fn a_refusal_is_somebodys_fault() {
        check(500, "oops", AttemptOutcome::ServerError);
        check(429, "", AttemptOutcome::RateLimited);
        check(401, "", AttemptOutcome::AuthRefused);
        check(302, "", AttemptOutcome::BadReply);
        check(
            404,
            r#"{"error":"model 'x' not found, try pulling it first"}"#,
            AttemptOutcome::ModelMissing,
        );
        check(404, r#"{"error":{"code":"model_not_found"}}"#, AttemptOutcome::ModelMissing);
        let loading = check(
            503,
            r#"{"error":{"code":503,"message":"Loading model"}}"#,
            AttemptOutcome::Loading,
        );
        assert_eq!(loading.retry_after, Some(LOADING_PAUSE));
    }

    #[test]
    fn a_callers_fault_reaches_the_caller_in_the_apis_shape() {
        let body = |status, body| {
            let failure = check(status, body, AttemptOutcome::CallerError);
            let reply = failure.reply.unwrap();
            let json: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
            json["error"]["message"].as_str().unwrap().to_owned()
        };
        assert_eq!(body(400, r#"{"error":{"message":"too hot"}}"#), "too hot");
        assert_eq!(body(422, r#"{"error":"bad shape"}"#), "bad shape");
        assert!(body(413, "<html>").contains("413"));
        let long = check(
            400,
            r#"{"error":{"code":"context_length_exceeded"}}"#,
            AttemptOutcome::CallerError,
        );
        assert!(long.is_too_long() && !long.trips());
        let long = check(
            400,
            r#"{"error":{"type":"exceed_context_size_error"}}"#,
            AttemptOutcome::CallerError,
        );
        assert!(long.is_too_long());
    }

    #[test]
    fn waits_are_read_in_every_form() {
        let date = (DATE, http::HeaderValue::from_static("Sun, 09 Sep 2001 01:46:40 GMT"));
        let wait = |name: &'static str, value: &str| {
            let wait = (http::HeaderName::from_static(name), value.parse().unwrap());
            let headers = HeaderMap::from_iter([wait, date.clone()]);
            retry_after(&headers)
        };
        assert_eq!(wait("retry-after", "3"), Some(Duration::from_secs(3)));
        assert_eq!(wait("retry-after-ms", "1500"), Some(Duration::from_millis(1_500)));
        assert_eq!(
            wait("retry-after", "Sun, 09 Sep 2001 01:46:50 GMT"),
            Some(Duration::from_secs(10))
        );
        assert_eq!(wait("retry-after", "86400"), Some(RETRY_AFTER_MAX));
        assert_eq!(wait("retry-after", "soon"), None);
        assert_eq!(wait("retry-after", "-1"), None);
    }
}
