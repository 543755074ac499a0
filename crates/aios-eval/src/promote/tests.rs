use serde_json::json;

use super::*;

fn event(n: u64, change: Value) -> ResponseEvent {
    let mut value = json!({
        "schema_version": "2.0", "event_id": format!("01890000-0000-7000-8000-{n:012x}"),
        "ts": "2027-01-15T08:00:00Z", "request_id": "r", "operation": "chat", "stream": false,
        "conv_id": format!("c1_{n:032x}"), "conv_id_source": "header", "msg_id": 1,
        "request_model": "aios-auto", "question": format!("Question number {n} about {}?", "abcdefghij".repeat(n as usize % 5 + 1)),
        "response": "x", "source": "main", "tier": "main", "bucket": "control", "boundary": 0.5, "weight": 0.9,
        "profile": "golden", "route_reason": "at_or_above_boundary", "propensity": 1.0, "attempts": [],
        "outcome": "ok", "status": 200, "latency_ms": 100.0, "overhead_ms": 0.1,
        "config_generation": 1, "config_hash": "h",
    });
    for (key, new) in change.as_object().unwrap() {
        value[key] = new.clone();
    }
    serde_json::from_value(value).unwrap()
}

fn promote(events: &[(Value, Option<f64>)], max: usize) -> (Vec<Candidate>, Looked) {
    let mut promoter = Promoter::new(20_000.0);
    for (n, (change, quality)) in events.iter().enumerate() {
        promoter.look(&event(n as u64, change.clone()), *quality, str::to_owned);
    }
    let set = GoldenSet::parse(r#"[{"id":"a","question":"Known question, is it?"}]"#).unwrap();
    promoter.candidates(&set, max)
}

fn names(candidates: &[Candidate]) -> Vec<&str> {
    candidates.iter().map(|one| one.reasons[0].0.name()).collect()
}

#[test]
fn each_reason_is_found_and_a_good_answer_is_not() {
    let check = |change: Value, quality: Option<f64>, expect: &[&str]| {
        assert_eq!(names(&promote(&[(change.clone(), quality)], 10).0), expect, "{change}");
    };
    check(json!({}), None, &[]);
    check(json!({}), Some(0.9), &[]);
    check(json!({"outcome": "timeout", "source": null}), None, &["error"]);
    check(json!({"outcome": "caller_error"}), None, &[]);
    check(json!({"outcome": "client_cancelled"}), None, &[]);
    check(json!({}), Some(0.0), &["bad_feedback"]);
    check(json!({"latency_ms": 30_000.0}), None, &["slow"]);
    check(json!({"source": "embedder"}), None, &["tier_mismatch"]);
    check(json!({"weight": 0.51}), None, &["edge"]);
    check(json!({"weight": 0.51, "purpose": "golden"}), None, &[]);
    check(json!({"weight": 0.51, "msg_id": 2}), None, &[]);
    check(json!({"weight": 0.51, "question": " "}), None, &[]);
    check(json!({"weight": 0.51, "question": "cut …"}), None, &[]);
}

#[test]
fn what_is_known_is_left_out_before_the_list_is_cut() {
    let failed = |question: &str| (json!({"outcome": "timeout", "question": question}), None);
    let events = [
        failed("known question - is it"),
        failed("A new one?"),
        failed("a NEW one!"),
        failed("Another thing"),
    ];
    let (candidates, looked) = promote(&events, 2);
    assert_eq!(candidates.len(), 2);
    assert_eq!(looked, Looked { n_events: 4, n_duplicates: 2, ..Looked::default() });
}

#[test]
fn reasons_take_turns() {
    let mut events: Vec<_> = (0..6).map(|_| (json!({"outcome": "timeout"}), None)).collect();
    events.push((json!({"latency_ms": 90_000.0}), None));
    events.push((json!({"weight": 0.5}), None));
    assert_eq!(names(&promote(&events, 4).0), ["error", "slow", "edge", "error"]);
    assert_eq!(promote(&events, 0).0, []);
}

#[test]
fn a_candidate_is_a_case_that_decides_nothing_and_names_where_it_comes_from() {
    let (candidates, _) = promote(&[(json!({"source": "embedder"}), None)], 1);
    let case = candidates[0].case("2027-02-01T00:00:00Z");
    let set = GoldenSet::parse(&json!([case]).to_string()).unwrap();
    let case = &set.cases()[0];
    assert!(case.is_candidate);
    assert_eq!(case.wanted_tier(), Some(Tier::Main));
    let origin = case.origin.as_ref().unwrap();
    assert_eq!((origin.conv_id.len(), origin.promoted_at.as_str()), (35, "2027-02-01T00:00:00Z"));
    assert!(
        !serde_json::to_string(&candidates[0].case("now")).unwrap().contains("\"x\""),
        "no live answer"
    );
}

#[test]
fn everybody_who_asked_the_same_stands_in_the_case() {
    let asked =
        |latency_ms: f64| (json!({"latency_ms": latency_ms, "question": "The same?"}), None);
    let mut again = asked(80_000.0);
    again.0["conv_id"] = json!(format!("c1_{:032x}", 0));
    let (candidates, looked) =
        promote(&[asked(30_000.0), asked(90_000.0), asked(40_000.0), again], 10);
    assert_eq!((candidates.len(), looked.n_duplicates), (1, 3));
    // The slowest first; whoever asked twice once.
    let all: Vec<_> = candidates[0].origin.conversations().map(str::to_owned).collect();
    assert_eq!(all, [1, 0, 2].map(|n| format!("c1_{n:032x}")));
    let written = serde_json::to_string(&candidates[0].case("now")).unwrap();
    let set = GoldenSet::parse(&format!("[{written}]")).unwrap();
    assert_eq!(set.cases()[0].origin.as_ref().unwrap().also.len(), 2);
    let crowd: Vec<_> = (0..200).map(|_| asked(30_000.0)).collect();
    assert_eq!(promote(&crowd, 1).0[0].origin.also.len(), 100, "bounded");
}
