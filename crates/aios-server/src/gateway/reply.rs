//! Builds the HTTP response: status, headers, body.

use std::time::Duration;

use aios_core::{Attempt, EventId, Operation, Outcome, RequestId};
use aios_store::Commit;
use aios_upstream::{Reply, StreamReply, WholeReply};
use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
};
use http::{HeaderMap, Request, Response, StatusCode};
use tokio::time::Instant;

use super::errors::{ErrorAnswer, GatewayError};
use super::record::{Ending, Record};
use super::relay::{Relay, ReplyBody};
use super::{Gateway, heavy};
use crate::clients::{Rate, Rates};

const JSON: HeaderValue = HeaderValue::from_static("application/json");
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Room for the headers of an answer, so that the map is made once.
const HEADERS_EXPECTED: usize = 24;
const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");

/// A response, and what it has to wait for before it may go out.
///
/// Made without any waiting, so that a record and a reply are not carried through one future after the
/// other.
pub(crate) struct Answer {
    response: Response<ReplyBody>,
    commit: Option<Commit>,
}

impl Answer {
    /// Writes the event.
    fn finished(mut record: Record, ending: &Ending, response: Response<ReplyBody>) -> Self {
        Self { response, commit: record.finish(ending).filter(Commit::needs_wait) }
    }

    /// With `events.sync = "always"` the answer waits until its event is on disk.
    pub(crate) async fn settled(self) -> Response<ReplyBody> {
        let Some(commit) = self.commit else {
            // As where requests are sent on: answers that are ready together wake a client once.
            tokio::task::yield_now().await;
            return self.response;
        };
        match Box::pin(commit.durable()).await {
            Ok(()) => self.response,
            Err(error) => error_response(&GatewayError::EventNotKept { why: error.to_string() }),
        }
    }
}

/// The answer of a model.
pub(crate) fn answered(record: Record, reply: Reply) -> Answer {
    match reply {
        Reply::Whole(whole) => whole_answer(record, *whole),
        Reply::Stream(stream) => Answer { response: stream_answer(record, stream), commit: None },
    }
}

fn whole_answer(mut record: Record, mut whole: WholeReply) -> Answer {
    if let Some(mut filter) = record.facts_mut().reply_filter.take() {
        let filtered = heavy::on(whole.body.len(), || filter.whole(&whole.body));
        filter.report(&record.gateway().metrics);
        match filtered {
            Ok(body) => {
                whole.body = body;
                whole.observed.text = filter.seen(&whole.observed.text);
            }
            Err(error) => return failed(record, &error),
        }
    }
    let facts = record.facts_mut();
    facts.status = whole.status;
    facts.observed = Some(whole.observed);
    facts.answered = Some(whole.answered);
    let mut response = Response::new(ReplyBody::whole(whole.body));
    *response.status_mut() = StatusCode::from_u16(whole.status).unwrap_or(StatusCode::OK);
    let headers = response.headers_mut();
    headers.reserve(HEADERS_EXPECTED);
    headers.insert(CONTENT_TYPE, whole.content_type.unwrap_or(JSON));
    provenance(headers, &record);
    if let Some(usd) = record.cost_usd() {
        insert(headers, names::COST_USD, &usd.to_string());
    }
    Answer::finished(record, &Ending::OK, response)
}

fn stream_answer(mut record: Record, stream: Box<StreamReply>) -> Response<ReplyBody> {
    let facts = record.facts_mut();
    facts.status = StatusCode::OK.as_u16();
    facts.answered = Some(std::sync::Arc::clone(stream.answered()));
    let mut headers = HeaderMap::with_capacity(HEADERS_EXPECTED);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    // Tells nginx and its kin not to collect the stream.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    provenance(&mut headers, &record);
    let mut response = Response::new(ReplyBody::stream(Relay::new(record, stream)));
    *response.headers_mut() = headers;
    response
}

/// An admitted request that failed before its first byte.
pub(crate) fn failed(mut record: Record, error: &GatewayError) -> Answer {
    let mut response = error_response(error);
    // Who left in the middle of the body gets to see no status.
    if !matches!(error, GatewayError::BodyLost) {
        record.facts_mut().status = response.status().as_u16();
    }
    provenance(response.headers_mut(), &record);
    Answer::finished(record, &Ending::from(error), response)
}

/// A request in whose handling we panicked.
pub(crate) fn panicked(mut record: Record) -> Answer {
    let mut response = error_response(&GatewayError::Internal);
    record.facts_mut().status = response.status().as_u16();
    provenance(response.headers_mut(), &record);
    Answer::finished(record, &Ending::failed(Outcome::InternalError, "panic"), response)
}

/// A request that was not admitted: no event, but a count.
pub(crate) fn refusal<B>(
    gateway: &Gateway,
    request: &Request<B>,
    error: &GatewayError,
) -> Response<ReplyBody> {
    gateway.metrics.refused(error.code());
    let mut response = error_response(error);
    if let GatewayError::MethodNotAllowed { allowed } = error {
        insert(response.headers_mut(), http::header::ALLOW, allowed);
    }
    if matches!(error, GatewayError::ClientLimited { .. })
        && let Ok(Some(meter)) = gateway.live.load().clients.authenticate(request.headers())
    {
        rate_limits(response.headers_mut(), &meter.rates(Instant::now()));
    }
    response
}

fn error_response(error: &GatewayError) -> Response<ReplyBody> {
    let ErrorAnswer { status, body, retry_after, should_retry } = error.answer();
    let mut response = json(status, body);
    let headers = response.headers_mut();
    if let Some(wait) = retry_after {
        retry_headers(headers, wait);
    }
    if matches!(error, GatewayError::Unauthorized { .. }) {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if let Some(should) = should_retry {
        headers
            .insert(SHOULD_RETRY, HeaderValue::from_static(if should { "true" } else { "false" }));
    }
    response
}

/// A JSON body.
pub(crate) fn json(status: StatusCode, body: Bytes) -> Response<ReplyBody> {
    let mut response = Response::new(ReplyBody::whole(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    response
}

/// Says in the headers which request was answered.
pub(crate) fn name_request(response: &mut Response<ReplyBody>, id: &RequestId) {
    insert(response.headers_mut(), REQUEST_ID, id.as_str());
}

/// A plain text.
pub(crate) fn text(body: &'static str) -> Response<ReplyBody> {
    let mut response = Response::new(ReplyBody::whole(Bytes::from_static(body.as_bytes())));
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, plain);
    response
}

/// Whole seconds for everyone, milliseconds for the clients that read them.
fn retry_headers(headers: &mut HeaderMap, wait: Duration) {
    headers.insert(RETRY_AFTER, HeaderValue::from(wait.as_millis().div_ceil(1000).max(1) as u64));
    headers.insert("retry-after-ms", HeaderValue::from(wait.as_millis() as u64));
}

/// Says where the answer comes from and why.
fn provenance(headers: &mut HeaderMap, record: &Record) {
    let facts = record.facts();
    insert(headers, REQUEST_ID, facts.request_id.as_str());
    insert(headers, names::EVENT_ID, facts.event_id.encode(&mut [0; EventId::LENGTH]));
    headers.insert(names::ATTEMPTS, HeaderValue::from(record.attempts.len()));
    headers.insert(names::OPENAI_VERSION, HeaderValue::from_static("2020-10-01"));
    if let Some(route) = &facts.route {
        let tier = facts.answered.as_ref().map_or(route.tier, |answered| answered.tier);
        headers.insert(names::ROUTE, HeaderValue::from_static(tier.name()));
        headers.insert(names::BUCKET, HeaderValue::from_static(route.bucket.name()));
        headers.insert(names::REASON, HeaderValue::from_static(route.reason.name()));
        if let Some(weight) = route.weight {
            let mut text = String::with_capacity(8);
            push_decimal::<4>(&mut text, weight.get());
            insert(headers, names::WEIGHT, &text);
            insert(headers, names::BOUNDARY, &route.boundary.to_string());
        }
        if route.tier != tier {
            headers.insert(names::FALLBACK, HeaderValue::from_static("true"));
        }
    }
    if let Some(answered) = &facts.answered {
        insert(headers, names::MODEL, &answered.model);
        insert(headers, names::ENDPOINT, &answered.endpoint);
        if answered.simulated {
            headers.insert(names::SIMULATED, HeaderValue::from_static("true"));
        }
    }
    if let Some(memory) = &facts.memory {
        insert(headers, names::MEMORY, &memory.header());
    }
    timing(headers, record);
    if let Some(admission) = record.admission() {
        rate_limits(headers, &admission.meter().rates(Instant::now()));
    }
}

/// `server-timing` splits the time so far into the endpoints' share and ours, as the event does: pauses between
/// attempts are theirs.
fn timing(headers: &mut HeaderMap, record: &Record) {
    let total_ms = record.admitted_at().elapsed().as_secs_f64() * 1e3;
    let span = Attempt::span_ms(&record.attempts);
    let upstream_ms = span.map_or(0.0, |(start, end)| end - start);
    let own_ms = (total_ms - upstream_ms).max(0.0);
    let mut value = String::with_capacity(64);
    for (part, ms) in
        [("aios;dur=", own_ms), (", upstream;dur=", upstream_ms), (", total;dur=", total_ms)]
    {
        value.push_str(part);
        push_decimal::<3>(&mut value, ms);
    }
    insert(headers, names::SERVER_TIMING, &value);
    headers.insert(names::OPENAI_PROCESSING_MS, HeaderValue::from(total_ms as u64));
}

/// Appends a number of 0 or more, rounded to so many decimals: far cheaper than the exact formatting of
/// the standard library, which no header needs.
fn push_decimal<const PLACES: usize>(text: &mut String, number: f64) {
    const ROOM: usize = 24;
    let mut digits = [b'0'; ROOM];
    let mut rest = (number * 10_u64.pow(PLACES as u32) as f64).round() as u64;
    let mut start = ROOM;
    while rest > 0 || start >= ROOM - PLACES - 1 {
        start -= 1;
        if start + PLACES + 1 == ROOM {
            digits[start] = b'.';
            continue;
        }
        digits[start] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    text.push_str(std::str::from_utf8(&digits[start..]).unwrap_or_default());
}

fn rate_limits(headers: &mut HeaderMap, rates: &Rates) {
    for (what, rate) in [("requests", &rates.requests), ("tokens", &rates.tokens)] {
        if let Some(rate) = rate {
            rate_limit(headers, what, rate);
        }
    }
}

fn rate_limit(headers: &mut HeaderMap, what: &str, rate: &Rate) {
    let values = [
        ("limit", rate.limit.to_string()),
        ("remaining", rate.remaining.to_string()),
        ("reset", go_duration(rate.reset)),
    ];
    for (kind, value) in values {
        if let Ok(name) = HeaderName::try_from(format!("x-ratelimit-{kind}-{what}")) {
            insert(headers, name, &value);
        }
    }
}

/// OpenAI prints resets as `12ms`, `1.5s`, `6m0s`.
fn go_duration(duration: Duration) -> String {
    match duration.as_millis() {
        millis @ 0..1_000 => format!("{millis}ms"),
        1_000..60_000 => format!("{}s", duration.as_secs_f64()),
        _ => format!("{}m{}s", duration.as_secs() / 60, duration.as_secs() % 60),
    }
}

/// Made once, at compile time: reading a name costs more than inserting it.
mod names {
    use http::header::HeaderName;

    pub(super) const OPENAI_PROCESSING_MS: HeaderName =
        HeaderName::from_static("openai-processing-ms");
    pub(super) const OPENAI_VERSION: HeaderName = HeaderName::from_static("openai-version");
    pub(super) const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");
    pub(super) const ATTEMPTS: HeaderName = HeaderName::from_static("x-aios-attempts");
    pub(super) const BOUNDARY: HeaderName = HeaderName::from_static("x-aios-boundary");
    pub(super) const BUCKET: HeaderName = HeaderName::from_static("x-aios-bucket");
    pub(super) const COST_USD: HeaderName = HeaderName::from_static("x-aios-cost-usd");
    pub(super) const ENDPOINT: HeaderName = HeaderName::from_static("x-aios-endpoint");
    pub(super) const EVENT_ID: HeaderName = HeaderName::from_static("x-aios-event-id");
    pub(super) const FALLBACK: HeaderName = HeaderName::from_static("x-aios-fallback");
    pub(super) const MEMORY: HeaderName = HeaderName::from_static(super::super::memory::HEADER);
    pub(super) const MODEL: HeaderName = HeaderName::from_static("x-aios-model");
    pub(super) const REASON: HeaderName = HeaderName::from_static("x-aios-reason");
    pub(super) const ROUTE: HeaderName = HeaderName::from_static("x-aios-route");
    pub(super) const SIMULATED: HeaderName = HeaderName::from_static("x-aios-simulated");
    pub(super) const WEIGHT: HeaderName = HeaderName::from_static("x-aios-weight");
}

/// Inserts a value unless it has bytes that no header may have.
fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// The frame that ends a stream which broke after its first bytes: an error object, no `[DONE]`.
/// Official clients raise on it; a stream that just ends they take as whole.
pub(crate) fn error_frame(operation: Operation, message: &str, code: &str) -> Bytes {
    let error = serde_json::json!({
        "message": message, "type": "server_error", "param": null, "code": code,
    });
    let frame = match operation {
        Operation::Responses => {
            let event = serde_json::json!({
                "type": "error", "code": code, "message": message, "param": null,
                "sequence_number": 0, "error": error,
            });
            format!("event: error\ndata: {event}\n\n")
        }
        Operation::Chat | Operation::Completions | Operation::Embeddings => {
            format!("data: {}\n\n", serde_json::json!({ "error": error }))
        }
    };
    Bytes::from(frame)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_rounded_and_padded() {
        fn check<const PLACES: usize>(number: f64, expect: &str) {
            let mut text = String::new();
            push_decimal::<PLACES>(&mut text, number);
            assert_eq!(text, expect);
        }
        check::<3>(-0.0, "0.000");
        check::<3>(0.0104, "0.010");
        check::<3>(1.0625, "1.063");
        check::<3>(12.0004, "12.000");
        check::<3>(120_000.5, "120000.500");
        check::<3>(f64::INFINITY, "18446744073709551.615");
        check::<4>(0.99996, "1.0000");
    }

    #[test]
    fn resets_print_as_openai_prints_them() {
        let print = |millis| go_duration(Duration::from_millis(millis));
        assert_eq!([print(12), print(1_500), print(360_000)], ["12ms", "1.5s", "6m0s"]);
    }

    #[test]
    fn an_error_frame_is_one_event_with_a_whole_error() {
        let frame = error_frame(Operation::Chat, "gone", "upstream_stream_cut");
        let text = std::str::from_utf8(&frame).unwrap();
        let json = text.strip_prefix("data: ").unwrap().strip_suffix("\n\n").unwrap();
        let value: serde_json::Value = serde_json::from_str(json).unwrap();
        assert_eq!(value["error"]["code"], "upstream_stream_cut");
        assert!(value["error"].as_object().unwrap().contains_key("param"));
    }
}
