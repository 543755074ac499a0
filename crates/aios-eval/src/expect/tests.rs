use serde_json::{Value, json};

use super::*;
use crate::GoldenSet;

fn observation(answer: &str) -> Observation {
    Observation { answer: answer.to_owned(), latency_ms: 500.0, ..Observation::default() }
}

/// Whether an answer meets what these keys expect.
fn met(keys: Value, seen: &Observation) -> bool {
    let expectations = read(keys.as_object().unwrap().clone()).unwrap();
    assert!(!expectations.is_empty());
    expectations.iter().all(|expectation| expectation.check(seen).passed)
}

fn read(mut keys: Map<String, Value>) -> Result<Vec<Expectation>, CaseError> {
    super::read(&mut keys)
}

#[test]
fn texts_are_looked_for() {
    let answer = observation(" The tide comes TWICE a day. ");
    let check =
        |keys: Value, expect: bool| assert_eq!(met(keys.clone(), &answer), expect, "{keys}");
    check(json!({"equals": "The tide comes TWICE a day."}), true);
    check(json!({"equals": "The tide"}), false);
    check(json!({"contains": "twice"}), true);
    check(json!({"contains": ["twice", "moon"]}), false);
    check(json!({"not_contains": ["moon", "sun"]}), true);
    check(json!({"not_contains": "TIDE"}), false);
    check(json!({"regex": r"(?i)twice\s+a\s+day"}), true);
    check(json!({"regex": "^Twice"}), false);
}

#[test]
fn json_is_held_to_its_schema() {
    let schema = json!({"json_schema": {"type": "object", "required": ["n"],
        "properties": {"n": {"type": "integer", "minimum": 1}}}});
    let check = |answer: &str, expect: bool| {
        assert_eq!(met(schema.clone(), &observation(answer)), expect, "{answer}");
    };
    check(r#"{"n": 3}"#, true);
    check("```json\n{\"n\": 3}\n```", true);
    check(r#"{"n": 0}"#, false);
    check(r#"{"m": 3}"#, false);
    check("three", false);
    let [expectation] = &read(schema.as_object().unwrap().clone()).unwrap()[..] else { panic!() };
    assert!(expectation.check(&observation(r#"{"n": 0}"#)).found.contains("/n"));
}

#[test]
fn what_was_measured_counts_and_what_was_not_does_not() {
    let mut seen = observation("x");
    let keys = json!({"similar_to": {"text": "y", "at_least": 0.9}});
    assert!(!met(keys.clone(), &seen));
    seen.similarity = Some(Ok(0.91));
    assert!(met(keys.clone(), &seen));
    seen.similarity = Some(Ok(f64::NAN));
    assert!(!met(keys, &seen));
    seen.judged = Some(Err("the judge is down".to_owned()));
    assert!(!met(json!({"judge": "It is polite."}), &seen));
    seen.judged = Some(Ok(0.7));
    assert!(met(json!({"judge": "It is polite."}), &seen));
    assert!(met(json!({"latency_ms_max": 500}), &seen));
    assert!(!met(json!({"latency_ms_max": 499.9}), &seen));
    assert!(!met(json!({"cost_usd_max": 1}), &seen), "a cost that nobody knows");
    seen.cost_usd = Some(0.5);
    assert!(met(json!({"cost_usd_max": 1}), &seen));
}

#[test]
fn tiers_are_compared_with_what_the_answer_says() {
    let mut seen = observation("x");
    assert!(!met(json!({"expected_tier": "main"}), &seen));
    seen.tier = Some(Tier::Main);
    seen.source = Some(Tier::Embedder);
    assert!(met(json!({"expected_tier": "main_model"}), &seen));
    assert!(!met(json!({"expected_source": "main"}), &seen));
}

#[test]
fn expectations_that_would_check_nothing_are_refused() {
    let refused = |key: &str, value: Value| {
        let json = json!([{"id": "a", "question": "x", key: value}]).to_string();
        GoldenSet::parse(&json).unwrap_err().to_string()
    };
    assert!(refused("contains", json!([])).ends_with(r#"has an empty "contains""#));
    assert!(refused("contains", json!("")).ends_with(r#"has an empty "contains""#));
    assert!(refused("regex", json!("(")).contains("\"regex\" error: unclosed group"));
    assert!(refused("json_schema", json!({"type": "strin"})).contains("json_schema"));
    assert!(
        refused("judge", json!({"rubric": "r", "at_lest": 1})).contains("unknown key \"at_lest\"")
    );
    assert!(refused("similar_to", json!({"text": "r", "at_least": 1.1})).contains("from 0 to 1"));
    assert!(refused("latency_ms_max", json!(0)).contains("above 0"));
    assert!(refused("request", json!({"model": "m"})).contains("the runner sets"));
    assert!(refused("status", json!("new")).contains("candidate"));
}

#[test]
fn angles_between_vectors() {
    assert_eq!(cosine(&[1.0, 0.0], &[2.0, 0.0]), Some(1.0));
    assert_eq!(cosine(&[1.0, 0.0], &[0.0, 1.0]), Some(0.0));
    assert_eq!((cosine(&[1.0], &[1.0, 2.0]), cosine(&[0.0], &[1.0])), (None, None));
}
