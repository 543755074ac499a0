//! `aios nightly`, alone and beside a server.

use serde_json::Value;

use crate::cli::event;
use crate::program::{Place, Ran};

const ACTIVE: &str = "data_core/analytics/hypotheses.ndjson";

/// A directory whose log holds one event of now, with this question.
fn with_question(question: &str) -> Place {
    let place = Place::simulated();
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_micros();
    let now = aios_core::Timestamp::from_micros(i64::try_from(now).unwrap());
    let at = ("ts", Value::from(now.to_string()));
    place.write(ACTIVE, &(event(1, question, &[at]) + "\n"));
    // What is stored belongs to a key.
    place.write("data_core/keys/pseudonyms.key", &("5a".repeat(32) + "\n"));
    place
}

fn state(ran: &Ran, step: &str) -> String {
    let report = ran.json();
    let steps = report["steps"].as_array().unwrap();
    let step = steps.iter().find(|one| one["step"] == step).unwrap();
    step["state"].as_str().unwrap().to_owned()
}

#[test]
fn a_night_looks_after_the_log() {
    let place = with_question("Explain tides.");
    let ran = place.run(&["nightly"]).ended(0);
    assert!(ran.stdout.contains("rescan     done       1 events scanned"), "{}", ran.stdout);
    assert!(ran.stdout.contains("0 detections"), "{}", ran.stdout);
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
}

#[test]
fn its_time_of_day_is_checked() {
    let place = Place::simulated().env("AIOS_NIGHTLY__AT", "25:00");
    let ran = place.run(&["config", "check"]).ended(1);
    assert!(ran.stderr.contains("nightly.at"), "{}", ran.stderr);
}
