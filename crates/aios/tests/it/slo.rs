//! `aios slo`.

use std::fmt::Write as _;

use aios_core::{EventId, Timestamp};
use serde_json::json;

use crate::program::Place;

/// A report as `aios golden compare` writes it.
const REPORT: &str = "data_core/goldens/last_report.json";

fn now() -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "the program under test has a real clock")]
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_micros(i64::try_from(now.as_micros()).unwrap())
}

fn ago(seconds: i64) -> Timestamp {
    Timestamp::from_micros(now().as_micros() - seconds * 1_000_000)
}

fn report(made: Timestamp, pass_rate: f64) -> String {
    json!({
        "timestamp": made, "status": "PASS", "baseline_timestamp": made,
        "metrics": { "pass_rate": pass_rate, "p95_ms": 17_700, "error_rate": 0.0, "n": 10 },
    })
    .to_string()
}

/// So many requests of the last minutes, the first ones having failed.
fn traffic(place: &Place, n: i64, n_failed: i64) {
    let mut log = String::new();
    for at in 0..n {
        let (ts, outcome) = (ago(600 - at), if at < n_failed { "timeout" } else { "ok" });
        let event = json!({
            "event_type": "response", "event_id": EventId::new(ts, [at as u8; 10]), "ts": ts,
            "conv_id": format!("c1_{at:032x}"), "operation": "chat", "tier": "main",
            "source": "main", "bucket": "control", "boundary": 0.5, "weight": 0.7,
            "outcome": outcome, "status": 200, "latency_ms": 100.0,
        });
        writeln!(log, "{event}").unwrap();
    }
    place.write("data_core/analytics/hypotheses.ndjson", &log);
}

#[track_caller]
fn check(place: &Place, args: &[&str], code: i32, expect: &[&str]) {
    let ran = place.run(&[&["slo", "check"], args].concat()).ended(code);
    assert_eq!(ran.stdout.lines().count(), 1, "{}", ran.stdout);
    for expect in expect {
        assert!(ran.stdout.contains(expect), "{expect} is not in {}", ran.stdout);
    }
}

#[test]
fn no_data_is_never_ok() {
    let place = Place::new();
    check(&place, &[], 2, &["QUALITY_ALERT pass_rate=NODATA>=0.95[n=0]", "error_rate=NODATA"]);
    assert!(!place.path().join("data_core").exists(), "a look makes nothing");
}

#[test]
fn a_fresh_report_is_ok_an_old_one_is_not_and_a_baseline_never_grows_old() {
    let place = Place::new();
    place.write(REPORT, &report(ago(60), 1.0));
    check(&place, &[], 0, &["QUALITY_OK ", "pass_rate=1>=0.95[goldens n=10]"]);
    place.write(REPORT, &report(ago(60), 0.9));
    check(&place, &[], 2, &["QUALITY_ALERT pass_rate=0.9<0.95[goldens n=10]"]);
    place.write(REPORT, &report(ago(9 * 86_400), 1.0));
    check(&place, &[], 2, &["QUALITY_ALERT pass_rate=NODATA"]);
    // The guide's way back: the baseline, copied over the last report, or named.
    let baseline = json!({
        "timestamp": "2020-01-01T08:00:00", "tests": [{ "id": "a", "status": "pass", "latency_ms": 3.5 }],
    });
    place.write(REPORT, &baseline.to_string());
    check(&place, &[], 0, &["QUALITY_OK "]);
    place.write(REPORT, &report(ago(60), 0.9));
    place.write("baseline.json", &baseline.to_string());
    check(&place, &["--report", "baseline.json"], 0, &["QUALITY_OK "]);
}

#[test]
fn live_traffic_is_judged_without_a_server() {
    let place = Place::new();
    place.write(REPORT, &report(ago(60), 1.0));
    traffic(&place, 30, 1);
    check(&place, &[], 0, &["QUALITY_OK ", "error_rate=0.033~0.01[live n=30 bad=1]"]);
    traffic(&place, 30, 6);
    check(&place, &[], 2, &["QUALITY_ALERT error_rate=0.2>0.01[live n=30 bad=6]"]);
    let ran = place.run(&["slo", "check", "--json"]).ended(2).json();
    assert_eq!(
        (&ran["verdict"], &ran["slos"][4]["slo"]),
        (&json!("breached"), &json!("error_rate"))
    );
    let status = place.run(&["slo", "status"]).ended(0).stdout;
    let line = status.lines().find(|line| line.starts_with("error_rate")).unwrap();
    assert!(line.contains("6/30") && line.contains("budget exhausted"), "{status}");
    let budgets = place.run(&["slo", "status", "--json"]).ended(0).json();
    assert_eq!(budgets["budgets"].as_array().unwrap().len(), 3);
}

#[test]
fn what_cannot_be_is_named() {
    let place = Place::new();
    let refused = |name: &str| place.run(&["slo", "check", "--report", name]).ended(1).stderr;
    assert!(refused("nowhere.json").contains("hint: name an existing file"));
    place.write("bad.json", r#"{"metrics": {"pass_rate": 1.5, "n": 10}}"#);
    assert!(refused("bad.json").contains("`pass_rate` is 1.5"));
    place.run(&["slo", "check", "--no-such-flag"]).ended(64);
    place.write("aios.toml", "[slo]\npass_rate = 1.5\nwindow = \"1s\"\n");
    let wrong = place.run(&["slo", "check"]).ended(1).stderr;
    assert!(wrong.contains("`slo.pass_rate` (line 2") && wrong.contains("`slo.window`"), "{wrong}");
    place.write("aios.toml", "[slo]\npas_rate = 0.9\n");
    assert!(place.run(&["slo", "check"]).ended(1).stderr.contains("did you mean `pass_rate`?"));
}

#[test]
fn an_objective_of_ones_own_counts() {
    let place = Place::new();
    place.write(REPORT, &report(ago(60), 0.9));
    place.write("aios.toml", "[slo]\npass_rate = 0.85\n");
    check(&place, &[], 0, &["QUALITY_OK pass_rate=0.9>=0.85"]);
}
