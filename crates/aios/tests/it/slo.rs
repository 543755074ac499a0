//! `aios slo`.

use aios_core::{EventId, Timestamp};
use aios_eval::Report;
use serde_json::{Value, json};

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

/// So long ago, or when the day began: lines that are put into the open segment must be of one day, as those
/// that a server writes there are.
fn ago_today(seconds: i64) -> Timestamp {
    const DAY: i64 = 86_400_000_000;
    let midnight = now().as_micros().div_euclid(DAY) * DAY;
    ago(seconds).max(Timestamp::from_micros(midnight))
}

/// A data directory with the golden set of the fixture and its baseline.
fn with_goldens() -> Place {
    let place = Place::new();
    place.write_goldens("data_core");
    place
}

fn report(made: Timestamp, pass_rate: f64) -> String {
    report_with(&[("/timestamp", json!(made)), ("/metrics/pass_rate", json!(pass_rate))])
}

/// The fixture with other values, sealed as if it had been made so.
fn report_with(changes: &[(&str, Value)]) -> String {
    let report = include_str!("../../../../fixtures/golden/report_v1.json");
    let mut report: Value = serde_json::from_str(report).unwrap();
    for (place, value) in changes {
        *report.pointer_mut(place).unwrap() = value.clone();
    }
    let report: Report = serde_json::from_value(report).unwrap();
    serde_json::to_string(&report.sealed()).unwrap()
}

/// Request number `n`, with other values where they matter.
fn request(n: i64, ts: Timestamp, changes: &[(&str, Value)]) -> Value {
    let mut event = json!({
        "event_type": "response", "schema_version": "2.0",
        "event_id": EventId::new(ts, [n as u8; 10]), "ts": ts,
        "conv_id": format!("c1_{n:032x}"), "operation": "chat", "tier": "main",
        "source": "main", "bucket": "control", "boundary": 0.5, "weight": 0.7,
        "outcome": "ok", "status": 200, "latency_ms": 100.0,
        "request_id": "req_1", "stream": false, "conv_id_source": "header", "msg_id": 1,
        "request_model": "aios-auto", "question": "Where is it?", "response": "Here.",
        "profile": "golden", "route_reason": "at_or_above_boundary", "propensity": 1.0,
        "attempts": [], "overhead_ms": 0.1, "config_generation": 1, "config_hash": "0",
    });
    for (key, value) in changes {
        event[*key] = value.clone();
    }
    event
}

fn keep(place: &Place, events: impl Iterator<Item = Value>) {
    let log: String = events.map(|event| format!("{event}\n")).collect();
    place.write("data_core/analytics/hypotheses.ndjson", &log);
}

/// So many requests of the last minutes, the first ones having failed.
fn traffic(place: &Place, n: i64, n_failed: i64) {
    let outcome = |at| json!(if at < n_failed { "timeout" } else { "ok" });
    keep(place, (0..n).map(|at| request(at, ago(600 - at), &[("outcome", outcome(at))])));
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
    let place = with_goldens();
    place.write(REPORT, &report(ago(60), 1.0));
    check(&place, &[], 0, &["QUALITY_OK ", "pass_rate=1>=0.95[goldens n=20]"]);
    place.write(REPORT, &report(ago(60), 0.9));
    check(&place, &[], 2, &["QUALITY_ALERT pass_rate=0.9<0.95[goldens n=20]"]);
    place.write(REPORT, &report(ago(9 * 86_400), 1.0));
    check(&place, &[], 2, &["QUALITY_ALERT pass_rate=NODATA"]);
    // The guide's way back: the baseline, copied over the last report, or named.
    let baseline = place.read("data_core/goldens/baseline_results.json");
    place.write(REPORT, &baseline);
    check(&place, &[], 0, &["QUALITY_OK "]);
    place.write(REPORT, &report(ago(60), 0.9));
    place.write("baseline.json", &baseline);
    check(&place, &["--report", "baseline.json"], 0, &["QUALITY_OK "]);
    // One that is not in use any more grows old.
    let other = [("/kind", json!("baseline")), ("/timestamp", json!(ago(9 * 86_400)))];
    place.write(REPORT, &report_with(&other));
    check(&place, &[], 2, &["QUALITY_ALERT pass_rate=NODATA"]);
}

/// A set of easy questions, asked instead of the one in use, is no way to a green check.
#[test]
fn a_report_of_another_golden_set_says_nothing_and_what_to_run() {
    let place = with_goldens();
    place.write(REPORT, &report(ago(60), 1.0));
    check(&place, &[], 0, &["QUALITY_OK "]);
    let set = place.read("data_core/goldens/sample_set.json");
    let changed = set.replace("Question 07", "Say yes");
    place.write("data_core/goldens/sample_set.json", &changed);
    let ran = place.run(&["slo", "check"]).ended(2);
    assert!(ran.stdout.starts_with("QUALITY_ALERT pass_rate=NODATA"), "{}", ran.stdout);
    let told = ran.stderr;
    assert!(
        told.contains("\"case-07\" was another one; make another with `aios golden compare`"),
        "{told}"
    );
    let named = place.run(&["slo", "check", "--report", REPORT]).ended(1).stderr;
    assert!(named.contains("of the golden set f74860321912, not of"), "{named}");
}

/// What a verdict should rest on must be what a run has written, whoever else says that all is well.
#[test]
fn a_report_that_proves_nothing_is_never_ok() {
    let place = with_goldens();
    let good = report(ago(60), 1.0);
    let worse = json!({ "what": "case", "id": "case-01", "detail": "1/1 before, 0/6 now" });
    let made =
        |key: &str, value: Value| report_with(&[("/timestamp", json!(ago(60))), (key, value)]);
    let baseline_of =
        |ts: Timestamp| report_with(&[("/kind", json!("baseline")), ("/timestamp", json!(ts))]);
    let proves_nothing = [
        (good.replace("\"report_id\"", "\"id\""), "it is unsealed"),
        (made("/status", json!("ERROR")), "too little was answered"),
        (made("/regressions_detected", json!([worse])), "it says PASS, and lists what got worse"),
        (made("/metrics/n", json!(0)), "of no run"),
        (baseline_of(ago(-86_400)), "has not come yet"),
        (report(ago(9 * 86_400), 1.0), "it is of 20"),
    ];
    let is_broken = [
        (good.replace("\"concurrency\":1", "\"concurrency\":2"), "not as it was written"),
        (good.replace("comparison", "baseline"), "not as it was written"),
        (made("/tests", json!([])), "its counts are not those of its cases"),
    ];
    for (text, expect) in &proves_nothing {
        place.write(REPORT, text);
        let ran = place.run(&["slo", "check"]).ended(2);
        assert!(ran.stdout.starts_with("QUALITY_ALERT pass_rate=NODATA"), "{}", ran.stdout);
        assert!(ran.stderr.contains(expect), "{expect}: {}", ran.stderr);
    }
    for (text, expect) in &is_broken {
        place.write(REPORT, text);
        let ran = place.run(&["slo", "check"]).ended(1);
        assert!(ran.stderr.contains(expect), "{expect}: {}", ran.stderr);
    }
    // Traffic that is well does not stand in for the one that was named.
    traffic(&place, 100, 0);
    for (text, expect) in proves_nothing.iter().chain(&is_broken) {
        place.write("named.json", text);
        let ran = place.run(&["slo", "check", "--report", "named.json"]).ended(1);
        assert!(ran.stderr.contains(expect) && ran.stdout.is_empty(), "{expect}: {}", ran.stderr);
    }
}

/// A slip in a path must not be taken for a sound installation.
#[test]
fn a_data_directory_that_is_not_there_is_no_good_news() {
    let place = Place::new();
    place.write("r.json", &report(ago(60), 1.0));
    let looks: [&[&str]; 6] = [
        &["canary", "verify"],
        &["canary", "status"],
        &["canary", "history"],
        &["replay"],
        &["alert", "list"],
        &["slo", "check", "--report", "r.json"],
    ];
    for args in looks {
        let ran = place.run(&[args, &["--data-dir", "no_such_place"]].concat()).ended(1);
        let told = "error: there is no data directory ";
        assert!(ran.stderr.contains(told) && ran.stdout.is_empty(), "{args:?}: {}", ran.stderr);
        assert!(ran.stderr.contains("no_such_place\n"), "{args:?}: {}", ran.stderr);
        assert!(ran.stderr.contains("--data-dir"), "{args:?}: {}", ran.stderr);
    }
    assert!(!place.path().join("no_such_place").exists());
}

/// Whoever puts a pipe or a device in a file's place can hold nobody up.
#[cfg(unix)]
#[test]
fn what_is_no_file_is_not_waited_for() {
    let place = Place::simulated();
    place.write("data_core/aios.lock", "");
    let made = std::process::Command::new("mkfifo").arg(place.path().join("pipe.json")).status();
    assert!(made.unwrap().success());
    std::os::unix::fs::symlink("/dev/zero", place.path().join("zero.json")).unwrap();
    for name in ["pipe.json", "zero.json"] {
        let readers: [&[&str]; 8] = [
            &["slo", "check", "--report", name],
            &["canary", "check", "--report", name],
            &["golden", "lint", "--set", name],
            &["golden", "compare", "--set", name],
            &["golden", "compare", "--baseline", name],
            &["golden", "accept", "--all", "--reason", "x", "--report", name],
            &["routing", "sweep", "--report", name],
            &["retrieval", "eval", "--qa", name],
        ];
        for args in readers {
            let ran = place.run(args).ended(1);
            assert!(ran.stderr.contains("it is not a regular file"), "{args:?}: {}", ran.stderr);
        }
    }
    let control = place.path().join("data_core/analytics/control.ndjson");
    std::fs::create_dir_all(control.parent().unwrap()).unwrap();
    let made = std::process::Command::new("mkfifo").arg(&control).status();
    assert!(made.unwrap().success());
    for args in [&["canary", "status"][..], &["canary", "verify"], &["canary", "history"]] {
        place.run(args).ended(2);
    }
    place.run(&["replay"]).ended(1);
    place.run(&["canary", "reset", "--start-pct", "10"]).ended(0);
    place.run(&["canary", "verify"]).ended(0);
}

#[test]
fn live_traffic_is_judged_without_a_server() {
    let place = with_goldens();
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

/// What every command that judges says of a log that cannot all be read.
fn none_is_green(place: &Place, n_lines: u64, first: &str) {
    let told = format!("event_log=NODATA[unread={n_lines} first={first}]");
    check(place, &[], 2, &["QUALITY_ALERT ", &told]);
    for args in [&["slo", "check"][..], &["slo", "status"], &["hypotheses", "run"]] {
        let ran = place.run(args).ended(2);
        let named =
            format!("{n_lines} lines of the event log cannot be read, the first in {first}: ");
        assert!(ran.stderr.contains(&named), "{args:?}: {}", ran.stderr);
        let json = place.run(&[args, &["--json"]].concat()).ended(2).json();
        assert_eq!(json["unread"]["n_lines"], n_lines, "{json}");
    }
    let show = ["hypotheses", "show", "treatment_latency"];
    assert!(place.run(&show).ended(2).stderr.contains(first));
    let report = place.run(&["report", "--json"]).json();
    assert_eq!(report["metrics"][1]["verdict"], "nodata", "{report}");
}

#[test]
fn what_cannot_be_read_is_named_and_never_green() {
    const LOG: &str = "data_core/analytics/hypotheses.ndjson";
    let place = with_goldens();
    place.write(REPORT, &report(ago(60), 1.0));
    place.write("data_core/keys/pseudonyms.key", &("5a".repeat(32) + "\n"));
    keep(&place, (0..87).map(|at| request(at, ago_today(600 - at), &[])));
    check(&place, &[], 0, &["QUALITY_OK "]);
    let healthy = place.read(LOG);
    let mangle = |(n, line): (usize, &str)| match n % 3 {
        1 => line.replace("\"latency_ms\"", "latency_ms") + "\n",
        _ => format!("{line}\n"),
    };
    place.write(LOG, &healthy.lines().enumerate().map(mangle).collect::<String>());
    let name =
        if cfg!(windows) { "analytics\\hypotheses.ndjson" } else { "analytics/hypotheses.ndjson" };
    none_is_green(&place, 29, &format!("{name}:2"));
    let night = place.run(&["nightly", "--only", "hypotheses", "--json"]).ended(2);
    let step = crate::nightly::step(&night, "hypotheses");
    assert_eq!(step["state"], "violation");
    assert!(step["detail"].as_str().unwrap().contains("29 lines of the event log"), "{step}");
    // Nothing but noise, as of a disk that gave back other bytes.
    let noise = (0..40_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8);
    let noise: Vec<u8> = noise.collect();
    let n_lines = noise.split(|byte| *byte == b'\n').count() as u64;
    std::fs::write(place.path().join(LOG), noise).unwrap();
    none_is_green(&place, n_lines, &format!("{name}:1"));
    // A line that is being written is no fault.
    place.write(LOG, &(healthy.clone() + "{\"event_type\":\"resp"));
    check(&place, &[], 0, &["QUALITY_OK "]);
}

#[test]
fn what_cannot_be_is_named() {
    let place = Place::new();
    let refused = |name: &str| place.run(&["slo", "check", "--report", name]).ended(1).stderr;
    assert!(refused("nowhere.json").contains("hint: name an existing file"));
    place.write("bad.json", &report(ago(60), 1.5));
    assert!(refused("bad.json").contains("pass_rate cannot be 1.5"));
    place.run(&["slo", "check", "--no-such-flag"]).ended(64);
    place.write("aios.toml", "[slo]\npass_rate = 1.5\nwindow = \"1s\"\n");
    let wrong = place.run(&["slo", "check"]).ended(1).stderr;
    assert!(wrong.contains("`slo.pass_rate` (line 2") && wrong.contains("`slo.window`"), "{wrong}");
    place.write("aios.toml", "[slo]\npas_rate = 0.9\n");
    assert!(place.run(&["slo", "check"]).ended(1).stderr.contains("did you mean `pass_rate`?"));
}

#[test]
fn an_objective_of_ones_own_counts() {
    let place = with_goldens();
    place.write(REPORT, &report(ago(60), 0.9));
    place.write("aios.toml", "[slo]\npass_rate = 0.85\n");
    check(&place, &[], 0, &["QUALITY_OK pass_rate=0.9>=0.85"]);
}

/// Requests of both buckets in turn; those of treatment take `factor` times as long.
fn two_buckets(place: &Place, n: i64, factor: f64) {
    let one = |at: i64| {
        let is_treated = at % 2 == 1;
        let latency_ms = if is_treated { 100.0 * factor } else { 100.0 } + (at * 7 % 11) as f64;
        let bucket = if is_treated { "treatment" } else { "control" };
        let changes = [("bucket", json!(bucket)), ("latency_ms", json!(latency_ms))];
        request(at, ago_today(6_000 - at), &changes)
    };
    keep(place, (0..n).map(one));
}

fn finding(place: &Place, name: &str) -> String {
    let all = place.run(&["hypotheses", "run", "--json"]).ended(0).json();
    let all = all["hypotheses"].as_array().unwrap().clone();
    let one = all.iter().find(|one| one["name"] == name).unwrap();
    one["finding"].as_str().unwrap().to_owned()
}

#[test]
fn hypotheses_are_asked_of_the_traffic() {
    let place = Place::new();
    // A directory that is not there says nothing of anything.
    place.run(&["hypotheses", "run"]).ended(1);
    std::fs::create_dir(place.path().join("data_core")).unwrap();
    assert_eq!(finding(&place, "treatment_latency"), "no_data");
    two_buckets(&place, 4_000, 1.0);
    assert_eq!(finding(&place, "treatment_latency"), "supported");
    two_buckets(&place, 4_000, 2.0);
    assert_eq!(finding(&place, "treatment_latency"), "refuted");
    let shown = place.run(&["hypotheses", "show", "treatment_latency"]).ended(0).stdout;
    assert!(shown.contains("refuted") && shown.contains("2000 (needs 100)"), "{shown}");
    let unknown = place.run(&["hypotheses", "show", "treatment_latncy"]).ended(1).stderr;
    assert!(unknown.contains("hint: there are: treatment_quality"), "{unknown}");
    let own = "[hypotheses]\nown = [{ name = \"fast\", statement = \"it is faster\", metric = \"latency\", groups = \"buckets\", direction = \"better\", margin = 0.0 }]\n";
    place.write("aios.toml", own);
    assert_eq!(finding(&place, "fast"), "refuted");
    let listed = place.run(&["hypotheses", "list"]).ended(0).stdout;
    assert_eq!(listed.lines().count(), 6, "{listed}");
    place.write("aios.toml", &own.replace("latency", "latncy"));
    let wrong = place.run(&["hypotheses", "list"]).ended(1).stderr;
    assert!(wrong.contains("did you mean \"latency\"?"), "{wrong}");
}

/// The log says when something came to be known.
#[test]
fn a_finding_that_has_changed_is_written_into_the_log() {
    let place = Place::new();
    two_buckets(&place, 600, 1.0);
    place.write("data_core/keys/pseudonyms.key", &("5a".repeat(32) + "\n"));
    let night = || {
        let ran = place.run(&["nightly", "--json"]).ended(0);
        let told = crate::nightly::step(&ran, "hypotheses")["detail"].clone();
        told.as_str().unwrap().to_owned()
    };
    let findings = || -> Vec<Value> {
        let shown = place.run(&["hypotheses", "show", "treatment_latency", "--json"]).ended(0);
        let history = shown.json()["history"].as_array().unwrap().clone();
        history.iter().map(|event| json!([event["before"], event["finding"]])).collect()
    };
    let dry = place.run(&["nightly", "--dry-run", "--json"]).ended(0);
    let changed = "treatment_latency: no_data -> supported";
    let told = crate::nightly::step(&dry, "hypotheses")["detail"].as_str().unwrap().to_owned();
    assert!(told.contains(changed) && findings().is_empty(), "{told}");
    assert!(night().contains(changed));
    assert_eq!(findings(), [json!([null, "supported"])]);
    // Nothing new is nothing to write.
    assert!(night().ends_with("none has changed"));
    assert_eq!(findings().len(), 1);
    let slower = (600..5_900).map(|at: i64| {
        let changes = [
            ("bucket", json!(if at % 2 == 1 { "treatment" } else { "control" })),
            ("latency_ms", json!(if at % 2 == 1 { 900.0 } else { 100.0 })),
        ];
        format!("{}\n", request(at, ago_today(6_000 - at), &changes))
    });
    let log = place.read("data_core/analytics/hypotheses.ndjson");
    place.write("data_core/analytics/hypotheses.ndjson", &(log + &slower.collect::<String>()));
    assert!(night().contains("treatment_latency: supported -> refuted"));
    assert_eq!(findings()[1][0], json!("supported"));
    let shown = place.run(&["hypotheses", "show", "treatment_latency"]).ended(0).stdout;
    assert!(shown.lines().last().unwrap().contains("Z"), "{shown}");
    let queried = place.run(&["events", "query", "--type", "hypothesis"]).ended(0).stdout;
    assert!(queried.contains("supported: treatment_latency, 300 pairs"), "{queried}");
    // They are events like others: sealed with them, and counted as such.
    let n = place.run(&["events", "query", "--json"]).ended(0).stdout.lines().count();
    place.run(&["logs", "rotate", "--now"]).ended(0);
    // Around midnight this log is of two days, which the server's own never is.
    let verified = place.run(&["logs", "verify"]).stdout;
    assert!(verified.contains(&format!("events: {n},")), "{verified}");
    assert_eq!(findings().len(), 2);
}

#[test]
fn the_week_is_held_against_the_guides_six_metrics() {
    let place = with_goldens();
    let verdicts = |place: &Place, code: i32| {
        let report = place.run(&["report", "--days", "7", "--json"]).ended(code).json();
        let metrics = report["metrics"].as_array().unwrap().clone();
        let each = metrics.iter().map(|metric| metric["verdict"].as_str().unwrap().to_owned());
        each.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(verdicts(&place, 2), "nodata nodata fail nodata nodata nodata");
    place.write("aios.toml", "[routing]\ntreatment_pct = 25.0\n");
    assert_eq!(verdicts(&place, 3), "nodata nodata pass nodata nodata nodata");
    traffic(&place, 100, 0);
    place.write(REPORT, &report(ago(60), 1.0));
    place.run(&["canary", "reset", "--start-pct", "25"]).ended(0);
    assert_eq!(verdicts(&place, 0), "pass pass pass pass pass pass");
    traffic(&place, 100, 20);
    assert_eq!(verdicts(&place, 2), "pass fail pass pass pass pass");
    let markdown = place.run(&["report", "--format", "markdown"]).ended(2).stdout;
    assert!(markdown.contains("| FAIL | SLO compliance | > 99 % |"), "{markdown}");
    let html = place.run(&["report", "--format", "html"]).ended(2).stdout;
    let asks_others = html.contains("http:") || html.contains("https:") || html.contains("src=");
    assert!(html.starts_with("<!doctype html>") && !asks_others, "{html}");
    // An hour of it was broken, and the share in treatment is drawn.
    assert!(html.contains("class=\"broken\"") && html.contains("20 bad of"), "{html}");
    assert!(html.contains("<polyline class=\"curve main\""), "{html}");
}
