//! `aios canary`, alone and beside a server.

use aios_core::{Bucket, Profile};
use aios_eval::{Report, candidate_fingerprint};
use serde_json::{Value, json};

use crate::program::{Place, Ran};
use crate::rig::{Server, Setup, chat, eventually, post_with};

const CONTROL: &str = "data_core/analytics/control.ndjson";

/// A place with a data directory.
fn place() -> Place {
    let place = Place::simulated();
    place.write("data_core/aios.lock", "");
    place
}

fn status(place: &Place) -> Value {
    place.run(&["canary", "status", "--json"]).ended(0).json()
}

#[test]
fn the_guides_line_comes_first() {
    let first = |ran: Ran| ran.stdout.lines().next().unwrap().to_owned();
    // Also before anything is kept of it.
    let place = place();
    let ran = place.run(&["canary", "status"]).ended(0);
    assert_eq!(first(ran), "current_pct=10, consecutive_passes=0");
    let ran = place.run(&["canary", "reset", "--start-pct", "-0"]).ended(0);
    assert_eq!(first(ran), "current_pct=0, consecutive_passes=0");
    let ran = place.run(&["canary", "reset", "--start-pct", "0"]).ended(0);
    assert_eq!(first(ran), "current_pct=0, consecutive_passes=0");
    let routing = place.run(&["routing", "status", "--json"]).ended(0).json();
    assert_eq!(
        (&routing["split"]["treatment_pct"], &routing["split"]["origin"]),
        (&json!(0.0), &json!("canary"))
    );
    place.run(&["canary", "reset", "--start-pct", "10"]).ended(0);
    assert_eq!(
        (&status(&place)["phase"], &status(&place)["version"]),
        (&json!("running"), &json!(3))
    );
    // What is kept for good is some words, and no document.
    let long = "why ".repeat(25_000);
    for verb in [&["reset", "--start-pct", "10"][..], &["hold"], &["resume"], &["approve"]] {
        let args = [&["canary"], verb, &["--reason", &long]].concat();
        let ran = place.run(&args).ended(64);
        assert!(ran.stderr.contains("at most 500 are kept"), "{}", ran.stderr);
    }
    place.run(&["canary", "approve", "--reason", " "]).ended(64);
    assert_eq!(status(&place)["version"], 3);
}

#[test]
fn the_operators_hand_is_a_file_that_can_be_written_and_cleared() {
    let place = place();
    place
        .run(&["routing", "override", "--control-pct", "75", "--boundary", "0.4", "--freeze"])
        .ended(0);
    let text = place.read("data_core/analytics/adaptive_override.json");
    assert_eq!(text, r#"{"control_bucket_pct":0.75,"boundary":0.4,"freeze":true}"#);
    let split = place.run(&["routing", "status", "--json"]).ended(0).json()["split"].clone();
    assert_eq!((&split["treatment_pct"], &split["frozen"]), (&json!(25.0), &json!(true)));
    // Nobody who sets a boundary lets those into treatment whom he has taken out.
    let told = place.run(&["routing", "override", "--boundary", "0.5"]).ended(0).stdout;
    assert!(told.contains("75 % in control, boundary 0.5, frozen"), "{told}");
    place.run(&["routing", "clear"]).ended(0);
    let split = place.run(&["routing", "status", "--json"]).ended(0).json()["split"].clone();
    assert_eq!((&split["treatment_pct"], &split["origin"]), (&json!(10.0), &json!("canary")));
    // A freeze alone deals nothing otherwise, and is named.
    place.run(&["routing", "override", "--freeze"]).ended(0);
    let told = place.run(&["canary", "status"]).ended(0).stdout;
    assert!(told.contains("running, frozen by an override"), "{told}");
    place.run(&["routing", "clear"]).ended(0);
    for wrong in [&["--control-pct", "101"][..], &["--boundary", "NaN"], &[]] {
        place.run(&[&["routing", "override"], wrong].concat()).ended(64);
    }
}

#[test]
fn what_cannot_be_is_refused_and_changes_nothing() {
    let place = place();
    let hair = place.run(&["canary", "reset", "--start-pct", "1e-320"]).ended(64);
    assert!(hair.stderr.contains("from 0.01 to 99.99"), "{}", hair.stderr);
    for pct in ["250", "-1", "NaN", "ten"] {
        let ran = place.run(&["canary", "reset", "--start-pct", pct]).ended(64);
        assert!(ran.stderr.contains("from 0 to 100"), "{}", ran.stderr);
    }
    place.run(&["canary", "approve"]).ended(64);
    place.run(&["canary", "promote"]).ended(64);
    place.run(&["canary", "hold", "--if-version", "0"]).ended(0);
    let ran = place.run(&["canary", "hold", "--if-version", "0"]).ended(1);
    assert!(ran.stderr.contains("at version 1 by now, not 0"), "{}", ran.stderr);
    let text = place.read(CONTROL);
    assert_eq!((text.lines().count(), status(&place)["held"].clone()), (1, json!(true)));
    place.run(&["canary", "resume"]).ended(0);
    assert_eq!(status(&place)["held"], false);
    let off = self::place().env("AIOS_CANARY__ENABLED", "false");
    let ran = off.run(&["canary", "hold"]).ended(1);
    assert!(ran.stderr.contains("canary.enabled"), "{}", ran.stderr);
}

#[test]
fn a_damaged_line_is_named_and_a_reset_begins_anew() {
    let place = place();
    place.run(&["canary", "reset", "--start-pct", "50", "--reason", "to a@b.example"]).ended(0);
    let text = place.read(CONTROL);
    assert!(text.contains("[EMAIL]") && !text.contains("a@b.example"), "{text}");
    place.run(&["canary", "verify"]).ended(0);
    place.write(CONTROL, &text.replace("50.0", "75.0"));
    let ran = place.run(&["canary", "status"]).ended(2);
    assert!(ran.stdout.starts_with("current_pct=0, consecutive_passes=0\n"), "{}", ran.stdout);
    assert!(
        ran.stderr.contains("control.ndjson: line 1: it is not as it was written"),
        "{}",
        ran.stderr
    );
    for args in [&["canary", "verify"][..], &["canary", "history"]] {
        place.run(args).ended(2);
    }
    let preflight = place.run(&["preflight"]).ended(2).stdout;
    assert!(preflight.contains("canary     what is kept of it is damaged"), "{preflight}");
    for args in [&["canary", "hold"][..], &["canary", "check"]] {
        let ran = place.run(args).ended(1);
        assert!(ran.stderr.contains("reset --start-pct"), "{}", ran.stderr);
    }
    // A line less is no shorter history.
    place.write(CONTROL, "");
    let ran = place.run(&["canary", "status"]).ended(2);
    assert!(ran.stderr.contains("its end was cut off"), "{}", ran.stderr);
    let half = text.get(..text.len() / 2).unwrap();
    place.write(CONTROL, half);
    place.run(&["canary", "check"]).ended(1);
    assert_eq!(place.read(CONTROL), half, "what is damaged stays as it was found");
    place.run(&["canary", "reset", "--start-pct", "10"]).ended(0);
    assert_eq!(status(&place)["current_pct"], 10.0);
    let names = std::fs::read_dir(place.path().join("data_core/analytics")).unwrap();
    let aside = names.filter(|name| {
        name.as_ref().unwrap().file_name().to_string_lossy().starts_with("control.corrupt-")
    });
    assert_eq!(aside.count(), 2, "the lines and their head");
}

/// No server has ever run here, and still the audit trail knows how far the chain has come.
#[test]
fn what_was_decided_without_a_server_is_missed_when_it_is_gone() {
    let place = place();
    place.run(&["canary", "reset", "--start-pct", "50"]).ended(0);
    place.run(&["canary", "hold"]).ended(0);
    // Without the key nobody vouches for the lines.
    let key = place.path().join("data_core/keys/signing.key");
    let aside = key.with_extension("aside");
    std::fs::rename(&key, &aside).unwrap();
    let ran = place.run(&["canary", "verify"]).ended(3);
    assert!(ran.stdout.starts_with("CANARY_UNSIGNED lines=2"), "{}", ran.stdout);
    std::fs::rename(&aside, &key).unwrap();
    place.run(&["canary", "verify"]).ended(0);
    for file in [CONTROL, "data_core/analytics/control.head"] {
        std::fs::remove_file(place.path().join(file)).unwrap();
    }
    for args in [&["canary", "verify"][..], &["canary", "status"], &["audit", "verify"]] {
        let ran = place.run(args).ended(2);
        assert!(
            ran.stderr.contains("line 2") || ran.stdout.contains("line 2"),
            "{args:?} {}{}",
            ran.stdout,
            ran.stderr
        );
    }
}

/// A golden report of the policy on trial that was made a moment ago, at the time of a hold that is over again.
fn report(place: &Place, name: &str, change: impl FnOnce(&mut Value)) {
    place.write_goldens("data_core");
    place.run(&["canary", "hold"]).ended(0);
    let ts = last_time(place);
    place.run(&["canary", "resume"]).ended(0);
    let report = include_str!("../../../../fixtures/golden/report_v1.json");
    let mut report: Value = serde_json::from_str(report).unwrap();
    let hash = place.run(&["config", "show", "--json"]).ended(0).json()["answers_hash"].clone();
    let hash = hash.as_str().unwrap();
    let of = candidate_fingerprint(hash, Bucket::Treatment, 0.5, Profile::Golden);
    report["candidate_fingerprint"] = json!(of);
    (report["timestamp"], report["notes"]) = (json!(ts), json!([name]));
    change(&mut report);
    place.write(name, &sealed(&report.to_string()));
}

/// With the id of its content, as it would have been made; as it is where it is no report.
fn sealed(text: &str) -> String {
    let mut unsealed: Value = serde_json::from_str(text).unwrap();
    unsealed["report_id"] = json!("");
    let report =
        Report::parse(&unsealed.to_string()).map(|report| serde_json::to_string(&report.sealed()));
    report.map_or_else(|_| text.to_owned(), Result::unwrap)
}

fn good(_: &mut Value) {}

/// The time of the last line that control has kept.
fn last_time(place: &Place) -> String {
    let text = place.read(CONTROL);
    let last: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    last["ts"].as_str().unwrap().to_owned()
}

#[test]
fn a_golden_report_counts_once_and_three_advance_where_there_is_no_traffic() {
    let place = place();
    let check = |name: &str| {
        let ran = place.run(&["canary", "check", "--report", name]).ended(0);
        ran.stdout.lines().last().unwrap().to_owned()
    };
    report(&place, "a.json", good);
    assert!(check("a.json").starts_with("Verdict: met (1/3) objectives_met   Action: waiting"));
    assert!(check("a.json").starts_with("Verdict: no_data (1/3) no_new_data"));
    for name in ["b.json", "c.json"] {
        report(&place, name, good);
        let told = check(name);
        assert!(told.starts_with("Verdict: met ("), "{told}");
    }
    assert_eq!(status(&place)["current_pct"], 25.0);
    for name in ["d.json", "e.json"] {
        report(&place, name, |report| {
            let worse = json!([{ "what": "main_share", "detail": "main answers 10 %" }]);
            (report["status"], report["regressions_detected"]) = (json!("FAIL"), worse);
        });
        assert!(check(name).contains("objective_broken"));
    }
    let now = status(&place);
    assert_eq!((&now["current_pct"], &now["phase"]), (&json!(10.0), &json!("rolled_back")));
    place.run(&["canary", "verify"]).ended(0);
    // Under the same policy it comes to the same; with one pass fewer it would have been quicker.
    let again = place.run(&["replay", "--json"]).ended(0).json();
    assert_eq!((&again["n_verdicts"], &again["n_other"]), (&json!(5), &json!(0)));
    let quicker = place.run(&["replay", "--passes", "1", "--json"]).ended(2).json();
    let first = &quicker["verdicts"][0];
    assert_eq!((&first["kept_pct"], &first["replayed_pct"]), (&json!(10.0), &json!(25.0)));
    assert_eq!((&first["verdict"], &first["other"]), (&json!("met"), &json!(true)));
    place.run(&["replay", "--error-margin", "2"]).ended(64);
    let history = place.run(&["canary", "history"]).ended(0).stdout;
    assert!(history.contains("advance 25") && history.contains("roll back 10"), "{history}");
}

#[test]
fn a_report_that_cannot_be_used_is_named() {
    let place = place();
    let refused = |text: &str, expect: &str| {
        place.write("r.json", text);
        let ran = place.run(&["canary", "check", "--report", "r.json"]).ended(1);
        assert!(ran.stderr.contains(expect), "{}", ran.stderr);
    };
    refused("", "r.json is no golden report");
    report(&place, "good.json", good);
    let with = |place: &Place, pointer: &str, value: Value| {
        report(place, "r.json", |report| *report.pointer_mut(pointer).unwrap() = value);
        place.read("r.json")
    };
    let old = with(&place, "/timestamp", json!("2020-01-01T00:00:00Z"));
    refused(&old, "not within the last day");
    refused(&with(&place, "/metrics/pass_rate", json!(1.5)), "pass_rate cannot be 1.5");
    refused(&with(&place, "/metrics/p95_ms", json!(-5)), "p95_ms cannot be -5");
    refused(&with(&place, "/metrics/error_rate", json!("NaN")), "no golden report");
    refused(&with(&place, "/candidate_fingerprint", json!("of another")), "candidate: of another");
    refused(&with(&place, "/bucket", json!("control")), "asked control");
    refused(&with(&place, "/kind", json!("baseline")), "compared with nothing");
    let worse = json!([{ "what": "case", "id": "case-01", "detail": "1/1 before, 0/6 now" }]);
    refused(&with(&place, "/regressions_detected", worse), "it says PASS, and lists what got");
    let other = with(&place, "/baseline/sha256", json!("aaaa"));
    refused(&other, "with the baseline aaaa, not with 37cae051ee54");
    let wide = with(&place, "/regression_threshold", json!(9.5));
    refused(&wide, "what is 9.5 worse, where canary.golden_threshold allows 0.25");
    place.write("data_core/goldens/sample_set.json", r#"[{"id": "easy", "question": "Hello"}]"#);
    refused(&place.read("good.json"), "the case \"easy\" was not asked");
    let ran = place.run(&["canary", "check", "--report", "none.json"]).ended(1);
    assert!(ran.stderr.contains("none.json"), "{}", ran.stderr);
    assert_eq!(status(&place)["consecutive_passes"], 0);
}

/// Many processes at once hand in the same report to a server; it counts once.
#[tokio::test]
async fn a_report_that_many_hand_in_at_once_counts_once() {
    let server = Server::start(&Setup::new()).await;
    server.place().write_goldens("data");
    beside(&server, &["canary", "hold"]).ended(0);
    let ts = kept(&server, "decision")[0]["ts"].clone();
    beside(&server, &["canary", "resume"]).ended(0);
    let hash = server.status().await["config"]["answers_hash"].as_str().unwrap().to_owned();
    let text = include_str!("../../../../fixtures/golden/report_v1.json");
    let mut report: Value = serde_json::from_str(text).unwrap();
    let of = candidate_fingerprint(&hash, Bucket::Treatment, 0.5, Profile::Golden);
    (report["candidate_fingerprint"], report["timestamp"]) = (json!(of), ts);
    server.place().write("r.json", &sealed(&report.to_string()));
    let server = std::sync::Arc::new(server);
    let hand_in = |_| {
        let server = std::sync::Arc::clone(&server);
        tokio::task::spawn_blocking(move || {
            beside(&server, &["canary", "check", "--report", "r.json", "--json"]).ended(0).json()
        })
    };
    let mut n_met = 0;
    for checked in (0..24).map(hand_in).collect::<Vec<_>>() {
        n_met += u32::from(checked.await.unwrap()["verdict"] == "met");
    }
    assert_eq!((n_met, kept(&server, "verdict").len()), (1, 1));
}

/// Nothing that is empty, half or garbage is ever good news, whoever reads it.
#[test]
fn no_bad_input_is_good_news() {
    let place = place();
    report(&place, "good.json", good);
    let good = place.read("good.json");
    let half = good.get(..good.len() / 2).unwrap();
    let bad = ["", "{", "[]", "null", "{}", "\u{0}\u{1}", "PASS", half, &good.replace(':', ";")];
    let readers: [&[&str]; 4] = [
        &["canary", "check", "--report", "bad.json"],
        &["slo", "check", "--report", "bad.json"],
        &["golden", "compare", "--set", "bad.json", "--out", "out.json"],
        &["golden", "compare", "--baseline", "bad.json", "--out", "out.json"],
    ];
    for text in bad {
        place.write("bad.json", text);
        for reader in readers {
            let ran = place.run(reader);
            assert_ne!(ran.code, Some(0), "{reader:?} {text:?} {}", ran.stdout);
        }
        place.write("data_core/analytics/adaptive_override.json", text);
        // An empty wish changes nothing; whatever else it is, nobody knows what it should have said.
        let (pct, code) = if text == "{}" { (10.0, 0) } else { (0.0, 2) };
        let shown = place.run(&["routing", "status", "--json"]).ended(code).json();
        assert_eq!(shown["split"]["treatment_pct"], pct, "{text:?}");
    }
    place.write("data_core/analytics/adaptive_override.json", "{}");
    let kept = place.read(CONTROL);
    for text in bad {
        place.write(CONTROL, text);
        assert_eq!(place.run(&["canary", "status"]).code, Some(2), "{text:?}");
        assert_ne!(place.run(&["canary", "check"]).code, Some(0), "{text:?}");
    }
    place.write(CONTROL, &kept);
    place.run(&["canary", "status"]).ended(0);
}

const OVERRIDE: &str = "data_core/analytics/adaptive_override.json";

/// What it judges is not dealt as the operator has asked for, whatever the verdict.
#[test]
fn a_check_says_that_an_override_is_not_taken() {
    let place = place();
    place.write(OVERRIDE, r#"{"control_pct":1.0}"#);
    for args in [&["canary", "check"][..], &["canary", "status"], &["canary", "check", "--json"]] {
        let ran = place.run(args).ended(2);
        assert!(ran.stderr.contains("adaptive_override.json is not taken"), "{}", ran.stderr);
    }
    place.write(OVERRIDE, "{}");
    place.run(&["canary", "check"]).ended(0);
}

#[test]
fn a_freeze_is_seen_under_the_kill_switch() {
    let place = place().env("AIOS_ADAPTIVE_ENABLED", "0");
    place.write(OVERRIDE, r#"{"freeze":true}"#);
    let split = &place.run(&["routing", "status", "--json"]).ended(0).json()["split"];
    assert_eq!((&split["frozen"], &split["origin"]), (&json!(true), &json!("kill_switch")));
    let told = place.run(&["canary", "status"]).ended(0).stdout;
    assert!(told.contains("frozen by an override"), "{told}");
}

#[test]
fn whoever_asks_for_routing_is_told_that_the_canary_is_held() {
    let place = place();
    let told = |args: &[&str]| place.run(args).ended(0).stdout;
    assert!(!told(&["routing", "status"]).contains("on hold"));
    place.run(&["canary", "hold", "--reason", "over the weekend"]).ended(0);
    let why = " by the operator: over the weekend; until `aios canary resume`";
    for args in [["routing", "status"], ["canary", "status"]] {
        let told = told(&args);
        assert!(told.contains("on hold since ") && told.contains(why), "{told}");
    }
    let json = place.run(&["routing", "status", "--json"]).ended(0).json();
    assert_eq!(
        (&json["canary_held"], &json["canary_hold"]["actor"]),
        (&json!(true), &json!("operator"))
    );
    place.run(&["canary", "resume"]).ended(0);
    assert!(!told(&["routing", "status"]).contains("on hold"));
    let json = place.run(&["routing", "status", "--json"]).ended(0).json();
    assert_eq!((&json["canary_held"], &json["canary_hold"]), (&json!(false), &Value::Null));
}

/// Of nothing there is nothing that is as it was written.
#[test]
fn nothing_kept_is_no_good_news() {
    let place = place();
    let verified = place.run(&["canary", "verify"]).ended(3);
    assert!(verified.stdout.starts_with("CANARY_NODATA"), "{}", verified.stdout);
    assert_eq!(place.run(&["canary", "verify", "--json"]).ended(3).json()["ok"], false);
    let replayed = place.run(&["replay"]).ended(3);
    assert!(replayed.stderr.contains("NODATA"), "{}", replayed.stderr);
    place.run(&["canary", "hold"]).ended(0);
    place.run(&["canary", "verify"]).ended(0);
    place.run(&["replay"]).ended(3);
}

/// `rm -r audit analytics/control.*`, with and without the head that lies elsewhere.
#[tokio::test]
async fn what_was_removed_under_a_directory_in_use_is_missed() {
    let server = Server::start(&Setup::new()).await;
    server.chat("aios-auto", "Hello there!").await.expect(200);
    let place = server.stop_after(1).await;
    let run = |args: &[&str]| place.run(&[args, &["--data-dir", "data"]].concat());
    run(&["audit", "verify"]).ended(0);
    run(&["canary", "status"]).ended(0);
    let data = place.path().join("data");
    std::fs::remove_dir_all(data.join("audit")).unwrap();
    for entry in std::fs::read_dir(data.join("analytics")).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().unwrap().to_string_lossy().starts_with("control.") {
            std::fs::remove_file(path).unwrap();
        }
    }
    let missed = || {
        for args in [["audit", "verify"], ["canary", "verify"], ["canary", "status"]] {
            run(&args).ended(2);
        }
    };
    missed();
    std::fs::remove_file(data.join("analytics/audit.head")).unwrap();
    missed();
    let place = Server::start_in(place).await.stop().await;
    let after = |args: &[&str]| place.run(&[args, &["--data-dir", "data"]].concat());
    let told = after(&["audit", "verify"]).ended(2).stdout;
    assert!(told.starts_with("AUDIT_BAD entry 1 ("), "{told}");
    after(&["canary", "status"]).ended(2);
    after(&["canary", "reset", "--start-pct", "10"]).ended(0);
    after(&["canary", "status"]).ended(0);
}

/// Looks often, and at requests that ended a moment ago: as long ago as a busy machine may need for one.
fn quick() -> Setup {
    Setup::new()
        .set("canary.check_every", r#""200ms""#)
        .set("canary.golden_gate", "false")
        .set("timeouts.total", r#""3s""#)
        .set("timeouts.first_token", r#""3s""#)
        .set("timeouts.whole", r#""3s""#)
        .set("routing.treatment_pct", "50.0")
}

/// The program beside a running server, which it asks at its admin address.
pub(crate) fn beside(server: &Server, args: &[&str]) -> Ran {
    let more = ["--data-dir", "data"];
    let mut command = server.place().command(&[args, &more].concat());
    command.env("AIOS_SERVER__ADMIN_LISTEN", server.admin_address());
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// One request of a conversation; the bucket that it got.
async fn ask(server: &Server, n: usize) -> String {
    let header = format!("x-conversation-id: c-{n}\r\n");
    let reply = server.ask(&post_with(&header, chat("aios-auto", "x", false).as_bytes())).await;
    reply.expect(200).header("x-aios-bucket").unwrap().to_owned()
}

/// The lines of control of a running server.
fn kept(server: &Server, kind: &str) -> Vec<Value> {
    let path = server.place().path().join("data/analytics/control.ndjson");
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter(|line| line["event_type"] == kind).collect()
}

#[tokio::test]
async fn traffic_becomes_verdicts_that_follow_from_their_counts() {
    let server = Server::start(&quick()).await;
    let mut n = 0;
    let verdict = eventually("a verdict on both buckets", async || {
        for _ in 0..40 {
            ask(&server, n).await;
            n += 1;
        }
        kept(&server, "verdict").into_iter().find(|line| {
            line["metrics"].as_array().is_some_and(|all| {
                all.iter()
                    .any(|it| it["metric"] == "errors" && it["n_treatment"].as_u64() > Some(5))
            })
        })
    })
    .await;
    assert!(verdict["testimony"]["epochs"][0]["n_dealt"][0].as_u64() > Some(5), "{verdict}");
    let told = beside(&server, &["canary", "check"]).ended(0).stdout;
    assert!(told.starts_with("Canary check  stage 50% -> next 75%"), "{told}");
    let verified = beside(&server, &["canary", "verify", "--json"]).ended(0).json();
    assert!(verified["n_verdicts"].as_u64() > Some(0), "{verified}");
    let metrics = server.admin("GET", "/metrics", "").await.expect(200).text();
    assert!(
        metrics.contains("canary_pct 50.0") && metrics.contains("canary_panics_total 0"),
        "{metrics}"
    );
    // What was kept is there after the next start, and so is the state.
    let version = verified["n_lines"].as_u64().unwrap();
    let server = Server::start_in(server.stop().await).await;
    let status = beside(&server, &["canary", "status", "--json"]).ended(0).json();
    assert!(status["version"].as_u64() >= Some(version), "{status}");
}

#[tokio::test]
async fn a_running_server_is_asked_and_what_was_done_is_on_record() {
    let server = Server::start(&Setup::new()).await;
    assert_eq!(server.status().await["split"]["treatment_pct"], 10.0);
    let reset = beside(&server, &["canary", "reset", "--start-pct", "25", "--reason", "why not"]);
    assert!(reset.ended(0).stdout.starts_with("current_pct=25, consecutive_passes=0\n"));
    eventually("the split", async || {
        (server.status().await["split"]["treatment_pct"] == 25.0).then_some(())
    })
    .await;
    let held = beside(&server, &["canary", "hold", "--json"]).ended(0).json();
    assert_eq!((&held["held"], &held["version"]), (&json!(true), &json!(2)));
    let conflict = beside(&server, &["canary", "resume", "--if-version", "1"]).ended(1);
    assert!(
        conflict.stderr.contains("(409)") && conflict.stderr.contains("version 2"),
        "{}",
        conflict.stderr
    );
    beside(&server, &["canary", "approve", "--reason", "seen it work"]).ended(0);
    let decided: Vec<_> =
        kept(&server, "decision").iter().map(|it| it["decision"].clone()).collect();
    assert_eq!(decided, ["reset", "hold", "advance"]);
    let trail = beside(&server, &["audit", "tail", "-n", "50", "--json"]).ended(0).stdout;
    assert_eq!(trail.matches("POST /admin/v1/canary/").count(), 4, "{trail}");
    let ran = server.admin("GET", "/admin/v1/canary", "").await;
    ran.expect(401);
    // What cannot be understood is answered in the API's own form.
    let token = server.read_data("keys/admin.token");
    let header = format!("authorization: Bearer {}\r\n", token.trim());
    for (body, expect) in [(r#"{"start_pct":250}"#, "not 250"), ("{", "EOF"), ("{}", "start_pct")] {
        let reply = server.admin_with("POST", "/admin/v1/canary/reset", &header, body).await;
        let told = reply.json();
        assert_eq!(told["error"]["code"], "bad_body", "{told}");
        assert!(told["error"]["message"].as_str().unwrap().contains(expect), "{told}");
    }
}

/// From the moment at which the operator's hand was felt no request is treated any more, whoever asks.
#[tokio::test]
async fn the_kill_switch_empties_treatment_within_a_second() {
    let server = Server::start(&Setup::new()).await;
    beside(&server, &["canary", "reset", "--start-pct", "75"]).ended(0);
    let treated = eventually("a treated request", async || {
        for n in 0..20 {
            if ask(&server, n).await == "treatment" {
                return Some(n);
            }
        }
        None
    })
    .await;
    beside(&server, &["routing", "override", "--control-pct", "100"]).ended(0);
    // In force when the command ends, so that nobody has to wait and see.
    assert_eq!(server.status().await["split"]["origin"], "override");
    for n in 0..100 {
        assert_eq!(ask(&server, n).await, "control");
    }
    // The canary's own state has not moved, and is not in force.
    let status = beside(&server, &["canary", "status", "--json"]).ended(0).json();
    assert_eq!(
        (&status["current_pct"], &status["split"]["origin"]),
        (&json!(75.0), &json!("override"))
    );
    let told = beside(&server, &["canary", "check"]).ended(0).stdout;
    assert!(told.contains("the operator's override or the kill switch is in force"), "{told}");
    beside(&server, &["routing", "clear"]).ended(0);
    let is_back = async || (ask(&server, treated).await == "treatment").then_some(());
    eventually("treatment", is_back).await;
}

/// A server that listens where this directory's would is not its server.
#[tokio::test]
async fn what_is_in_force_is_what_the_owner_of_the_directory_says() {
    let server = Server::start(&Setup::new()).await;
    beside(&server, &["canary", "reset", "--start-pct", "75"]).ended(0);
    let args = ["canary", "status", "--json", "--data-dir", "other"];
    server.place().write("other/aios.lock", "");
    let mut command = server.place().command(&args);
    command.env("AIOS_SERVER__ADMIN_LISTEN", server.admin_address());
    let shown: Value = serde_json::from_slice(&command.output().unwrap().stdout).unwrap();
    assert_eq!(shown["split"]["treatment_pct"], 10.0);
    let own = beside(&server, &["canary", "status", "--json"]).ended(0).json();
    assert_eq!(own["split"]["treatment_pct"], 75.0);
}

#[tokio::test]
async fn a_running_server_tells_who_holds_the_canary() {
    let server = Server::start(&Setup::new()).await;
    let canary = async || server.status().await["canary"].clone();
    assert_eq!(
        (&canary().await["is_held"], &canary().await["hold"]),
        (&json!(false), &Value::Null)
    );
    beside(&server, &["canary", "hold", "--reason", "over the weekend"]).ended(0);
    let held = canary().await;
    assert_eq!((&held["is_held"], &held["hold"]["actor"]), (&json!(true), &json!("operator")));
    assert_eq!(held["hold"]["reason"], "over the weekend");
    beside(&server, &["canary", "resume"]).ended(0);
    assert_eq!(canary().await["hold"], Value::Null);
}

/// A slip in the override file must not keep the operator or the canary from going back.
#[tokio::test]
async fn a_broken_override_holds_up_no_way_back() {
    let server = Server::start(&Setup::new()).await;
    beside(&server, &["canary", "reset", "--start-pct", "100"]).ended(0);
    eventually("treatment", async || (ask(&server, 1).await == "treatment").then_some(())).await;
    server.write_data("analytics/adaptive_override.json", "{");
    eventually("a refusal", async || {
        server.status().await["override_error"].is_string().then_some(())
    })
    .await;
    assert_eq!(ask(&server, 1).await, "treatment");
    // What was asked for is not in force, and whoever looks is told.
    for status in [["status"].as_slice(), &["canary", "status"], &["routing", "status"]] {
        let told = beside(&server, status).ended(2).stderr;
        assert!(told.contains("adaptive_override.json is not taken: "), "{told}");
        assert!(told.contains("aios routing clear"), "{told}");
    }
    beside(&server, &["canary", "reset", "--start-pct", "0"]).ended(0);
    eventually("control", async || (ask(&server, 1).await == "control").then_some(())).await;
    beside(&server, &["canary", "reset", "--start-pct", "100"]).ended(0);
    eventually("treatment", async || (ask(&server, 1).await == "treatment").then_some(())).await;
    // Nobody knows any more what the file has said.
    let server = Server::start_in(server.kill()).await;
    assert_eq!(ask(&server, 1).await, "control");
    assert_eq!(server.status().await["split"]["origin"], "override_refused");
}

#[tokio::test]
async fn a_server_that_finds_damage_serves_from_control_alone() {
    let server = Server::start(&Setup::new()).await;
    beside(&server, &["canary", "reset", "--start-pct", "75"]).ended(0);
    let place = server.kill();
    let text = place.read("data/analytics/control.ndjson");
    place.write("data/analytics/control.ndjson", &text.replace("75.0", "99.0"));
    let server = Server::start_in(place).await;
    server.said_line("is damaged; everything is in control").await;
    for n in 0..20 {
        assert_eq!(ask(&server, n).await, "control");
    }
    let metrics = server.admin("GET", "/metrics", "").await.expect(200).text();
    assert!(metrics.contains("canary_damaged 1.0"), "{metrics}");
    beside(&server, &["canary", "reset", "--start-pct", "100"]).ended(0);
    eventually("treatment", async || (ask(&server, 1).await == "treatment").then_some(())).await;
}

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

#[test]
fn how_long_it_takes_is_said_before_it_begins() {
    let place = place();
    let ran = place.run(&["canary", "plan", "--requests-per-check", "100", "--miss-rate", "0.03"]);
    let told = ran.ended(0).stdout;
    assert!(told.starts_with("100 conversations a look, 1.00 % failed, 3.0 % not good enough"));
    assert!(told.contains("smallest regression that is probably rolled back"), "{told}");
    let looks = |n: &str| {
        let plan = place.run(&["canary", "plan", "--requests-per-check", n, "--json"]).ended(0);
        let plan = plan.json();
        assert_eq!(plan["stages"].as_array().unwrap().len(), 4);
        plan["checks_median"].as_f64().unwrap()
    };
    assert!(looks("10000") == 12.0 && looks("100") > 40.0);
    place.run(&["canary", "plan", "--error-rate", "2"]).ended(64);
}
