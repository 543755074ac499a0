//! `aios golden`, against a running server with simulated models.

use serde_json::{Value, json};

use crate::nightly::step;
use crate::program::{Place, Ran, Running, free_address, http};
use crate::rig::{eventually, log_text};

const SET: &str = include_str!("../../../../fixtures/golden/sample_set.json");

/// What a model takes to its first token: long against what a busy machine adds.
const MODERATE_MS: u32 = 100;

/// A place with a server whose models take their time and always say the same.
struct Golden {
    place: Place,
    address: String,
    server: Option<Running>,
}

impl Golden {
    fn start() -> Self {
        let place = Place::new().unhurried().env("AIOS_NIGHTLY__ENABLED", "false");
        let mut golden = Self { place, address: free_address(), server: None };
        golden.serve(MODERATE_MS, 1, "");
        golden
    }

    /// Serves with models of this median time to the first token and this seed.
    fn serve(&mut self, ttft_ms: u32, seed: u32, more: &str) {
        let model = |tier: &str| {
            format!(
                "[tiers.{tier}]\nendpoints = [{{ url = \"sim://{tier}?ttft_ms={ttft_ms}&tps=1000000&seed={seed}\" }}]\n"
            )
        };
        self.serve_toml(&format!("{more}\n{}{}", model("main"), model("embedder")));
    }

    /// Serves with these tiers.
    fn serve_toml(&mut self, tiers: &str) {
        self.server = None;
        let (address, admin) = (&self.address, free_address());
        let toml = format!(
            "[server]\nlisten = \"{address}\"\nadmin_listen = \"{admin}\"\ndata_dir = \"data\"\n{tiers}"
        );
        self.place.write("aios.toml", &toml);
        self.server = Some(self.place.start(&["serve"], "sign in"));
    }

    fn run(&self, args: &[&str]) -> Ran {
        self.place.run(&[&["golden"], args].concat())
    }

    fn compare(&self, args: &[&str]) -> Ran {
        self.run(&[&["compare"], args].concat())
    }

    fn report(&self) -> Value {
        serde_json::from_str(&self.place.read("data/goldens/last_report.json")).unwrap()
    }

    fn has(&self, name: &str) -> bool {
        self.place.path().join(name).exists()
    }
}

fn regressions(report: &Value) -> Vec<&str> {
    let all = report["regressions_detected"].as_array().unwrap();
    all.iter().map(|change| change["what"].as_str().unwrap()).collect()
}

/// How small a difference is found, and how seldom where there is none, is proven on made-up noise (`compare/tests.rs` of the
/// crate that compares), and that 30 % are in the whole run on a clock of its own (`tests/golden.rs` of the crate that asks).
/// Here the models differ by more than what else goes on in the machine.
#[test]
fn an_unchanged_system_passes_again_and_again_and_a_slower_one_does_not() {
    const THRESHOLD: [&str; 2] = ["--threshold", "2"];
    let mut golden = Golden::start();
    golden.serve(300, 1, "");
    let ran = golden.run(&["record", "--concurrency", "10"]).ended(0);
    assert!(ran.stdout.contains("10/10 cases passed, 60 % main"), "{}", ran.stdout);
    assert!(ran.stdout.ends_with("PASS\n"), "{}", ran.stdout);
    let mut ids = Vec::new();
    for _ in 0..5 {
        let ran = golden.compare(&THRESHOLD).ended(0);
        assert!(ran.stdout.ends_with("PASS\n"), "{}", ran.stdout);
        ids.push(golden.report()["report_id"].clone());
    }
    ids.dedup();
    assert_eq!(ids.len(), 5, "each run has a report of its own");
    let report = golden.report();
    assert_eq!(report["metrics"]["pass_rate"], 1.0);
    assert_eq!(report["candidate_fingerprint"].as_str().unwrap().len(), 16);
    golden.serve(3_000, 1, "");
    golden.compare(&THRESHOLD).ended(2);
    assert_eq!(regressions(&golden.report()), ["latency"]);
    println!("ten times as slow: {}", golden.report()["regressions_detected"][0]["detail"]);
    assert_eq!(golden.report()["status"], "FAIL");
    // What was asked does not stand in the event log, and is no live traffic.
    let log = log_text(&golden.place);
    assert!(
        log.lines().count() > 80 && log.lines().all(|line| line.contains("\"purpose\":\"golden\""))
    );
    assert!(!log.contains("tides"));
}

#[test]
fn a_changed_route_and_a_wrong_answer_are_found() {
    let mut golden = Golden::start();
    golden.run(&["record", "--concurrency", "4"]).ended(0);
    golden.serve(1, 1, "[routing]\nboundary = 0.99");
    golden.compare(&["--threshold", "0.25"]).ended(2);
    let report = golden.report();
    assert_eq!(regressions(&report).iter().filter(|what| **what == "case").count(), 6, "{report}");
    assert!(regressions(&report).contains(&"main_share"));
    // What the model says today is what it must say tomorrow.
    let baseline: Value =
        serde_json::from_str(&golden.place.read("data/goldens/baseline_results.json")).unwrap();
    let answer = baseline["tests"][4]["runs"][0]["answer"].as_str().unwrap();
    let question = baseline["tests"][4]["question"].as_str().unwrap();
    let set = json!([{ "id": "tides", "question": question, "equals": answer }]);
    golden.place.write("set.json", &set.to_string());
    golden.serve(1, 1, "");
    golden.run(&["record", "--set", "set.json", "--out", "base.json"]).ended(0);
    golden.serve(1, 2, "");
    // Nothing that a run is compared with may become the run itself.
    let kept = ["base.json", "set.json", "data/analytics/control.ndjson"];
    for to in kept {
        let ran = golden
            .run(&["compare", "--set", "set.json", "--baseline", "base.json", "--out", to])
            .ended(1);
        assert!(ran.stderr.contains("take the place of what is kept there"), "{}", ran.stderr);
    }
    let args = ["--set", "set.json", "--baseline", "base.json", "--out", "out/report.json"];
    let outputs = ["--junit", "j.xml", "--markdown", "m.md", "--html", "r.html", "--github"];
    let ran = golden.compare(&[&args[..], &outputs[..]].concat()).ended(2);
    assert!(ran.stderr.contains("note: the directory out was made"), "{}", ran.stderr);
    assert!(ran.stdout.contains("worse: case tides: 3/3 before, 0/6 now"), "{}", ran.stdout);
    assert!(ran.stdout.contains("::error title=golden case tides::"), "{}", ran.stdout);
    assert!(golden.place.read("j.xml").contains("failures=\"1\""));
    assert!(golden.place.read("m.md").contains("Golden run: FAIL"));
    assert!(golden.place.read("r.html").contains("<svg"));
    assert!(golden.has("out/report.json"));
    golden.compare(&[&args[..], &["--json"]].concat()).ended(2).json();
}

#[test]
fn the_policy_on_trial_can_be_asked() {
    let mut golden = Golden::start();
    golden.serve(MODERATE_MS / 5, 1, "[routing]\ntreatment_pct = 0.0\ntreatment_boundary = 0.99");
    golden.run(&["record"]).ended(0);
    golden.compare(&["--bucket", "treatment"]).ended(2);
    let report = golden.report();
    assert_eq!(
        (&report["bucket"], report["metrics"]["main_model_percent"].as_f64()),
        (&"treatment".into(), Some(0.0))
    );
    golden.compare(&["--bucket", "control"]).ended(0);
    assert_ne!(golden.report()["candidate_fingerprint"], report["candidate_fingerprint"]);
}

/// The whole chain: a run on the policy on trial opens the gate, and three of them advance a canary that has no
/// traffic to go by.
#[test]
fn what_was_asked_of_treatment_opens_the_canarys_gate() {
    let golden = Golden::start();
    let check = || golden.place.run(&["canary", "check", "--json"]).ended(0).json();
    assert_eq!(check()["golden"], "missing");
    golden.run(&["record"]).ended(0);
    golden.compare(&[]).ended(0);
    let of_control = check();
    assert_eq!(of_control["golden"], "stale");
    assert!(of_control["golden_why"].as_str().unwrap().contains("asked control"), "{of_control}");
    for _ in 0..3 {
        golden.compare(&["--bucket", "treatment"]).ended(0);
        assert_eq!(check()["golden"], "fresh_pass");
    }
    let status = golden.place.run(&["canary", "status", "--json"]).ended(0).json();
    assert_eq!(status["current_pct"], 25.0);
    // The guide's way back: the baseline in the report's place is good for the objectives, and no proof.
    let baseline = golden.place.read("data/goldens/baseline_results.json");
    golden.place.write("data/goldens/last_report.json", &baseline);
    golden.place.run(&["slo", "check"]).ended(0);
    assert_eq!(check()["golden"], "stale");
}

/// Each night, so that the gate is fresh in the morning whatever was changed the day before.
#[test]
fn the_night_asks_the_policy_on_trial() {
    let mut golden = Golden::start();
    golden.serve(MODERATE_MS / 5, 1, "");
    let night = || step(&golden.place.run(&["nightly", "--json"]), "golden");
    assert!(night()["detail"].as_str().unwrap().contains("no baseline is recorded"));
    golden.run(&["record", "--repeat", "1"]).ended(0);
    let asked = night();
    let told = asked["detail"].as_str().unwrap();
    assert!(told.starts_with("PASS of treatment: 10/10 cases passed, 60 % main"), "{told}");
    let check = |golden: &Golden| golden.place.run(&["canary", "check", "--json"]).ended(0).json();
    assert_eq!(check(&golden)["golden"], "fresh_pass");
    // Who is told of what changes no answer, so what was seen before is of the same policy.
    golden.serve(MODERATE_MS / 5, 1, "[alerts]\nremind_every = \"5h\"");
    assert_eq!(check(&golden)["golden"], "fresh_pass");
    let record = golden.place.run(&["audit", "tail", "-n", "9", "--json"]).ended(0).stdout;
    assert!(record.contains("\"golden\":\"done\""), "{record}");
    // What is on trial has moved, so that what was seen before is of another policy.
    golden.serve(MODERATE_MS / 5, 1, "[routing]\ntreatment_boundary = 0.99");
    assert_eq!(check(&golden)["golden"], "stale");
    let worse = step(&golden.place.run(&["nightly", "--json"]).ended(2), "golden");
    assert_eq!(worse["state"], "violation");
    assert!(worse["detail"].as_str().unwrap().starts_with("FAIL of treatment: 4/10"), "{worse}");
    assert_eq!(check(&golden)["golden"], "failed");
    // Nobody may ask without a key then, and with one that may say that it is no live traffic the night asks.
    let key = ["the key", "of the night"].join(" ");
    let digest = aios_privacy::SecretDigest::of(key.as_bytes()).to_hex();
    let clients = format!(
        "[clients]\nrequired = true\nkeys = [{{ name = \"ci\", sha256 = \"{digest}\", may_steer = true }}]\n"
    );
    golden.serve(MODERATE_MS / 5, 1, &clients);
    let told = |golden: &Golden| {
        let ran = golden.place.run(&["nightly", "--json"]).ended(0);
        step(&ran, "golden")["detail"].as_str().unwrap().to_owned()
    };
    assert!(told(&golden).contains("nightly.golden_key_env"), "{}", told(&golden));
    golden.place = std::mem::replace(&mut golden.place, Place::new()).env("NIGHT_KEY", &key);
    golden.serve(
        MODERATE_MS / 5,
        1,
        &format!("{clients}[nightly]\ngolden_key_env = \"NIGHT_KEY\""),
    );
    assert!(told(&golden).starts_with("PASS of treatment"), "{}", told(&golden));
    // Nobody is in treatment then, and the last report stays.
    golden.serve(MODERATE_MS / 5, 1, "[routing]\nadaptive = false");
    let before = golden.report();
    assert_eq!(step(&golden.place.run(&["nightly", "--json"]), "golden")["state"], "skipped");
    assert_eq!(golden.report(), before);
}

/// A night goes by the configuration in force when it begins, not by that of the start.
#[tokio::test]
async fn the_night_goes_by_what_was_reloaded() {
    let place = Place::new().env("AIOS_NIGHTLY__ENABLED", "false");
    let mut golden = Golden { place, address: free_address(), server: None };
    let wide = "[canary]\ngolden_threshold = 10.0\n[nightly]\npromote = \"propose\"\n";
    golden.serve(MODERATE_MS / 5, 1, wide);
    golden.run(&["record", "--repeat", "1"]).ended(0);
    let night =
        |name: &str| step(&golden.place.run(&["nightly", "--json", "--only", name]).ended(0), name);
    night("golden");
    let seen = |report: &Value| (report["regression_threshold"].clone(), report["bucket"].clone());
    assert_eq!(seen(&golden.report()), (json!(10.0), json!("treatment")));
    let toml = golden.place.read("aios.toml");
    let narrow =
        "[canary]\ngolden_threshold = 9.0\n[nightly]\ngolden = \"control\"\npromote = \"off\"\n";
    golden.place.write("aios.toml.new", &toml.replace(wide, narrow));
    let path = |name: &str| golden.place.path().join(name);
    std::fs::rename(path("aios.toml.new"), path("aios.toml")).unwrap();
    eventually("another generation", async || {
        let status = golden.place.run(&["status", "--json"]).ended(0).json();
        (status["config"]["generation"] == 2).then_some(())
    })
    .await;
    night("golden");
    assert_eq!(seen(&golden.report()), (json!(9.0), json!("control")));
    assert_eq!(night("promote")["state"], "skipped");
}

#[test]
fn other_boundaries_are_tried_live() {
    let mut golden = Golden::start();
    golden.serve(MODERATE_MS / 5, 1, "[events]\nsync = \"always\"");
    let sweep = |args: &[&str]| golden.place.run(&[&["routing", "sweep"], args].concat());
    let all = sweep(&["--live", "--concurrency", "4", "--html", "sweep.html", "--json"]).ended(0);
    let all = all.json();
    let swept = all["swept"].as_array().unwrap();
    for one in swept {
        assert_eq!((&one["n_unseen"], &one["pass_rate"]), (&json!(0), &json!(1.0)), "{one}");
        assert!(one["latency_ms_p95"].as_f64().unwrap() > 0.0);
    }
    // Each case once of each tier that it can come to, and no more.
    let log = log_text(&golden.place);
    let n_asked = all["asked"].as_u64().unwrap();
    assert!((10..=20).contains(&n_asked), "{n_asked}");
    assert_eq!(log.lines().count() as u64, n_asked);
    assert!(log.lines().all(|line| line.contains("\"purpose\":\"golden\"")), "{log}");
    let page = golden.place.read("sweep.html");
    assert!(page.contains("<svg") && page.contains("In force: 0.5"), "{page}");
    let told = sweep(&["--live"]).ended(0).stdout;
    assert!(told.contains(&format!("{n_asked} questions asked")), "{told}");
    sweep(&["--url", "http://127.0.0.1:1/v1"]).ended(64);
    let ran = sweep(&["--live", "--url", "http://127.0.0.1:1/v1"]).ended(1);
    assert!(ran.stderr.contains("nobody answered"), "{}", ran.stderr);
}

#[test]
fn other_boundaries_are_tried_on_what_was_seen() {
    let golden = Golden::start();
    let sweep = || golden.place.run(&["routing", "sweep", "--json"]).ended(0).json();
    let swept = |all: &Value, n: usize, field: &str| all["swept"][n][field].as_f64().unwrap();
    let before = sweep();
    assert_eq!((swept(&before, 0, "boundary"), swept(&before, 10, "boundary")), (0.4, 0.6));
    assert_eq!(
        (&before["swept"][5]["pass_rate"], swept(&before, 5, "main_share")),
        (&Value::Null, 0.6)
    );
    golden.run(&["record"]).ended(0);
    let after = sweep();
    assert_eq!((swept(&after, 5, "pass_rate"), swept(&after, 5, "n_unseen")), (1.0, 0.0));
    assert!(swept(&after, 10, "main_share") <= swept(&after, 0, "main_share"));
    let told = golden.place.run(&["routing", "sweep"]).ended(0).stdout;
    assert!(told.contains("0.50      60 %     ##################"), "{told}");
    golden.place.run(&["routing", "sweep", "--report", "none.json"]).ended(1);
}

#[test]
fn what_cannot_be_told_is_no_pass_and_changes_nothing() {
    let place = Place::simulated();
    let golden = |args: &[&str]| place.run(&[&["golden"], args].concat());
    let none = |text: &str| assert!(text.starts_with("error: "), "{text}");
    // No server.
    let ran = golden(&["record", "--data-dir", "data"]).ended(1);
    assert!(ran.stderr.contains("nothing was recorded"), "{}", ran.stderr);
    assert!(!place.path().join("data/goldens/baseline_results.json").exists());
    // No set, no baseline, no number, no case.
    none(&golden(&["compare", "--set", "nowhere.json"]).ended(1).stderr);
    place.write("set.json", SET);
    none(&golden(&["compare", "--set", "set.json", "--baseline", "nowhere.json"]).ended(1).stderr);
    golden(&["compare", "--threshold", "much"]).ended(64);
    golden(&["record", "--force"]).ended(64);
    place.write("twice.json", r#"[{"id":"a","question":"x"},{"id":"a","question":"y"}]"#);
    let ran = golden(&["record", "--set", "twice.json", "--out", "b.json"]).ended(1);
    assert!(ran.stderr.contains("have the same id \"a\""), "{}", ran.stderr);
    place.write("half.json", r#"{"schema_version": "1.0", "report_id""#);
    let ran = golden(&["compare", "--set", "set.json", "--baseline", "half.json"]).ended(1);
    assert!(ran.stderr.contains("cannot use the baseline half.json"), "{}", ran.stderr);
    assert_eq!(place.read("half.json"), r#"{"schema_version": "1.0", "report_id""#);
    assert!(!place.path().join("data_core/goldens/last_report.json").exists());
}

#[test]
fn a_baseline_is_replaced_only_with_a_reason_and_only_by_its_own_set() {
    let mut golden = Golden::start();
    golden.serve(MODERATE_MS / 5, 1, "");
    golden.run(&["record", "--repeat", "1"]).ended(0);
    let before = golden.place.read("data/goldens/baseline_results.json");
    let ran = golden.run(&["record", "--repeat", "1"]).ended(1);
    assert!(ran.stderr.contains("--force --reason"), "{}", ran.stderr);
    assert_eq!(golden.place.read("data/goldens/baseline_results.json"), before);
    golden.run(&["record", "--repeat", "1", "--force", "--reason", "a new model"]).ended(0);
    let after: Value =
        serde_json::from_str(&golden.place.read("data/goldens/baseline_results.json")).unwrap();
    assert_eq!(after["replaced"][0]["reason"], "a new model");
    golden.place.write("other.json", r#"[{"id":"new","question":"Hello?"}]"#);
    let ran = golden.compare(&["--set", "other.json"]).ended(1);
    assert!(ran.stderr.contains("the baseline is not of this golden set"), "{}", ran.stderr);
    golden.server = None;
    let ran = golden.compare(&[]).ended(1);
    assert!(ran.stdout.ends_with("ERROR\n"), "{}", ran.stdout);
    assert_eq!(golden.report()["status"], "ERROR");
    let names: Vec<_> =
        std::fs::read_dir(golden.place.path().join("data/goldens")).unwrap().collect();
    assert_eq!(names.len(), 3, "set, baseline, report, and nothing beside them: {names:?}");
}

/// Asks a live question in a conversation of its own.
fn ask(address: &str, conversation: &str, question: &str) {
    let body = json!({ "model": "aios-auto", "user": conversation,
        "messages": [{ "role": "user", "content": question }] });
    http(address, "POST", "/v1/chat/completions", &body.to_string());
}

#[test]
fn live_cases_become_candidates_then_golden_and_go_with_whom_they_are_of() {
    let mut golden = Golden::start();
    // Main is gone, so that the embedder answers for it.
    let dead = format!(
        "[tiers.main]\nendpoints = [{{ url = \"http://{}/v1\", model = \"m\" }}]\n",
        free_address()
    );
    golden.serve_toml(&format!(
        "[events]\nsync = \"always\"\n{dead}[tiers.embedder]\nendpoints = [{{ url = \"sim://embedder?instant\" }}]\n"
    ));
    let mail = ["ann", "@", "example.org"].concat();
    let question = format!(
        "Why does my invoice for {mail} show two different totals, and which one is right?"
    );
    for (who, said) in [
        ("ann", question.as_str()),
        ("ben", &question),
        ("ben", "How do I explain a merge conflict to a colleague who is new to it?"),
    ] {
        ask(&golden.address, who, said);
    }
    golden.serve(MODERATE_MS / 5, 1, "");
    golden.run(&["record", "--repeat", "1"]).ended(0);
    let before = golden.place.read("data/goldens/sample_set.json");
    let ran = golden.run(&["promote", "--dry-run", "--max-promote", "10"]).ended(0);
    assert!(
        ran.stdout.contains("tier_mismatch") && ran.stdout.contains("2 candidates of 3"),
        "{}",
        ran.stdout
    );
    assert_eq!(golden.place.read("data/goldens/sample_set.json"), before);
    let found = golden.run(&["promote", "--json"]).ended(0).json();
    let set = golden.place.read("data/goldens/sample_set.json");
    assert!(!set.contains(&mail), "{set}");
    let again = golden.run(&["promote"]).ended(0);
    assert!(again.stdout.contains("no candidates"), "{}", again.stdout);
    // They are run and reported, and decide nothing.
    golden.run(&["compare"]).ended(0);
    assert_eq!(golden.report()["summary"]["candidates"], 2);
    let candidates = found["candidates"].as_array().unwrap();
    let invoice =
        candidates.iter().find(|case| case["question"].as_str().unwrap().contains("invoice"));
    let (invoice, id) = (invoice.unwrap(), invoice.unwrap()["id"].as_str().unwrap());
    golden.run(&["accept", "nobody", "--reason", "x"]).ended(1);
    golden.run(&["accept", id, "--reason", "it is typical"]).ended(0);
    golden.run(&["compare"]).ended(0);
    assert_eq!(golden.report()["summary"]["cases"], 11);
    // Whose question it was, it goes with.
    golden.server = None;
    // Ben asked it too, and it is as much his.
    let conv = invoice["origin"]["also"][0]["conv_id"].as_str().unwrap();
    golden.place.run(&["data", "delete", "--pseudonym", conv, "--execute"]).ended(0);
    for name in ["sample_set.json", "baseline_results.json", "last_report.json"] {
        let text = golden.place.read(&format!("data/goldens/{name}"));
        assert!(!text.contains("invoice") && !text.contains(conv), "{name}: {text}");
        assert!(text.contains("greeting-hello"), "{name}");
    }
    golden.serve(MODERATE_MS / 5, 1, "");
    golden.run(&["compare"]).ended(0);
    golden.run(&["lint"]).ended(0);
}

#[test]
fn a_set_of_candidates_alone_makes_no_baseline() {
    let place = Place::new();
    let set = json!([{ "id": "a", "question": "Hello", "status": "candidate" }]);
    place.write("data_core/goldens/sample_set.json", &set.to_string());
    let told = place.run(&["golden", "record"]).ended(1).stderr;
    assert!(told.contains("all 1 cases of the golden set are candidates"), "{told}");
    assert!(told.contains("hint: ") && !told.contains("aios serve"), "{told}");
}

/// The report fixture, of a time that is over, with other values; sealed as if it had been made so.
fn report_with(changes: &[(&str, Value)]) -> String {
    let report = include_str!("../../../../fixtures/golden/report_v1.json");
    let mut report: Value = serde_json::from_str(report).unwrap();
    report["timestamp"] = json!("2026-01-15T08:00:00Z");
    for (place, value) in changes {
        *report.pointer_mut(place).unwrap() = value.clone();
    }
    let report: aios_eval::Report = serde_json::from_value(report).unwrap();
    serde_json::to_string(&report.sealed()).unwrap()
}

#[test]
fn a_baseline_that_proves_nothing_is_compared_with_nothing() {
    let place = Place::new();
    let baseline = report_with(&[("/kind", json!("baseline"))]);
    let bad = [
        (baseline.replace("\"concurrency\":1", "\"concurrency\":2"), "not as it was written"),
        (baseline.replace("\"report_id\"", "\"id\""), "it is unsealed"),
        (report_with(&[("/status", json!("ERROR"))]), "too little was answered"),
        (report_with(&[("/tests", json!([]))]), "contradicts itself"),
        (report_with(&[("/timestamp", json!("2999-01-01T00:00:00Z"))]), "has not come yet"),
    ];
    for (text, expect) in bad {
        place.write("bad.json", &text);
        place.write("good.json", &baseline);
        let readers: [&[&str]; 3] = [
            &["golden", "compare", "--baseline", "bad.json", "--out", "out.json"],
            &[
                "golden",
                "accept",
                "--all",
                "--reason",
                "x",
                "--report",
                "bad.json",
                "--baseline",
                "good.json",
            ],
            &[
                "golden",
                "accept",
                "--all",
                "--reason",
                "x",
                "--report",
                "good.json",
                "--baseline",
                "bad.json",
            ],
        ];
        for args in readers {
            let ran = place.run(args).ended(1);
            assert!(ran.stderr.contains(expect), "{args:?} {expect}: {}", ran.stderr);
            assert!(ran.stderr.contains("hint: "), "{}", ran.stderr);
        }
        place.write("data_core/goldens/baseline_results.json", &text);
        let preflight = place.run(&["preflight"]).ended(2).stdout;
        assert!(preflight.contains("baseline_results.json cannot be used"), "{preflight}");
    }
    assert!(!place.path().join("out.json").exists());
}

#[test]
fn nothing_is_accepted_without_cases_and_words() {
    let place = Place::new();
    place.write("baseline.json", &report_with(&[("/kind", json!("baseline"))]));
    let accept = |report: &str, reason: &str| {
        place.run(&[
            "golden",
            "accept",
            "--all",
            "--reason",
            reason,
            "--report",
            report,
            "--baseline",
            "baseline.json",
        ])
    };
    for (reason, expect) in
        [("", "it says nothing"), (" ", "it says nothing"), (&"x".repeat(501), "at most 500")]
    {
        assert!(accept("baseline.json", reason).ended(64).stderr.contains(expect), "{reason:?}");
    }
    let itself = accept("baseline.json", "the new normal").ended(1).stderr;
    assert!(itself.contains("the report is the baseline itself"), "{itself}");
    let only_candidates = report_with(&[
        ("/tests", json!([])),
        (
            "/summary",
            json!({ "cases": 0, "passed": 0, "failed": 0, "flaky": 0, "candidates": 0, "new": 0, "simulated_runs": 0 }),
        ),
    ]);
    place.write("empty.json", &only_candidates);
    let empty = accept("empty.json", "the new normal").ended(1).stderr;
    assert!(empty.contains("it holds no case"), "{empty}");
    assert_eq!(place.read("baseline.json"), report_with(&[("/kind", json!("baseline"))]));
}

#[test]
fn every_fault_of_a_set_is_named_at_once() {
    let place = Place::new();
    place.write(
        "two.json",
        r#"[{"id":"a","question":5},{"id":"b","question":7,"expected_tier":"banana"}]"#,
    );
    let ran = place.run(&["golden", "lint", "--set", "two.json"]).ended(2);
    let wrong: Vec<_> = ran.stdout.lines().filter(|line| line.starts_with("wrong")).collect();
    assert_eq!(wrong.len(), 4, "{}", ran.stdout);
    assert!(wrong[0].starts_with("wrong a: \"question\" must be a text"), "{}", ran.stdout);
    assert!(wrong[2].starts_with("wrong b: \"expected_tier\" must be"), "{}", ran.stdout);
    assert_eq!(ran.stdout.lines().last(), Some("2 cases"));
    let found = place.run(&["golden", "lint", "--set", "two.json", "--json"]).ended(2).json();
    assert_eq!((&found["cases"], &found["found"][1]["id"]), (&json!(2), &json!("b")));
    for text in ["", "[]", "{}", "[{"] {
        place.write("no_set.json", text);
        let ran = place.run(&["golden", "lint", "--set", "no_set.json"]).ended(2);
        assert!(ran.stdout.starts_with("wrong: the golden set"), "{text:?}: {}", ran.stdout);
    }
    let refused = place.run(&["golden", "compare", "--set", "two.json"]).ended(1).stderr;
    assert!(refused.contains("hint: `aios golden lint --set two.json`"), "{refused}");
}
