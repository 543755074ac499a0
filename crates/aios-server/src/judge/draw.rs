//! Which answers are judged: chance alone chooses among those that a judge can see whole.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use aios_core::{EventId, FinishReason, Operation, Outcome, ResponseEvent};

/// Whether a judge could say something of it: a live answer that is there, whole, and more than a call to a tool.
pub(super) fn is_eligible(event: &ResponseEvent) -> bool {
    let is_text = match event.operation {
        Operation::Chat | Operation::Completions | Operation::Responses => true,
        Operation::Embeddings => false,
    };
    let is_whole = |text: &str| !text.trim().is_empty() && !text.ends_with('…');
    is_text
        && event.purpose.is_live()
        && event.outcome == Outcome::Ok
        && event.finish_reason != Some(FinishReason::ToolCalls)
        && is_whole(event.question.as_str())
        && is_whole(event.response.as_str())
}

/// Whether the lot falls on it. The id has random bytes that no client chooses.
pub(super) fn is_drawn(id: EventId, share: f64) -> bool {
    let mut hasher = DefaultHasher::new();
    id.as_bytes().hash(&mut hasher);
    (hasher.finish() as f64) < share * 2_f64.powi(64)
}

#[cfg(test)]
pub(super) mod tests {
    use aios_core::{Purpose, Timestamp};
    use serde_json::json;

    use super::*;

    pub(in crate::judge) fn event() -> ResponseEvent {
        let value = json!({
            "schema_version": "2.0", "event_id": "01900000-0000-7000-8000-000000000001",
            "ts": "2027-01-15T08:00:00Z", "request_id": "req_1", "operation": "chat", "stream": false,
            "conv_id": format!("c1_{:032x}", 1), "conv_id_source": "header", "msg_id": 1,
            "request_model": "aios-auto", "question": "Why?", "response": "So.", "source": "main",
            "tier": "main", "bucket": "control", "boundary": 0.5, "weight": 0.7, "profile": "golden",
            "route_reason": "at_or_above_boundary", "propensity": 1.0, "attempts": [],
            "outcome": "ok", "status": 200, "latency_ms": 1.0, "overhead_ms": 0.1,
            "config_generation": 1, "config_hash": "0",
        });
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn only_whole_live_answers_are_judged() {
        let check = |change: &dyn Fn(&mut ResponseEvent), expect: bool| {
            let mut event = event();
            change(&mut event);
            assert_eq!(is_eligible(&event), expect, "{event:?}");
        };
        check(&|_| {}, true);
        check(&|event| event.purpose = Purpose::Golden, false);
        check(&|event| event.outcome = Outcome::StreamCut, false);
        check(&|event| event.operation = Operation::Embeddings, false);
        check(&|event| event.finish_reason = Some(FinishReason::ToolCalls), false);
        check(&|event| event.response = Default::default(), false);
        check(&|event| event.question = serde_json::from_value(json!("Cut…")).unwrap(), false);
    }

    #[test]
    fn chance_draws_the_share_that_is_wanted() {
        let ids = (0..10_000_u32).map(|n| {
            let mut random = [0; 10];
            // Behind the bits that say what kind of id it is.
            random[4..8].copy_from_slice(&n.to_le_bytes());
            EventId::new(Timestamp::from_micros(1_800_000_000_000_000), random)
        });
        let ids: Vec<_> = ids.collect();
        let n = |share: f64| ids.iter().filter(|id| is_drawn(**id, share)).count();
        assert_eq!((n(0.0), n(1.0)), (0, 10_000));
        // Five standard deviations.
        assert!((390..=610).contains(&n(0.05)), "{}", n(0.05));
    }
}
