use aios_privacy::{PiiKind, Pseudonym, RedactedText, RedactionCounts};
use proptest::prelude::*;
use serde_json::{from_value, json};

use super::*;
use crate::{
    Boundary, Bucket, ConversationSource, FinishReason, MemoryOutcome, MemoryUse, Operation,
    Outcome, Profile, Purpose, RouteReason, Tier, Timestamp, Timings, Tokens, Weight,
};

fn redacted(text: &str) -> RedactedText {
    from_value(json!(text)).unwrap()
}

fn pseudonym(letter: char, n: u64) -> Pseudonym {
    Pseudonym::parse(&format!("{letter}1_{n:032x}")).unwrap()
}

/// An event in which `n` chooses what is there, and `texts` are what is said.
fn event(n: u64, texts: &[String; 4]) -> Event {
    let has = |bit: u32| n >> bit & 1 == 1;
    let number = |bit: u32| (n >> bit) as f64 / 1000.0;
    let mut redactions = RedactionCounts::default();
    if has(0) {
        redactions.add(PiiKind::Email);
    }
    let attempt = Attempt {
        endpoint: texts[2].clone(),
        tier: Tier::Embedder,
        model: texts[3].clone(),
        started_ms: number(5),
        duration_ms: f64::NAN,
        outcome: crate::AttemptOutcome::Ok,
        status: has(1).then_some(200),
    };
    Event::Response(Box::new(ResponseEvent {
        schema_version: "2.0".into(),
        event_id: EventId::new(Timestamp::from_micros((n >> 20) as i64), [n as u8; 10]),
        ts: Timestamp::from_micros((n >> 12) as i64),
        request_id: redacted("req_1"),
        operation: Operation::ALL[(n % 4) as usize],
        purpose: Purpose::ALL[(n >> 20) as usize % 4],
        stream: has(2),
        conv_id: pseudonym('c', n),
        conv_id_source: if has(3) { ConversationSource::Derived } else { ConversationSource::User },
        subject: has(3).then(|| pseudonym('s', n)),
        msg_id: n as u32,
        previous: has(4).then(|| EventId::new(Timestamp::from_micros(n as i64), [3; 10])),
        asked_again: has(4),
        client: has(4).then(|| texts[3].clone()),
        request_model: redacted(&texts[2]),
        response_model: has(5).then(|| redacted(&texts[3])),
        model_mismatch: has(6),
        question: redacted(&texts[0]),
        response: redacted(&texts[1]),
        source: has(7).then_some(Tier::Main),
        tier: Tier::ALL[(n % 2) as usize],
        bucket: Bucket::ALL[(n % 2) as usize],
        boundary: Boundary::new(0.5).unwrap(),
        weight: has(8).then(|| Weight::new(0.123_456_789).unwrap()),
        weight_terms: if has(9) {
            [("length".into(), number(3)), ("trivial".into(), -3.0)].into()
        } else {
            [].into()
        },
        profile: if has(10) { Profile::Golden } else { Profile::Traffic },
        route_reason: RouteReason::BelowBoundary,
        propensity: 1.0,
        attempts: vec![attempt; (n % 3) as usize],
        outcome: Outcome::ALL[(n % 8) as usize],
        error_code: has(11).then(|| "a_code".to_owned()),
        status: 200,
        finish_reason: has(12).then_some(FinishReason::ToolCalls),
        timings: Timings {
            latency_ms: number(13),
            time_to_first_token_ms: has(13).then_some(1e-7),
            overhead_ms: 1e21,
        },
        tokens: Tokens {
            input_tokens: has(14).then_some(n),
            output_tokens: has(15).then_some(0),
            tokens_estimated: has(16),
        },
        cost_usd: has(17).then_some(0.000_025),
        memory_fragments: if has(18) { texts[2..].to_vec() } else { Vec::new() },
        memory: has(20).then(|| MemoryUse {
            outcome: MemoryOutcome::Withheld,
            is_degraded: has(21),
            propensity: 0.05,
        }),
        redactions,
        config_generation: n,
        config_hash: "0123456789abcdef".into(),
        simulated: has(19),
    }))
}

fn line(event: &Event) -> String {
    let mut line = Vec::new();
    event.write_line(&mut line);
    String::from_utf8(line).unwrap()
}

proptest! {
    #[test]
    fn a_line_is_what_serde_makes_of_the_event(n in any::<u64>(), texts in any::<[String; 4]>()) {
        let event = event(n, &texts);
        prop_assert_eq!(line(&event), serde_json::to_string(&event).unwrap() + "\n");
    }
}

#[test]
fn every_character_that_needs_it_is_escaped() {
    let low: String = (0..=b'\x7f').map(char::from).collect();
    for text in [low.clone(), format!("{}{low}é\u{2028}", "x".repeat(STRIDE - 1)), String::new()] {
        let mut line = Vec::new();
        push_text(&mut line, &text);
        assert_eq!(line, serde_json::to_vec(&text).unwrap());
    }
}

#[test]
fn whatever_is_there_or_not_the_line_reads_back() {
    let texts = ["a\n\"b\"\\", "ü", "", "m"].map(str::to_owned);
    for n in [0, u64::from(u32::MAX), 0x5555_5555, 0xaaaa_aaaa] {
        let line = line(&event(n, &texts));
        let read: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(read["question"], texts[0], "{line}");
        assert_eq!(read["event_type"], "response");
    }
}
