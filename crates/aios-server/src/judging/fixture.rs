//! Lines of the log for tests that are about a few of their fields.

use aios_core::Event;
use serde_json::{Value, json};

/// The line of a request of these facts; all that they leave out is as usual.
pub(crate) fn response(facts: Value) -> String {
    let usual = json!({
        "event_type": "response", "schema_version": "2.0", "request_id": "req_1",
        "operation": "chat", "stream": false, "conv_id_source": "header", "msg_id": 1,
        "request_model": "aios-auto", "question": "?", "response": "!", "tier": "main",
        "source": "main", "bucket": "control", "boundary": 0.5, "weight": 0.7, "profile": "golden",
        "route_reason": "at_or_above_boundary", "propensity": 1.0, "attempts": [], "outcome": "ok",
        "status": 200, "latency_ms": 100.0, "overhead_ms": 0.1, "config_generation": 1,
        "config_hash": "0123456789ab",
    });
    line(usual, facts)
}

/// The line of what was said of an answer, in the same way.
pub(crate) fn feedback(facts: Value) -> String {
    let usual = json!({ "event_type": "feedback", "schema_version": "2.0", "source": "client" });
    line(usual, facts)
}

/// As the log writes it: its type stands first.
fn line(mut usual: Value, facts: Value) -> String {
    let Value::Object(facts) = facts else { panic!("facts are an object: {facts}") };
    facts.into_iter().for_each(|(key, value)| usual[key] = value);
    let event: Event = serde_json::from_value(usual).expect("the facts are those of an event");
    serde_json::to_string(&event).expect("an event's keys are text")
}
