//! An event as spans, named after OpenTelemetry's conventions for generative AI.
//!
//! What a prompt or an answer says never stands in a span.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use aios_core::{
    Attempt, AttemptOutcome, FinishReason, Operation, Outcome, ResponseEvent, Timestamp,
};
use aios_server::TraceContext;
use opentelemetry::trace::{
    SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState,
};
use opentelemetry::{InstrumentationScope, KeyValue, StringValue, Value};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};

/// The flavor of the API, not who runs the model.
const PROVIDER: &str = "openai";

/// This program's version, as it stands with every batch.
pub(super) fn version() -> KeyValue {
    KeyValue::new("service.version", env!("CARGO_PKG_VERSION"))
}

/// The request's span, then one for each call to an endpoint.
pub(super) fn of<'a>(
    event: &'a ResponseEvent,
    trace: &'a TraceContext,
) -> impl Iterator<Item = SpanData> + 'a {
    let attempts = event.attempts.iter().zip(1..);
    let calls = attempts.map(move |(attempt, number)| call_span(event, attempt, number, trace));
    std::iter::once(request_span(event, trace)).chain(calls)
}

fn request_span(event: &ResponseEvent, trace: &TraceContext) -> SpanData {
    SpanData {
        parent_span_id: trace.parent_id.map_or(SpanId::INVALID, SpanId::from_bytes),
        parent_span_is_remote: trace.parent_id.is_some(),
        status: match is_fault(event.outcome) {
            true => Status::error(event.error_code.clone().unwrap_or_default()),
            false => Status::Unset,
        },
        attributes: request_attributes(event),
        ..span(
            trace,
            trace.span_id,
            SpanKind::Server,
            name(event.operation, event.request_model.as_str()),
            (event.ts, 0.0, event.timings.latency_ms),
        )
    }
}

fn call_span(
    event: &ResponseEvent,
    attempt: &Attempt,
    number: u64,
    trace: &TraceContext,
) -> SpanData {
    // Differs from the request's span by its number alone, in bits that are random.
    let span_id = (u64::from_be_bytes(trace.span_id) ^ number).to_be_bytes();
    SpanData {
        parent_span_id: SpanId::from_bytes(trace.span_id),
        status: match attempt.outcome {
            AttemptOutcome::Ok | AttemptOutcome::Abandoned => Status::Unset,
            failed => Status::error(failed.name()),
        },
        attributes: call_attributes(event, attempt),
        ..span(
            trace,
            span_id,
            SpanKind::Client,
            name(event.operation, &attempt.model),
            (event.ts, attempt.started_ms, attempt.duration_ms),
        )
    }
}

fn span(
    trace: &TraceContext,
    span_id: [u8; 8],
    span_kind: SpanKind,
    name: String,
    (admitted_at, started_ms, duration_ms): (Timestamp, f64, f64),
) -> SpanData {
    let start_time = at(admitted_at) + millis(started_ms);
    SpanData {
        span_context: SpanContext::new(
            TraceId::from_bytes(trace.trace_id),
            SpanId::from_bytes(span_id),
            TraceFlags::SAMPLED,
            false,
            TraceState::NONE,
        ),
        parent_span_id: SpanId::INVALID,
        parent_span_is_remote: false,
        span_kind,
        name: Cow::Owned(name),
        start_time,
        end_time: start_time + millis(duration_ms),
        attributes: Vec::new(),
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links: SpanLinks::default(),
        status: Status::Unset,
        instrumentation_scope: InstrumentationScope::builder("aios").build(),
    }
}

fn request_attributes(event: &ResponseEvent) -> Vec<KeyValue> {
    let mut list = common(event.operation);
    let mut set = |key: &'static str, value: Value| list.push(KeyValue::new(key, value));
    set("gen_ai.request.model", text(event.request_model.as_str().to_owned()));
    set("gen_ai.conversation.id", text(event.conv_id.to_string()));
    set("http.response.status_code", Value::I64(event.status.into()));
    set("aios.event_id", text(event.event_id.to_string()));
    set("aios.tier", text(event.tier.name()));
    set("aios.bucket", text(event.bucket.name()));
    set("aios.boundary", Value::F64(event.boundary.get()));
    set("aios.route_reason", text(event.route_reason.name()));
    set("aios.outcome", text(event.outcome.name()));
    set("aios.simulated", Value::Bool(event.simulated));
    let tokens = |n: u64| Value::I64(i64::try_from(n).unwrap_or(i64::MAX));
    let first_ms = event.timings.time_to_first_token_ms.filter(|_| event.stream);
    let optional = [
        (
            "gen_ai.response.model",
            event.response_model.as_ref().map(|model| text(model.as_str().to_owned())),
        ),
        ("gen_ai.response.finish_reasons", event.finish_reason.map(finish_reasons)),
        ("gen_ai.usage.input_tokens", event.tokens.input_tokens.map(tokens)),
        ("gen_ai.usage.output_tokens", event.tokens.output_tokens.map(tokens)),
        ("gen_ai.response.time_to_first_chunk", first_ms.map(|ms| Value::F64(ms / 1e3))),
        ("aios.weight", event.weight.map(|weight| Value::F64(weight.get()))),
        ("aios.source", event.source.map(|tier| text(tier.name()))),
        ("error.type", event.error_code.clone().map(text)),
    ];
    for (key, value) in optional {
        value.into_iter().for_each(|value| set(key, value));
    }
    list
}

fn call_attributes(event: &ResponseEvent, attempt: &Attempt) -> Vec<KeyValue> {
    let mut list = common(event.operation);
    let mut set = |key: &'static str, value: Value| list.push(KeyValue::new(key, value));
    set("gen_ai.request.model", text(attempt.model.clone()));
    set("aios.endpoint", text(attempt.endpoint.clone()));
    set("aios.tier", text(attempt.tier.name()));
    set("aios.attempt.outcome", text(attempt.outcome.name()));
    if let Some(status) = attempt.status {
        set("http.response.status_code", Value::I64(status.into()));
    }
    if attempt.outcome != AttemptOutcome::Ok {
        set("error.type", text(attempt.outcome.name()));
    }
    list
}

fn common(operation: Operation) -> Vec<KeyValue> {
    let mut list = Vec::with_capacity(24);
    list.push(KeyValue::new("gen_ai.operation.name", operation_name(operation)));
    list.push(KeyValue::new("gen_ai.provider.name", PROVIDER));
    // The same under its former name, which many backends still look for.
    list.push(KeyValue::new("gen_ai.system", PROVIDER));
    let api = match operation {
        Operation::Chat => Some("chat_completions"),
        Operation::Responses => Some("responses"),
        Operation::Completions | Operation::Embeddings => None,
    };
    list.extend(api.map(|api| KeyValue::new("openai.api.type", api)));
    list
}

/// The convention's word; `chat` is both APIs that hold a conversation.
const fn operation_name(operation: Operation) -> &'static str {
    match operation {
        Operation::Chat | Operation::Responses => "chat",
        Operation::Completions => "text_completion",
        Operation::Embeddings => "embeddings",
    }
}

fn name(operation: Operation, model: &str) -> String {
    let operation = operation_name(operation);
    if model.is_empty() { operation.to_owned() } else { format!("{operation} {model}") }
}

fn finish_reasons(reason: FinishReason) -> Value {
    let word = match reason {
        FinishReason::Stop => "stop",
        FinishReason::Length => "length",
        FinishReason::ToolCalls => "tool_calls",
        FinishReason::ContentFilter => "content_filter",
        FinishReason::Other => "other",
    };
    Value::Array(vec![StringValue::from(word)].into())
}

/// Whether the outcome is to be laid to this side: what the caller did wrong is no error of a server.
const fn is_fault(outcome: Outcome) -> bool {
    match outcome {
        Outcome::Ok | Outcome::CallerError | Outcome::ClientCancelled => false,
        Outcome::UpstreamError
        | Outcome::Timeout
        | Outcome::StreamCut
        | Outcome::Overloaded
        | Outcome::InternalError => true,
    }
}

fn text(value: impl Into<StringValue>) -> Value {
    Value::String(value.into())
}

fn at(moment: Timestamp) -> SystemTime {
    SystemTime::UNIX_EPOCH + moment.since(Timestamp::from_micros(0))
}

fn millis(ms: f64) -> Duration {
    Duration::try_from_secs_f64(ms / 1e3).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use aios_core::{EventId, Timestamp};
    use serde_json::{Value as Json, json};

    use super::*;

    const TRACE: TraceContext = TraceContext {
        trace_id: [0x4b; 16],
        span_id: [0xa7; 8],
        parent_id: Some([0xf0; 8]),
        sampled: true,
    };

    /// Two calls, the second one a success; `change` is laid over it.
    fn spans(change: &Json) -> Vec<SpanData> {
        let at = Timestamp::from_micros(1_800_000_000_000_000);
        let mut event = json!({
            "schema_version": "2.0", "event_id": EventId::new(at, [7; 10]), "ts": at,
            "request_id": "req_1", "operation": "chat", "stream": true,
            "conv_id": "c1_00000000000000000000000000000001", "conv_id_source": "header",
            "msg_id": 1, "request_model": "aios-auto", "response_model": "large-1",
            "question": "Why?", "response": "Therefore.", "source": "embedder", "tier": "main",
            "bucket": "control", "boundary": 0.5, "weight": 0.71, "profile": "golden",
            "route_reason": "at_or_above_boundary", "propensity": 1.0,
            "attempts": [
                { "endpoint": "main-1", "tier": "main", "model": "large-1", "started_ms": 0.5,
                  "duration_ms": 20.5, "outcome": "server_error", "status": 500 },
                { "endpoint": "embedder-1", "tier": "embedder", "model": "small-1",
                  "started_ms": 21.0, "duration_ms": 120.5, "outcome": "ok", "status": 200 },
            ],
            "outcome": "ok", "status": 200, "finish_reason": "tool_calls", "latency_ms": 141.75,
            "time_to_first_token_ms": 60.5, "overhead_ms": 0.25, "input_tokens": 12,
            "output_tokens": 99, "config_generation": 1, "config_hash": "0123456789ab",
        });
        for (key, value) in change.as_object().unwrap() {
            event[key] = value.clone();
        }
        let event: ResponseEvent = serde_json::from_value(event).unwrap();
        of(&event, &TRACE).collect()
    }

    fn attribute(span: &SpanData, key: &str) -> Option<String> {
        let found = span.attributes.iter().find(|attribute| attribute.key.as_str() == key)?;
        Some(found.value.to_string())
    }

    #[test]
    fn a_request_is_a_span_in_the_callers_trace_and_calls_are_below_it() {
        let spans = spans(&json!({}));
        let names: Vec<&str> = spans.iter().map(|span| &*span.name).collect();
        assert_eq!(names, ["chat aios-auto", "chat large-1", "chat small-1"]);
        let [request, first, second] = &spans[..] else { panic!("{names:?}") };
        let own = SpanId::from_bytes(TRACE.span_id);
        assert_eq!(request.span_context.span_id(), own);
        assert_eq!(request.parent_span_id, SpanId::from_bytes([0xf0; 8]));
        assert!(request.parent_span_is_remote && !first.parent_span_is_remote);
        assert_eq!((&request.span_kind, &first.span_kind), (&SpanKind::Server, &SpanKind::Client));
        assert_eq!((first.parent_span_id, second.parent_span_id), (own, own));
        let ids: HashSet<_> = spans.iter().map(|span| span.span_context.span_id()).collect();
        assert_eq!(ids.len(), 3, "{ids:?}");
        assert!(spans.iter().all(|span| span.span_context.is_valid()));
    }

    #[test]
    fn times_are_the_events_own() {
        let spans = spans(&json!({}));
        let micros = |at: SystemTime| {
            let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_micros();
            since - 1_800_000_000_000_000
        };
        let times = spans.iter().map(|span| (micros(span.start_time), micros(span.end_time)));
        assert_eq!(times.collect::<Vec<_>>(), [(0, 141_750), (500, 21_000), (21_000, 141_500)]);
    }

    #[test]
    fn attributes_have_the_conventions_names() {
        let spans = spans(&json!({}));
        for (key, value) in [
            ("gen_ai.operation.name", "chat"),
            ("gen_ai.provider.name", "openai"),
            ("gen_ai.request.model", "aios-auto"),
            ("gen_ai.response.model", "large-1"),
            ("gen_ai.response.finish_reasons", "[\"tool_calls\"]"),
            ("gen_ai.usage.input_tokens", "12"),
            ("gen_ai.usage.output_tokens", "99"),
            ("gen_ai.response.time_to_first_chunk", "0.0605"),
            ("gen_ai.conversation.id", "c1_00000000000000000000000000000001"),
            ("http.response.status_code", "200"),
            ("aios.tier", "main"),
            ("aios.source", "embedder"),
            ("aios.weight", "0.71"),
        ] {
            assert_eq!(attribute(&spans[0], key).as_deref(), Some(value), "{key}");
        }
        assert_eq!(attribute(&spans[0], "error.type"), None);
        assert_eq!(attribute(&spans[1], "error.type").as_deref(), Some("server_error"));
        assert_eq!(attribute(&spans[1], "aios.endpoint").as_deref(), Some("main-1"));
        assert_eq!(attribute(&spans[1], "http.response.status_code").as_deref(), Some("500"));
        assert_eq!(attribute(&spans[2], "error.type"), None);
    }

    #[test]
    fn only_a_fault_of_ours_is_an_error() {
        for outcome in Outcome::ALL {
            let change = json!({ "outcome": outcome, "error_code": "why" });
            let status = spans(&change).remove(0).status;
            let expected = match outcome {
                Outcome::Ok | Outcome::CallerError | Outcome::ClientCancelled => Status::Unset,
                _ => Status::error("why"),
            };
            assert_eq!(status, expected, "{outcome:?}");
        }
    }

    #[test]
    fn a_request_without_a_model_is_named_after_its_operation() {
        for (operation, name) in [
            ("responses", "chat"),
            ("completions", "text_completion"),
            ("embeddings", "embeddings"),
        ] {
            let spans = spans(&json!({ "operation": operation, "request_model": "" }));
            assert_eq!(spans[0].name, name);
        }
    }

    #[test]
    fn no_text_is_in_a_span() {
        let all = format!("{:?}", spans(&json!({})));
        assert!(all.contains("aios-auto") && !all.contains("Why?") && !all.contains("Therefore."));
    }
}
