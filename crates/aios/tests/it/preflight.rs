//! Preflight: what passes, and that each component can fail.

use std::fs;

use serde_json::json;

use crate::program::{Place, free_address};

const LOG: &str = "data_core/analytics/hypotheses.ndjson";

#[test]
fn preflight_passes_where_all_is_well() {
    let place = Place::simulated();
    let ran = place.run(&["preflight"]).ended(0);
    let lines: Vec<_> = ran.stdout.lines().collect();
    assert_eq!((lines.len(), lines[8]), (9, "8/8 passing"), "{}", ran.stdout);
    assert!(lines[3].contains("the first `aios serve` makes it"), "{}", lines[3]);
    assert_eq!(left_in(place.path()), ["aios.toml"], "nothing is made");
    // One that is in use is taken for as long as the check lasts.
    place.write("data_core/aios.lock", "");
    let used = place.run(&["preflight"]).ended(0).stdout;
    assert!(used.contains("read back in") && !used.contains("first"), "{used}");
    assert_eq!(left_in(&place.path().join("data_core")), ["aios.lock"]);
}

fn left_in(dir: &std::path::Path) -> Vec<String> {
    let mut left: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    left.sort_unstable();
    left
}

/// A slip in its name is no fresh machine: what is said tells the two apart, and neither is made.
#[test]
fn preflight_makes_no_mistyped_directory() {
    let place = Place::simulated();
    let told = place.run(&["preflight", "--data-dir", "data_cor"]).ended(0).stdout;
    let said = told.lines().find(|line| line.contains("event log")).unwrap();
    assert!(said.contains("there is no data directory") && said.contains("data_cor yet"), "{said}");
    let nowhere = place.run(&["preflight", "--data-dir", "dat/core"]).ended(2).stdout;
    assert!(nowhere.contains("to make it in") && nowhere.contains("7/8 passing"), "{nowhere}");
    fs::create_dir(place.path().join("empty")).unwrap();
    place.run(&["preflight", "--data-dir", "empty"]).ended(0);
    assert_eq!(left_in(&place.path().join("empty")), Vec::<String>::new());
    assert_eq!(left_in(place.path()), ["aios.toml", "empty"]);
}

/// Preflight must fail in `component` only, and advise.
#[track_caller]
fn check_preflight_fails(place: &Place, component: &str, hint: &str) {
    let report = place.run(&["preflight", "--json"]).ended(2).json();
    assert_eq!(report["n_passing"], 7, "{report}");
    let components = report["components"].as_array().unwrap();
    let failed = components.iter().find(|one| one["state"] != "ok").unwrap();
    assert_eq!((&failed["name"], &failed["state"]), (&json!(component), &json!("failed")));
    assert!(failed["hint"].as_str().unwrap().contains(hint), "{failed}");
}

#[test]
fn preflight_finds_a_model_that_does_not_answer() {
    let place = Place::simulated();
    let url = format!("http://{}/v1", free_address());
    let text =
        place.read("aios.toml").replace("sim://main?instant\"", &format!("{url}\", model = \"m\""));
    place.write("aios.toml", &text);
    check_preflight_fails(&place, "models", "start the model server");
    place.write("aios.toml", &text.replace(&url, "sim://main?status=503"));
    check_preflight_fails(&place, "models", "take the fault out");
}

#[test]
fn preflight_asks_a_model_server_for_its_model() {
    let place = Place::simulated();
    let sim = place.start(
        &["sim", "serve", "--listen", "127.0.0.1:0", "--model", "sim://main?instant"],
        "listening",
    );
    let address = sim.first_line.trim().rsplit("//").next().unwrap();
    let endpoint = |model: &str| {
        let text = format!(
            "[tiers.main]\nendpoints = [{{ url = \"http://{address}/v1\", model = \"{model}\" }}]\n"
        );
        place.write(
            "other.toml",
            &format!(
                "{text}[tiers.embedder]\nendpoints = [{{ url = \"sim://embedder?instant\" }}]\n"
            ),
        );
        place.run(&["preflight", "--json", "--config", "other.toml"])
    };
    endpoint("sim-main").ended(0);
    let report = endpoint("large-7b").ended(2).json();
    assert!(report["components"][1]["hint"].as_str().unwrap().contains("sim-main"), "{report}");
}

#[test]
fn preflight_finds_what_is_damaged() {
    let place = Place::simulated();
    place.write(LOG, "junk\n");
    check_preflight_fails(&place, "event log", "aios events tail");
    place.write(LOG, "");
    place.write("data_core/router/traffic_knots.json", "{}");
    // Both need the knots.
    assert_eq!(place.run(&["preflight", "--json"]).ended(2).json()["n_passing"], 6);
    fs::remove_file(place.path().join("data_core/router/traffic_knots.json")).unwrap();
    let hello = json!([{ "id": "a", "question": "Hello there!", "expected_tier": "main" }]);
    place.write("data_core/goldens/sample_set.json", &hello.to_string());
    check_preflight_fails(&place, "routing", "aios routing explain");
}

#[test]
fn preflight_finds_a_key_and_a_memory_that_cannot_be_read() {
    let place = Place::simulated();
    place.write("data_core/keys/buckets.key", "no key");
    check_preflight_fails(&place, "canary", "restore the file");
    fs::remove_file(place.path().join("data_core/keys/buckets.key")).unwrap();
    place.write("data_core/memory", "no directory");
    check_preflight_fails(&place, "memory", "read access");
    fs::remove_file(place.path().join("data_core/memory")).unwrap();
    place.write("data_core/memory/memory.sqlite", &"no database ".repeat(1_000));
    check_preflight_fails(&place, "memory", "backup");
}

#[test]
fn preflight_finds_a_golden_set_without_sense_and_a_bare_privacy() {
    let place = Place::simulated();
    place.write("data_core/goldens/baseline_results.json", "{");
    check_preflight_fails(&place, "goldens", "record it anew");
    fs::remove_file(place.path().join("data_core/goldens/baseline_results.json")).unwrap();
    let place = place.env("AIOS_PRIVACY__KINDS", "");
    check_preflight_fails(&place, "privacy", "privacy.kinds");
}
