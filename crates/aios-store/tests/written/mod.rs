//! Lines of an event log, written by hand.

use aios_core::{Event, EventId};
use aios_privacy::Pseudonym;
use serde_json::json;

/// The `n`th conversation.
pub(crate) fn conversation(n: u32) -> Pseudonym {
    let digits = u128::from(n + 1) * 0x9e37_79b9_7f4a_7c15_f39c_c060;
    Pseudonym::parse(&format!("c1_{digits:032x}")).unwrap()
}

/// The line of an answer, with its newline. It is of the time that its id is of.
pub(crate) fn line(
    id: EventId,
    whose: &Pseudonym,
    response: &str,
    previous: Option<EventId>,
) -> String {
    let value = json!({
        "event_type": "response", "schema_version": "2.0", "ts": id.at(), "event_id": id,
        "request_id": format!("req_{id}"), "operation": "chat", "stream": true,
        "conv_id": whose, "conv_id_source": "header", "msg_id": 1, "previous": previous,
        "request_model": "aios-auto", "question": "How is the weather?", "response": response,
        "source": "main", "tier": "main", "bucket": "control", "boundary": 0.5, "weight": 0.7,
        "profile": "golden", "route_reason": "at_or_above_boundary", "propensity": 1.0,
        "attempts": [], "outcome": "ok", "status": 200, "latency_ms": 1.0, "overhead_ms": 0.1,
        "config_generation": 1, "config_hash": "0123456789ab",
    });
    let event: Event = serde_json::from_value(value).unwrap();
    serde_json::to_string(&event).unwrap() + "\n"
}
