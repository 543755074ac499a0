//! `aios loadtest` against the real program and against a scripted server.

use serde_json::Value;

use crate::rig::{Server, Setup, Upstream, chat_json, ok};

use crate::program::Ran;

/// Runs it beside the server.
fn load(server: &Server, more: &[&str]) -> Ran {
    let url = format!("http://{}/v1", server.api());
    let args = [&["loadtest", "--url", &url, "--data-dir", "data"], more].concat();
    tokio::task::block_in_place(|| server.place().run(&args))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guides_fifty_prompts_pass() {
    let server = Server::start(&Setup::new()).await;
    let outs = ["--out", "run.json", "--out", "run.md", "--out", "run.html"];
    let ran =
        load(&server, &[&["--prompts", "50", "--concurrency", "4"], &outs[..]].concat()).ended(0);
    assert!(ran.stdout.ends_with("PASS\n"), "{}", ran.stdout);
    let report: Value = serde_json::from_str(&server.place().read("run.json")).unwrap();
    assert_eq!((report["n"].as_u64(), report["n_failed"].as_u64()), (Some(50), Some(0)));
    assert_eq!(report["time_to_first_token"]["n"], 25, "{report}");
    let share = report["routed"]["main_share"].as_f64().unwrap();
    assert!((0.55..=0.65).contains(&share), "{share}");
    assert!(server.place().read("run.md").contains("# Load test: PASS"));
    let page = server.place().read("run.html");
    assert!(page.contains("<svg") && !page.contains("http-equiv=\"refresh\""));
    // An open pace of as many, compared with the one before.
    let args = ["--prompts", "20", "--rate", "100", "--compare", "run.json"];
    let ran = load(&server, &args).ended(0);
    assert!(ran.stdout.contains("against the run before"), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("not run alike"), "{}", ran.stdout);
    // It is no live traffic.
    let events = server.events(70).await;
    assert!(events.iter().all(|event| event["purpose"] == "loadtest"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missed_or_not_known_is_no_pass() {
    // Everything goes to main: that is not what was asked for.
    let upstream = Upstream::always(ok(&chat_json("big", "Yes."))).await;
    let server = Server::start(&Setup::main(&upstream).all_to_main()).await;
    let args = ["--prompts", "10", "--stream-pct", "0", "--json"];
    let report = load(&server, &args).ended(2).json();
    let verdict = |report: &Value, name: &str| {
        let mut checks = report["checks"].as_array().unwrap().iter();
        checks.find(|check| check["name"] == name).unwrap()["verdict"].clone()
    };
    assert_eq!(
        (verdict(&report, "main_share"), verdict(&report, "errors")),
        ("breached".into(), "met".into())
    );
    // Another server does not say where it routes.
    let url = upstream.url();
    let asked = ["loadtest", "--url", &url, "--model", "big", "--prompts", "5", "--json"];
    let place = server.place();
    let ran =
        tokio::task::block_in_place(|| place.run(&[&asked[..], &["--stream-pct", "0"]].concat()));
    assert_eq!(verdict(&ran.ended(3).json(), "main_share"), "no_data");
    // Streams that it does not give are errors.
    let ran =
        tokio::task::block_in_place(|| place.run(&[&asked[..], &["--stream-pct", "100"]].concat()));
    assert_eq!(ran.ended(2).json()["errors"]["broken_stream"], 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_where_it_should_not_be() {
    let place = crate::program::Place::new();
    let run = |args: &[&str]| tokio::task::block_in_place(|| place.run(args));
    let far = run(&["loadtest", "--url", "http://192.0.2.1/v1"]).ended(64);
    assert!(far.stderr.contains("--allow-remote"), "{}", far.stderr);
    let nobody = format!("http://{}/v1", crate::program::free_address());
    let ran = run(&["loadtest", "--url", &nobody]).ended(1);
    assert!(ran.stderr.contains("nobody answers at"), "{}", ran.stderr);
    run(&["loadtest", "--rate", "0"]).ended(64);
    run(&["loadtest", "--rate", "5", "--concurrency", "2"]).ended(64);
    run(&["loadtest", "--out", "report.txt"]).ended(64);
}

#[tokio::test(flavor = "multi_thread")]
async fn prompts_of_a_file_are_sent_in_their_order() {
    let upstream = Upstream::always(ok(&chat_json("big", "Yes."))).await;
    let place = crate::program::Place::new();
    place.write("asked.ndjson", "Where is it?\n\n{\"question\": \"And who built it?\"}\n");
    let url = upstream.url();
    let args = ["loadtest", "--url", &url, "--file", "asked.ndjson", "--stream-pct", "0", "--json"];
    let report = tokio::task::block_in_place(|| place.run(&args)).ended(3).json();
    assert_eq!((report["n"].as_u64(), &report["prompts"]), (Some(2), &"asked.ndjson".into()));
    // The first one asks whether anybody is there.
    let asked = upstream.received(3).await;
    assert!(asked[1].has("Where is it?") && asked[2].has("And who built it?"));
}
