//! `aios retrieval`.

use serde_json::{Value, json};

use crate::program::{Place, Ran};

fn retrieval(place: &Place, args: &[&str], code: i32) -> Ran {
    place.run(&[&["retrieval"], args, &["--data-dir", "data"]].concat()).ended(code)
}

/// Ten turns of two conversations that differ in one word.
fn talked() -> Place {
    let place = Place::new();
    let line = |conv: &str, n: usize, text: &str| {
        json!({ "id": format!("{conv}{n}"), "conv_id": conv, "text": text, "ts": 1_800_000_000 + n }).to_string()
    };
    let mut lines = Vec::new();
    for (conv, place) in [("x", "harbor"), ("y", "station")] {
        let texts =
            ["Where do we meet?", "", "Nice weather today.", "I had soup.", "See you soon."];
        for (n, text) in texts.iter().enumerate() {
            let said = format!("At the {place}, by the fountain.");
            lines.push(line(conv, n, if text.is_empty() { &said } else { text }));
        }
    }
    place.write("fragments.ndjson", &lines.join("\n"));
    place.run(&["memory", "import", "fragments.ndjson", "--data-dir", "data"]).ended(0);
    place
}

fn qa(conv: Option<&str>, question: &str, expected: &[&str]) -> Value {
    json!({ "id": question, "conv_id": conv, "question": question, "expected_fragments": expected, "min_recall": 1.0 })
}

#[test]
fn without_anything_remembered_the_built_in_set_is_measured() {
    let ran = retrieval(&Place::new(), &["eval", "--k", "5"], 3);
    assert!(
        ran.stdout.ends_with("target 0.85: NO DATA (nothing of this directory was measured)\n")
    );
    assert!(!ran.stdout.contains("PASS") && ran.stderr.contains("--demo"), "{}", ran.stderr);
    let json = retrieval(&Place::new(), &["eval", "--json"], 3).json();
    assert_eq!((&json["met"], &json["demo"]), (&json!(false), &json!(true)));
    let ran = retrieval(&Place::new(), &["eval", "--k", "5", "--demo"], 0);
    assert!(ran.stdout.ends_with("target 0.85: PASS\n"), "{}", ran.stdout);
    assert!(
        ran.stdout.starts_with("Recall@5: 0.") || ran.stdout.starts_with("Recall@5: 1."),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("leaks: 0"), "{}", ran.stdout);
    assert!(ran.stderr.contains("come with AIOS"), "{}", ran.stderr);
}

#[test]
fn a_question_is_asked_in_its_conversation_only() {
    let place = talked();
    let set = json!({ "test_cases": [
        qa(Some("x"), "Where do we meet?", &["x0", "x1"]),
        qa(Some("y"), "Is it by the fountain at the station?", &["y1"]),
        qa(None, "At the harbor?", &["x1"]),
    ]});
    place.write("data/retrieval_qa/qa_set.json", &set.to_string());
    let ran = retrieval(&place, &["eval", "--results", "out.ndjson"], 0);
    assert!(ran.stdout.starts_with("Recall@5: 1.000\n"), "{}", ran.stdout);
    let lines: Vec<Value> =
        place.read("out.ndjson").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((lines.len(), &lines[0]["id"]), (3, &json!("Where do we meet?")));
    let ids = |line: &Value| line["fragments"].as_array().unwrap().clone();
    assert!(ids(&lines[0]).iter().all(|id| id.as_str().unwrap().starts_with('x')), "{lines:?}");
    assert!(lines[0]["spans"][0].as_array().unwrap().contains(&json!("x1")), "{lines:?}");
    assert!(lines[0]["ms"].as_f64().unwrap() > 0.0);
    let kept: Value =
        serde_json::from_str(&place.read("data/retrieval_qa/last_report.json")).unwrap();
    assert_eq!(
        (&kept["n"], &kept["recall_at_5"], &kept["words_max"]),
        (&json!(3), &json!(1.0), &json!(950))
    );
    let seen = |mode: &str| {
        place.write("aios.toml", &format!("[memory]\nmode = \"{mode}\"\n"));
        place.run(&["slo", "check", "--data-dir", "data"]).ended(2).stdout
    };
    assert!(seen("off").contains(" recall_at_5=NODATA(1)>=0.85[live n=3]"), "{}", seen("off"));
    std::fs::remove_file(place.path().join("data/retrieval_qa/last_report.json")).unwrap();
    assert!(seen("off").contains(" recall_at_5=off"), "{}", seen("off"));
    assert!(seen("user").contains(" recall_at_5=NODATA>=0.85"), "{}", seen("user"));
    let report = retrieval(&place, &["eval", "--unit", "turn", "--json"], 0).json();
    assert_eq!((&report["unit"], &report["report"]["n_leaks"]), (&json!("turn"), &json!(0)));
}

#[test]
fn a_recall_under_the_target_is_a_violation_and_what_is_missing_is_told() {
    let place = talked();
    let lines =
        [qa(Some("x"), "Where do we meet?", &["x0", "y0"]), qa(Some("y"), "Soup?", &["y3"])];
    place.write("qa.ndjson", &lines.map(|line| line.to_string()).join("\n"));
    let ran = retrieval(&place, &["eval", "--qa", "qa.ndjson"], 2);
    assert!(ran.stdout.starts_with("Recall@5: 0.750\n"), "{}", ran.stdout);
    assert!(ran.stdout.contains("missing: y0") && ran.stdout.contains("FAIL"), "{}", ran.stdout);
    retrieval(&place, &["eval", "--qa", "qa.ndjson", "--target", "0.7"], 0);
    retrieval(&place, &["eval", "--qa", "missing.json"], 1);
}

#[test]
fn labels_of_our_own_ranking_are_refused_and_proposals_do_not_count() {
    let place = talked();
    let mut case = qa(Some("x"), "Where do we meet?", &["x0"]);
    case["label_source"] = json!("ranking");
    place.write("qa.ndjson", &case.to_string());
    let refused = retrieval(&place, &["eval", "--qa", "qa.ndjson"], 1);
    assert!(refused.stderr.contains("it would judge itself"), "{}", refused.stderr);
    case["label_source"] = json!("unlabelled");
    place.write("qa.ndjson", &case.to_string());
    let passed_over = retrieval(&place, &["eval", "--qa", "qa.ndjson"], 3);
    assert!(passed_over.stdout.contains("NO DATA"), "{}", passed_over.stdout);
}

#[test]
fn proposals_need_somebodys_word() {
    let place = talked();
    let proposed = retrieval(&place, &["create"], 0);
    assert_eq!(proposed.json(), json!({ "test_cases": [] }));
    assert!(proposed.stderr.contains("0 answers used the memory"), "{}", proposed.stderr);
}
