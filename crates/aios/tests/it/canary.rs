//! `aios canary`.

use serde_json::Value;

use crate::program::Place;

fn simulated(seed: &str) -> Value {
    let args = ["canary", "simulate", "--scenario", "errors", "--requests-per-check", "1000"];
    let more = ["--runs", "20", "--seed", seed, "--json"];
    Place::new().run(&[&args[..], &more].concat()).ended(0).json()
}

#[test]
fn a_seed_gives_the_same_figures_again() {
    let first = simulated("7");
    assert_eq!(first, simulated("7"));
    assert_ne!(first, simulated("8"));
    let cells = first["cells"].as_array().unwrap();
    assert_eq!(cells.len(), 2, "{first}");
    assert_eq!(cells[0]["judging"], "evidence");
    assert_eq!(cells[0]["bars"][0]["kept"], true, "{first}");
}

#[test]
fn the_table_tells_the_bars_and_wrong_wishes_are_refused() {
    let args = ["canary", "simulate", "--scenario", "margin", "--requests-per-check", "20"];
    let table = Place::new().run(&[&args[..], &["--runs", "1"]].concat()).ended(0).stdout;
    assert!(table.contains("promoted_pct <= 5 ok"), "{table}");
    Place::new().run(&["canary", "simulate", "--runs", "0"]).ended(64);
    Place::new().run(&["canary", "simulate", "--scenario", "eqal"]).ended(64);
}
