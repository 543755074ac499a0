//! Events for tests.

use std::sync::Mutex;

use aios_core::{Event, EventId, Progress, ResponseEvent, Timestamp};
use aios_memory::{Kind, Validity};
use aios_privacy::{Policy, Pseudonym, RedactedText, Redactor, Remembered};
use serde_json::json;

use crate::log::line::Line;
use crate::{AuditAction, Home, NewFragment, SegmentId, StoreError};

/// What conversation `n` said, as it is remembered.
pub(crate) fn fragment(n: u64, ts: Timestamp, text: &str) -> NewFragment {
    NewFragment {
        home: Home::Conversation(conversation(n)),
        subject: None,
        id: None,
        session: 0,
        kind: Kind::Turn,
        speaker: None,
        text: Remembered::new(&Policy::default(), &Redactor::default(), text).unwrap(),
        ts,
        valid: Validity::default(),
        source: "test",
    }
}

/// For a hold that nobody puts on record.
pub(crate) fn unrecorded(_: AuditAction) -> Result<(), StoreError> {
    Ok(())
}

/// A typical event, told apart by its number.
pub(crate) fn event(n: u64) -> Event {
    event_at(Timestamp::from_micros(1_800_000_000_000_000 + n as i64 * 1_000_000), n)
}

/// The same at another time.
pub(crate) fn event_at(at: Timestamp, n: u64) -> Event {
    let id = EventId::new(at, [n as u8; 10]);
    let value = json!({
        "event_type": "response", "schema_version": "2.0", "event_id": id, "ts": at,
        "request_id": format!("req_{n}"), "operation": "chat", "stream": true,
        "conv_id": conversation(n), "conv_id_source": "header", "msg_id": 1,
        "request_model": "aios-auto", "response_model": "large-1",
        "question": format!("Question {n}: what is over the \"sea\"?\nThe second line."),
        "response": format!("Über the sea is the sky. {}", "It is blue. ".repeat(40)),
        "source": "embedder", "tier": "main", "bucket": "control", "boundary": 0.5, "weight": 0.71,
        "weight_terms": { "length": 0.4, "why": 0.31 }, "profile": "golden",
        "route_reason": "at_or_above_boundary", "propensity": 1.0,
        "attempts": [
            { "endpoint": "main-1", "tier": "main", "model": "large-1", "started_ms": 0.2,
              "duration_ms": 20.5, "outcome": "server_error", "status": 500 },
            { "endpoint": "embedder-1", "tier": "embedder", "model": "small-1", "started_ms": 21.0,
              "duration_ms": 120.5, "outcome": "ok", "status": 200 },
        ],
        "outcome": "ok", "status": 200, "finish_reason": "stop", "latency_ms": 141.75,
        "time_to_first_token_ms": 60.5, "overhead_ms": 0.25, "input_tokens": 12, "output_tokens": 99,
        "redactions": { "email": 1 }, "config_generation": 1, "config_hash": "0123456789abcdef",
    });
    serde_json::from_value(value).expect("the fixture is an event")
}

/// The same, as what it is.
pub(crate) fn response(n: u64) -> ResponseEvent {
    event(n).response().expect("the fixture is a response").clone()
}

/// What event `n`'s client said of its answer two seconds later.
pub(crate) fn feedback(n: u64, score: f64) -> Event {
    let about = event(n);
    let at = about.at().plus(std::time::Duration::from_secs(2));
    let value = json!({
        "event_type": "feedback", "schema_version": "2.0",
        "event_id": EventId::new(at, [n as u8 ^ 0x80; 10]), "ts": at, "about": about.id(),
        "conv_id": conversation(n), "source": "client", "score": score, "comment": "It is not blue.",
    });
    serde_json::from_value(value).expect("the fixture is an event")
}

/// What the traffic came to say to a hypothesis.
pub(crate) fn hypothesis(n: u64) -> Event {
    let at = event(n).at();
    let value = json!({
        "event_type": "hypothesis", "schema_version": "2.0",
        "event_id": EventId::new(at, [n as u8 ^ 0x40; 10]), "ts": at, "name": "treatment_latency",
        "statement": "treatment is not slower", "finding": "supported", "before": "inconclusive",
        "since": at, "n_pairs": 400, "effect": -0.02, "interval": [-0.1, 0.05], "log_e_for": 6.5,
        "log_e_against": -3.0, "by_lot": true,
    });
    serde_json::from_value(value).expect("the fixture is an event")
}

/// The conversation of event `n`.
pub(crate) fn conversation(n: u64) -> Pseudonym {
    Pseudonym::parse(&format!("c1_{n:032x}")).expect("the fixture is a pseudonym")
}

/// The line of event `n`, with its newline.
pub(crate) fn line(n: u64) -> String {
    serde_json::to_string(&event(n)).expect("an event's keys are text") + "\n"
}

/// These bytes as the line of an event of that time, of which nothing is told.
pub(crate) fn log_line(bytes: &[u8], at: Timestamp) -> Line<'_> {
    let begins = SegmentId::of_first(at, event(0).id());
    Line { bytes, at, begins, row: &[], said: None }
}

/// A text in which nothing is to be masked.
pub(crate) fn safe(text: &str) -> RedactedText {
    Redactor::new(&[]).redact(text).text
}

/// Somebody who is shown how long work goes, and remembers it.
#[derive(Debug, Default)]
pub(crate) struct Watcher(Mutex<Seen>);

/// What was shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) n_all: u64,
    pub(crate) n_done: u64,
    /// How often something began, and ended.
    pub(crate) n_begun: u64,
    pub(crate) n_ended: u64,
}

impl Watcher {
    pub(crate) fn seen(&self) -> Seen {
        *self.0.lock().unwrap()
    }
}

impl Progress for Watcher {
    fn begin(&self, n: u64) {
        let mut seen = self.0.lock().unwrap();
        (seen.n_all, seen.n_begun) = (seen.n_all + n, seen.n_begun + 1);
    }

    fn advance(&self, n: u64) {
        self.0.lock().unwrap().n_done += n;
    }

    fn end(&self) {
        self.0.lock().unwrap().n_ended += 1;
    }
}
