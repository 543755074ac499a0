//! `aios nightly`, alone and beside a server.

use serde_json::{Value, json};

use crate::cli::event;
use crate::program::{Place, Ran};

const ACTIVE: &str = "data_core/analytics/hypotheses.ndjson";

/// A directory whose log holds one event of now, with this question.
fn with_question(question: &str) -> Place {
    with_event(question, &[])
}

fn with_event(question: &str, changes: &[(&str, Value)]) -> Place {
    let place = Place::simulated();
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_micros();
    let now = aios_core::Timestamp::from_micros(i64::try_from(now).unwrap());
    let at = ("ts", Value::from(now.to_string()));
    let changes = [&[at], changes].concat();
    place.write(ACTIVE, &(event(1, question, &changes) + "\n"));
    // What is stored belongs to a key.
    place.write("data_core/keys/pseudonyms.key", &("5a".repeat(32) + "\n"));
    place
}

pub(crate) fn step(ran: &Ran, step: &str) -> Value {
    let report = ran.json();
    let steps = report["steps"].as_array().unwrap();
    steps.iter().find(|one| one["step"] == step).unwrap().clone()
}

fn state(ran: &Ran, name: &str) -> String {
    step(ran, name)["state"].as_str().unwrap().to_owned()
}

#[test]
fn a_night_looks_after_the_log() {
    let place = with_question("Explain tides.");
    let ran = place.run(&["nightly"]).ended(0);
    assert!(ran.stdout.contains("rescan     done       1 events scanned"), "{}", ran.stdout);
    assert!(ran.stdout.contains("0 detections"), "{}", ran.stdout);
    let one = place.run(&["nightly", "--only", "rescan", "--json"]).ended(0).json();
    assert_eq!(one["steps"].as_array().unwrap().len(), 1);
    assert!(place.run(&["nightly", "--only", "dust"]).ended(64).stderr.contains("hypotheses"));
    let dry = place.run(&["nightly", "--dry-run", "--json"]).ended(0);
    assert_eq!(
        (dry.json()["dry_run"].as_bool(), state(&dry, "rotate")),
        (Some(true), "done".into())
    );
}

#[test]
fn personal_data_in_the_log_is_a_violation() {
    let place = with_question("write to jane.roe@example.org");
    let ran = place.run(&["nightly", "--json"]).ended(2);
    assert_eq!(state(&ran, "rescan"), "violation");
    assert!(!ran.stdout.contains("jane.roe"), "{}", ran.stdout);
}

#[test]
fn what_cannot_be_read_is_a_failure_and_the_rest_is_done() {
    let place = with_question("Explain tides.");
    let good = place.read(ACTIVE);
    place.write(ACTIVE, &format!("not an event\n{good}"));
    let ran = place.run(&["nightly", "--json"]).ended(1);
    assert_eq!((state(&ran, "rescan"), state(&ran, "rotate")), ("failed".into(), "done".into()));
}

#[test]
fn a_running_server_does_it_itself() {
    let place = with_question("Explain tides.");
    let _server = place.start(&["serve"], "OpenAI API");
    let ran = place.run(&["nightly", "--json"]).ended(0);
    assert_eq!(state(&ran, "rescan"), "done");
    let one = place.run(&["nightly", "--only", "rescan", "--json"]).ended(0).json();
    assert_eq!(one["steps"].as_array().unwrap().len(), 1);
}

#[test]
fn what_cannot_be_set_is_named() {
    let wrong = [
        ("AT", "25:00", "nightly.at"),
        ("GOLDEN", "both", "nightly.golden"),
        ("GOLDEN_KEY_ENV", "sk-key", "nightly.golden_key_env"),
        ("PROMOTE", "yes", "nightly.promote"),
        ("PROMOTE_MAX", "0", "nightly.promote_max"),
    ];
    for (key, value, named) in wrong {
        let place = Place::simulated().env(&format!("AIOS_NIGHTLY__{key}"), value);
        let ran = place.run(&["config", "check"]).ended(1);
        assert!(ran.stderr.contains(named), "{}", ran.stderr);
    }
}

#[test]
fn the_day_names_candidates_and_adds_them_only_where_that_is_wanted() {
    let question = "Is a hundred grams of rice enough for two hungry children?";
    let place = with_event(question, &[("weight", json!(0.501))]);
    let set = place.path().join("data_core/goldens/sample_set.json");
    let promoted = |place: &Place| step(&place.run(&["nightly", "--json"]).ended(0), "promote");
    let proposed = promoted(&place);
    let told = proposed["detail"].as_str().unwrap();
    assert!(told.starts_with("1 candidates of 1 live questions: live-"), "{told}");
    assert!(told.contains("(edge)") && told.ends_with("`aios golden promote` adds them"), "{told}");
    assert!(!set.exists());
    let place = place.env("AIOS_NIGHTLY__PROMOTE", "off");
    assert_eq!(promoted(&place)["state"], "skipped");
    let place = place.env("AIOS_NIGHTLY__PROMOTE", "add");
    let dry = place.run(&["nightly", "--dry-run", "--json"]).ended(0);
    assert_eq!(step(&dry, "promote")["detail"].as_str(), Some(told));
    assert!(!set.exists());
    assert!(promoted(&place)["detail"].as_str().unwrap().contains("added"));
    let added = place.read("data_core/goldens/sample_set.json");
    assert!(added.contains(question) && added.contains("\"candidate\""), "{added}");
    assert!(promoted(&place)["detail"].as_str().unwrap().starts_with("no candidates"));
}

#[test]
fn the_memory_is_looked_at_and_asked() {
    let place = with_question("Explain tides.");
    let night = |code: i32| place.run(&["nightly", "--json"]).ended(code);
    let none = night(0);
    assert_eq!(state(&none, "memory"), "skipped");
    assert!(step(&none, "recall")["detail"].as_str().unwrap().starts_with("NODATA: "));
    let line = |id: &str, text: &str| {
        json!({ "id": id, "conv_id": "ann", "text": text, "ts": "2026-01-15T08:00:00Z" })
            .to_string()
    };
    let lines = [
        line("a1", "The ferry leaves at noon from the old harbor."),
        line("a2", "The ferry leaves at noon from the old harbor."),
        line("a3", "Soup is on the stove."),
    ];
    place.write("said.ndjson", &lines.join("\n"));
    place.run(&["memory", "import", "said.ndjson"]).ended(0);
    let report = night(0);
    assert_eq!(state(&report, "memory"), "done");
    assert!(step(&report, "recall")["detail"].as_str().unwrap().contains("no questions"));
    let asked = |expected: &str| {
        let case = json!({ "id": "q", "conv_id": "ann", "question": "When does the ferry leave?",
            "expected_fragments": [expected] });
        let set = json!({ "test_cases": [case] });
        place.write("data_core/retrieval_qa/qa_set.json", &set.to_string());
    };
    asked("a1");
    let recall = step(&night(0), "recall");
    assert_eq!(recall["detail"], "recall@5 1.000 over 1 questions");
    let kept: Value =
        serde_json::from_str(&place.read("data_core/retrieval_qa/last_report.json")).unwrap();
    assert_eq!(kept["recall_at_5"], 1.0);
    asked("a4");
    let recall = step(&night(2), "recall");
    assert_eq!(recall["state"], "violation");
    assert!(recall["detail"].as_str().unwrap().contains("less than 0.85"), "{recall}");
}
