//! `aios loadtest` against the real program and against a scripted server.

use serde_json::Value;

use crate::rig::{Act, Server, Setup, Upstream, chat_json, ok, reply, whole_stream};

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
    let args = ["--prompts", "50", "--rate", "100", "--compare", "run.json"];
    let ran = load(&server, &args).ended(0);
    assert!(ran.stdout.contains("against the run before"), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("not run alike (pace)"), "{}", ran.stdout);
    // Ten prove nothing, and a program can compare them too.
    let ten = ["--prompts", "10", "--concurrency", "4", "--compare", "run.json", "--json"];
    let ten = load(&server, &ten).ended(3).json();
    assert_eq!(ten["compared"]["unlike"], serde_json::json!(["prompts", "number of requests"]));
    assert_eq!(ten["compared"]["differences"][0]["name"], "latency_ms_p50");
    // It is no live traffic.
    let events = server.events(110).await;
    assert!(events.iter().all(|event| event["purpose"] == "loadtest"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missed_or_not_known_is_no_pass() {
    // Everything goes to main: that is not what was asked for.
    let upstream = Upstream::always(ok(&chat_json("big", "Yes."))).await;
    let server = Server::start(&Setup::main(&upstream).all_to_main()).await;
    let args = ["--prompts", "50", "--stream-pct", "0", "--json"];
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

/// Nothing said is no answer, however soon it comes.
#[tokio::test(flavor = "multi_thread")]
async fn a_whole_answer_without_a_word_has_failed() {
    let upstream = Upstream::always(ok(&chat_json("big", ""))).await;
    let url = upstream.url();
    let args = ["loadtest", "--url", &url, "--prompts", "3", "--stream-pct", "0", "--json"];
    let place = crate::program::Place::new();
    let report = tokio::task::block_in_place(|| place.run(&args)).ended(2).json();
    assert_eq!(report["errors"]["bad_reply"], 3, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn prompts_of_a_file_are_sent_in_their_order() {
    let upstream = Upstream::always(ok(&chat_json("big", "Yes."))).await;
    let place = crate::program::Place::new();
    place.write("asked.ndjson", "Where is it?\n\n{\"question\": \"And who built it?\"}\n");
    let url = upstream.url();
    let args = ["loadtest", "--url", &url, "--file", "asked.ndjson", "--stream-pct", "0", "--json"];
    let run = |args: &[&str]| tokio::task::block_in_place(|| place.run(args)).ended(3).json();
    let report = run(&args);
    assert_eq!((report["n"].as_u64(), &report["prompts"]), (Some(2), &"asked.ndjson".into()));
    // The first one asks whether anybody is there.
    let asked = upstream.received(3).await;
    assert!(asked[1].has("Where is it?") && asked[2].has("And who built it?"));
    // As many as were asked for, also where the file has fewer; and as many as it has, also where these are more than 50.
    let report = run(&[&args[..], &["--prompts", "5"]].concat());
    assert_eq!((&report["n"], &report["n_prompts"]), (&5.into(), &2.into()));
    place.write("asked.ndjson", &"Where is it?\n".repeat(60));
    assert_eq!(run(&args)["n"], 60);
    // More than are held are not cut without a word.
    place.write("asked.ndjson", &"Why?\n".repeat(100_001));
    let ran = tokio::task::block_in_place(|| place.run(&args)).ended(1);
    assert!(ran.stderr.contains("--prompts takes the first"), "{}", ran.stderr);
}

/// A stream that ends as one should is still no answer if it says what went wrong, or says nothing that a chat does.
#[tokio::test(flavor = "multi_thread")]
async fn a_stream_without_an_answer_has_failed() {
    let check = async |event: &str, expect: &str| {
        let events = [format!("data: {event}\n\n"), "data: [DONE]\n\n".to_owned()];
        let upstream = Upstream::always(whole_stream(events)).await;
        let place = crate::program::Place::new();
        let url = upstream.url();
        let args = ["loadtest", "--url", &url, "--prompts", "3", "--stream-pct", "100", "--json"];
        let report = tokio::task::block_in_place(|| place.run(&args)).ended(2).json();
        assert_eq!(report["errors"][expect], 3, "{event}: {report}");
    };
    check(r#"{"error":{"message":"out of memory"}}"#, "broken_stream").await;
    check("{}", "bad_reply").await;
    check("none of JSON", "bad_reply").await;
    check(r#"{"choices":[{"delta":{"role":"assistant","content":""}}]}"#, "bad_reply").await;
}

/// What cannot be kept is said before anything is asked.
#[tokio::test(flavor = "multi_thread")]
async fn a_report_without_a_place_costs_no_request() {
    let upstream = Upstream::always(ok(&chat_json("big", "Yes."))).await;
    let place = crate::program::Place::new();
    std::fs::create_dir(place.path().join("run.json")).unwrap();
    let url = upstream.url();
    for (out, why) in [("run.json", "it is a directory"), ("no/run.md", "there is no directory")] {
        let args = ["loadtest", "--url", &url, "--out", out];
        let ran = tokio::task::block_in_place(|| place.run(&args)).ended(64);
        assert!(ran.stderr.contains(why), "{}", ran.stderr);
    }
    assert_eq!(upstream.n_received(), 0);
}

#[test]
fn numbers_that_make_no_sense_are_refused() {
    let place = crate::program::Place::new();
    for [flag, value] in [
        ["--rate", "NaN"],
        ["--rate", "-1"],
        ["--rate", "inf"],
        ["--rate", "1e-300"],
        ["--rate", "1e9"],
        ["--duration", "0s"],
        ["--duration", "200000000000d"],
        ["--timeout", "0s"],
        ["--concurrency", "0"],
        ["--concurrency", "5000"],
        ["--prompts", "0"],
        ["--stream-pct", "101"],
        ["--max-tokens", "0"],
    ] {
        place.run(&["loadtest", &format!("{flag}={value}")]).ended(64);
    }
}

/// Whoever ends it gets what was measured, whole, and is told how many had no answer yet.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_ended_early_says_what_it_has_seen() {
    for name in ["-INT", "-TERM"] {
        // Who asks whether anybody is there is answered, and three of the others.
        let n_asked = std::sync::atomic::AtomicUsize::new(0);
        let script = move |_: &_| match n_asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
            0..4 => ok(&chat_json("big", "Yes.")),
            _ => vec![Act::AwaitHangUp],
        };
        let (upstream, place) = (Upstream::start(script).await, crate::program::Place::new());
        let url = upstream.url();
        let args = ["loadtest", "--url", &url, "--stream-pct", "0", "--out", "run.json"];
        let mut command = place.command(&args);
        let run = command.stdout(std::process::Stdio::piped()).spawn().unwrap();
        upstream.received(5).await;
        let sent = std::process::Command::new("kill").args([name, &run.id().to_string()]).status();
        assert!(sent.unwrap().success());
        let ended = tokio::task::block_in_place(|| run.wait_with_output().unwrap());
        let ran = Ran::of(ended).ended(3);
        assert!(ran.stdout.contains("with 1 under way"), "{}", ran.stdout);
        let report: Value = serde_json::from_str(&place.read("run.json")).unwrap();
        assert_eq!((&report["n"], &report["n_under_way"]), (&3.into(), &1.into()), "{report}");
    }
}

/// A port that nobody listens on is another thing than a server that speaks something else.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_not_understood_is_told_from_nobody() {
    let place = crate::program::Place::new();
    let run = |url: &str| tokio::task::block_in_place(|| place.run(&["loadtest", "--url", url]));
    let garbage = Upstream::always(vec![Act::send("SSH-2.0-server\r\n"), Act::Close]).await;
    let ran = run(&garbage.url()).ended(1);
    assert!(ran.stderr.contains("the connection broke"), "{}", ran.stderr);
    assert!(ran.stderr.contains("is not understood"), "{}", ran.stderr);
    let refusing = Upstream::refusing();
    let ran = run(&refusing.url()).ended(1);
    assert!(ran.stderr.contains("no connection"), "{}", ran.stderr);
    let keyed = Upstream::always(reply(401, "", "{}")).await;
    assert!(run(&format!("{}/", keyed.url())).ended(1).stderr.contains("wants a key"));
}

/// Main is down, and the embedder answers all of it: no client sees an error, and main does none of its share.
#[tokio::test(flavor = "multi_thread")]
async fn an_embedder_that_answers_for_main_is_told() {
    let main = Upstream::refusing();
    let server = Server::start(&Setup::main(&main)).await;
    let ran = load(&server, &["--stream-pct", "0", "--out", "run.json"]).ended(2);
    let told = "60.0 % (30 of 50) routed, 0.0 % (0 of 50) answered; 30 fell back";
    assert!(ran.stdout.contains(told), "{}", ran.stdout);
    let report: Value = serde_json::from_str(&server.place().read("run.json")).unwrap();
    assert_eq!((&report["n_failed"], &report["answered"]["n_fallback"]), (&0.into(), &30.into()));
    assert_eq!(report["answered"]["n_embedder"], 50);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_in_the_address_is_refused_and_not_told() {
    let upstream = Upstream::always(ok(&chat_json("big", "Yes."))).await;
    let (place, secret) = (crate::program::Place::new(), ["hunter", "2"].concat());
    let address = upstream.address();
    for url in [
        format!("http://user:{secret}@{address}/v1"),
        format!("http://{address}/v1?api_key={secret}"),
        format!("http://{address}/v1#{secret}"),
        format!("ftp://{secret}@{address}/v1"),
    ] {
        let args = ["loadtest", "--url", &url];
        let ran = tokio::task::block_in_place(|| place.run(&args)).ended(64);
        assert!(ran.stderr.contains("--api-key-env"), "{}", ran.stderr);
        assert!(!format!("{}{}", ran.stdout, ran.stderr).contains(&secret), "{}", ran.stderr);
    }
    assert_eq!(upstream.n_received(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_does_not_do_is_told_of() {
    let upstream = Upstream::start(|request| match request.has("messages") {
        true => reply(403, "", "{}"),
        false => ok("{}"),
    })
    .await;
    let url = upstream.url();
    let run = |key: &str| {
        let place = crate::program::Place::new().env("LOAD_KEY", key);
        let args = ["loadtest", "--url", &url, "--api-key-env", "LOAD_KEY", "--prompts", "2"];
        tokio::task::block_in_place(|| place.run(&args))
    };
    assert!(run("").ended(1).stderr.contains("the variable LOAD_KEY is empty"));
    let ran = run("two\nlines").ended(1);
    assert!(ran.stderr.contains("the variable LOAD_KEY has a line break"), "{}", ran.stderr);
    let ran = run("one-that-may-not-steer").ended(2);
    assert!(ran.stderr.contains("may_steer = true"), "{}", ran.stderr);
}
