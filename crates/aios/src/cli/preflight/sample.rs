//! An event for the check of the event log.

use aios_core::{
    BOUNDARY_DEFAULT, Bucket, Clock, ConversationSource, Event, EventId, Operation, Outcome,
    Profile, Purpose, ResponseEvent, RouteReason, SCHEMA_VERSION, Tier, Timestamp, Timings, Tokens,
};
use aios_privacy::{KeyMaterial, Pseudonymizer, Redacted, Redactor};

use crate::clock::SystemClock;

/// A typical event. Its key is no deployment's, so it can be taken for nobody's conversation.
pub(super) fn event() -> Event {
    // To the millisecond, as it is stored.
    let ts = Timestamp::from_micros(SystemClock.now().as_micros() / 1_000 * 1_000);
    let pseudonyms = Pseudonymizer::new(1, &KeyMaterial::new([0; 32]));
    let redactor = Redactor::default();
    let redact = |text: &str| redactor.redact(text).text;
    let Redacted { text: question, counts: redactions, .. } =
        redactor.redact("Is jo.doe@example.com mine?");
    Event::Response(Box::new(ResponseEvent {
        schema_version: SCHEMA_VERSION.into(),
        event_id: EventId::new(ts, [0; 10]),
        ts,
        request_id: redact("preflight"),
        operation: Operation::Chat,
        purpose: Purpose::Live,
        stream: false,
        conv_id: pseudonyms.conversation(&[b"preflight"]),
        conv_id_source: ConversationSource::Derived,
        subject: None,
        msg_id: 1,
        previous: None,
        asked_again: false,
        client: None,
        request_model: redact("aios-auto"),
        response_model: None,
        model_mismatch: false,
        question,
        response: redact("Yes.\nIt is."),
        source: Some(Tier::Embedder),
        tier: Tier::Embedder,
        bucket: Bucket::Control,
        boundary: BOUNDARY_DEFAULT,
        weight: None,
        weight_terms: [("trivial".into(), -0.1)].into(),
        profile: Profile::Golden,
        route_reason: RouteReason::BelowBoundary,
        propensity: 1.0,
        attempts: vec![],
        outcome: Outcome::Ok,
        error_code: None,
        status: 200,
        finish_reason: None,
        timings: Timings { latency_ms: 0.1, time_to_first_token_ms: None, overhead_ms: 0.1 },
        tokens: Tokens::default(),
        cost_usd: None,
        memory_fragments: vec![],
        memory: None,
        redactions,
        config_generation: 1,
        config_hash: "preflight".to_owned(),
        simulated: true,
    }))
}
