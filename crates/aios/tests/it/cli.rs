//! The command line: what it prints where, and with which code it ends.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::program::{Place, http};

const LOG: &str = "data_core/analytics/hypotheses.ndjson";

/// An event line as the log has it.
pub(crate) fn event(n: u32, question: &str, changes: &[(&str, Value)]) -> String {
    let mut event = json!({
        "event_type": "response", "schema_version": "2.0",
        "event_id": format!("01900000-0000-7000-8000-{n:012}"),
        "ts": format!("2026-01-01T00:{:02}:{:02}.000Z", n / 60, n % 60),
        "request_id": format!("req_{n}"), "operation": "chat", "stream": false,
        "conv_id": format!("c1_{n:032x}"), "conv_id_source": "header", "msg_id": 1,
        "request_model": "aios-auto", "question": question, "response": "Yes.",
        "source": "main", "tier": "main", "bucket": "control", "boundary": 0.5, "weight": 0.71,
        "profile": "golden", "route_reason": "at_or_above_boundary", "propensity": 1.0,
        "attempts": [], "outcome": "ok", "status": 200, "latency_ms": 141.75,
        "time_to_first_token_ms": 60.5, "overhead_ms": 0.25,
        "config_generation": 1, "config_hash": "0123456789ab",
    });
    for (key, value) in changes {
        event[*key] = value.clone();
    }
    event.to_string()
}

fn with_log(lines: &[String]) -> Place {
    let place = Place::simulated();
    place.write(LOG, &lines.iter().map(|line| format!("{line}\n")).collect::<String>());
    place
}

#[test]
fn help_and_version_are_data_and_wrong_usage_is_not() {
    let place = Place::new();
    let help = place.run(&["--help"]).ended(0);
    for noun in
        ["serve", "preflight", "config", "models", "routing", "events", "logs", "keys", "sim"]
    {
        assert!(help.stdout.contains(noun), "{noun}");
    }
    assert!(place.run(&["--version"]).ended(0).stdout.starts_with("aios "));
    let wrong: [&[&str]; 7] = [
        &[],
        &["config"],
        &["config", "chek"],
        &["--bogus"],
        &["events", "query", "--tier", "mian"],
        &["events", "query", "--since", "yesterday"],
        &["sim", "serve", "--model", "sim://mian"],
    ];
    for args in wrong {
        let ran = place.run(args).ended(64);
        assert!(ran.stdout.is_empty() && !ran.stderr.is_empty(), "{args:?}");
    }
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0, "nothing is left behind");
}

#[test]
fn a_sound_configuration_is_checked_and_shown() {
    let place = Place::simulated();
    let checked = place.run(&["config", "check"]).ended(0);
    assert!(
        checked.stdout.contains("main: main-1 = sim-main at sim://main?instant"),
        "{}",
        checked.stdout
    );
    let good = place.run(&["config", "check", "--json"]).ended(0).json();
    assert_eq!((&good["ok"], &good["tiers"]["main"][0]["name"]), (&json!(true), &json!("main-1")));
    let shown = place.run(&["config", "show", "--json", "--data-dir", "elsewhere"]).ended(0).json();
    assert_eq!(shown["settings"]["server.data_dir"]["origin"], "flag");
    let default = place.run(&["config", "default"]).ended(0).stdout;
    place.write("all.toml", &default);
    place.run(&["config", "check", "--config", "all.toml"]).ended(0);
}

#[test]
fn every_problem_of_a_configuration_is_told() {
    let place = Place::new();
    place.write("aios.toml", "[routing]\nboundry = 1\n[server]\nlisten = 5\n");
    let ran = place.run(&["config", "check"]).ended(1);
    assert_eq!(ran.stderr.matches("error: ").count(), 2, "{}", ran.stderr);
    assert!(ran.stdout.is_empty() && ran.stderr.contains("did you mean `boundary`?"));
    let bad = place.run(&["config", "check", "--json"]).ended(1).json();
    assert_eq!((bad["ok"].clone(), bad["problems"].as_array().unwrap().len()), (json!(false), 2));
    // Commands that need a configuration say the same.
    assert_eq!(place.run(&["routing", "status"]).ended(1).stderr, ran.stderr);
}

#[test]
fn a_new_key_is_taken_by_the_configuration() {
    let place = Place::new();
    let made = place.run(&["keys", "new", "team a", "--json"]).ended(0).json();
    let key = made["key"].as_str().unwrap();
    assert_eq!((key.len(), key.starts_with("aios-")), (48, true));
    let line = made["line"].as_str().unwrap();
    place.write("aios.toml", &format!("[clients]\nrequired = true\nkeys = [{line}]\n"));
    place.run(&["config", "check"]).ended(0);
    let other = place.run(&["keys", "new", "b"]).ended(0);
    assert!(!other.stdout.contains(key) && other.stdout.lines().count() == 2);
    place.run(&["keys", "new", "a\"b"]).ended(64);
}

#[test]
fn a_message_is_explained() {
    let place = Place::new();
    let question = "Why does ice float on water, and how does that matter for a lake in winter?";
    let ran = place.run(&["routing", "explain", question, "--json"]).ended(0).json();
    let both = ran["explanations"].as_array().unwrap();
    assert_eq!((both.len(), &both[0]["tier"]), (2, &json!("main")));
    let from_stdin =
        place.run_with_input(&["routing", "explain", "-", "--json"], question).ended(0).json();
    assert_eq!(from_stdin, ran);
    let one = place.run(&["routing", "explain", "Hi!", "--bucket", "treatment"]).ended(0).stdout;
    assert!(one.contains("treatment  embedder") && !one.contains("control"), "{one}");
}

#[test]
fn routing_status_follows_override_and_kill_switch() {
    let check = |place: &Place, origin: &str, refused: bool| {
        let ran = place.run(&["routing", "status", "--json"]).ended(if refused { 2 } else { 0 });
        assert_eq!(ran.stderr.contains("adaptive_override.json is not taken"), refused);
        let status = ran.json();
        assert_eq!(
            (&status["from"], &status["split"]["origin"]),
            (&json!("files"), &json!(origin))
        );
        assert_eq!(status["override_error"].is_string(), refused);
    };
    let place = Place::simulated();
    check(&place, "canary", false);
    place.write("data_core/analytics/adaptive_override.json", r#"{"control_bucket_pct": 1.0}"#);
    check(&place, "override", false);
    place.write("data_core/analytics/adaptive_override.json", r#"{"boundry": 1}"#);
    check(&place, "override_refused", true);
    check(&place.env("AIOS_ADAPTIVE_ENABLED", "0"), "kill_switch", false);
}

#[test]
fn events_are_queried_by_every_condition() {
    let lines = [
        event(1, "How are you?", &[]),
        event(
            2,
            "Line one\nline two",
            &[("tier", json!("embedder")), ("source", json!("embedder"))],
        ),
        event(3, "Why?", &[("outcome", json!("timeout")), ("source", Value::Null)]),
        event(4, "Why not?", &[("bucket", json!("treatment"))]),
    ];
    let place = with_log(&lines);
    let check = |args: &[&str], expect: &[usize]| {
        let args = [&["events", "query", "--json"], args].concat();
        let wanted: String = expect.iter().map(|n| format!("{}\n", lines[n - 1])).collect();
        assert_eq!(place.run(&args).ended(0).stdout, wanted, "{args:?}");
    };
    check(&[], &[1, 2, 3, 4]);
    check(&["--tier", "embedder"], &[2]);
    check(&["--source", "main"], &[1, 4]);
    check(&["--bucket", "treatment"], &[4]);
    check(&["--outcome", "timeout"], &[3]);
    check(&["--text", "WHY"], &[3, 4]);
    check(&["--since", "2026-01-01T00:00:03Z"], &[3, 4]);
    check(&["--until", "2026-01-01T00:00:03Z", "--newest", "--limit", "1"], &[2]);
    check(&["--since", "1s"], &[]);
    check(&["--conv", "c1_00000000000000000000000000000003"], &[3]);
    check(&["--id", "01900000-0000-7000-8000-000000000004"], &[4]);
    let shown = place.run(&["events", "tail", "-n", "3"]).ended(0).stdout;
    assert_eq!(shown.lines().count(), 4, "a head and three events: {shown}");
    assert!(shown.contains("Line one line two") && shown.contains("main>none"), "{shown}");
}

#[test]
fn lines_that_are_no_events_are_counted() {
    let place = with_log(&[event(1, "a", &[]), "{\"half".to_owned(), event(3, "b", &[])]);
    for args in [&["events", "tail", "--json"][..], &["events", "query", "--json"][..]] {
        let ran = place.run(args).ended(3);
        assert_eq!(ran.stdout.lines().count(), 2);
        assert!(ran.stderr.contains("bad lines: 1"), "{}", ran.stderr);
    }
}

#[test]
fn without_a_data_directory_there_is_advice() {
    let ran = Place::new().run(&["events", "tail"]).ended(1);
    assert!(ran.stderr.starts_with("error: there is no data directory"), "{}", ran.stderr);
    assert!(ran.stderr.contains("\nhint: "), "{}", ran.stderr);
}

#[test]
fn a_reader_that_has_enough_is_no_error() {
    let lines: Vec<_> = (1..3_000).map(|n| event(n, "Is this long enough?", &[])).collect();
    let place = with_log(&lines);
    let mut command = place.command(&["events", "query", "--json"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}

#[test]
fn weights_are_calibrated_on_the_log() {
    let words = ["why", "because", "explain", "hello", "if", "compare", "then", "proof"];
    let question =
        |n: usize| (0..=n % 40).map(|i| words[(n / 3 + i) % 8]).collect::<Vec<_>>().join(" ");
    let lines: Vec<_> = (0..300).map(|n| event(n as u32, &question(n), &[])).collect();
    let place = with_log(&lines);
    let knots = place.path().join("data_core/router/traffic_knots.json");
    let dry = place.run(&["routing", "calibrate", "--dry-run", "--json"]).ended(0).json();
    assert_eq!((&dry["n_prompts"], &dry["written"]), (&json!(300), &json!(false)));
    assert!(!knots.exists());
    let done = place.run(&["routing", "calibrate", "--json"]).ended(0).json();
    let main_pct = done["main_pct_after"].as_f64().unwrap();
    assert!((55.0..65.0).contains(&main_pct), "{done}");
    let status = place.run(&["routing", "status", "--json"]).ended(0).json();
    assert_eq!((&status["profile"], &status["n_knot_prompts"]), (&json!("traffic"), &json!(300)));
    let few = place.run(&["routing", "calibrate", "--since", "1s"]).ended(1);
    assert!(few.stderr.contains("at least 50 prompts"), "{}", few.stderr);
    assert!(knots.exists(), "what was learned before stays");
}

#[test]
fn a_simulated_model_is_served() {
    let place = Place::new();
    let serve = ["sim", "serve", "--listen", "127.0.0.1:0", "--model", "sim://embedder?instant"];
    let sim = place.start(&serve, "listening on http://");
    let address = sim.first_line.trim().rsplit("//").next().unwrap();
    let (status, models) = http(address, "GET", "/v1/models", "");
    assert!(status == 200 && models.contains("sim-embedder"), "{models}");
    let taken = place.run(&["sim", "serve", "--listen", address]).ended(1);
    assert!(taken.stderr.contains(&format!("cannot listen on {address}")), "{}", taken.stderr);
    assert!(taken.stderr.contains("hint: "), "{}", taken.stderr);
}

#[test]
fn commands_that_need_a_server_say_so() {
    let place = Place::simulated();
    for noun in ["models", "status"] {
        let ran = place.run(&[noun]).ended(1);
        assert!(ran.stderr.contains("aios serve") && ran.stdout.is_empty(), "{}", ran.stderr);
    }
}

#[test]
fn a_running_server_is_shown() {
    // What was answered is in the log then, so that the next command finds it.
    let place = Place::simulated().env("AIOS_EVENTS__SYNC", "always");
    let _server = place.start(&["serve"], "admin");
    let config = place.run(&["config", "show", "--json"]).ended(0).json();
    let address = config["settings"]["server.listen"]["value"].as_str().unwrap().to_owned();
    let messages = json!([{ "role": "user", "content": "Hello!" }]);
    let body = json!({ "model": "aios-auto", "messages": messages, "user": "ann" });
    assert_eq!(http(&address, "POST", "/v1/chat/completions", &body.to_string()).0, 200);
    let models = place.run(&["models"]).ended(0).stdout;
    assert!(models.contains("main-1") && models.contains("closed"), "{models}");
    let models = place.run(&["models", "--json"]).ended(0).json();
    assert_eq!(models["endpoints"].as_array().unwrap().len(), 2);
    assert_eq!(place.run(&["routing", "status", "--json"]).ended(0).json()["from"], "server");
    assert!(place.run(&["status"]).ended(0).stdout.contains("split from"));
    assert_eq!(place.run(&["status", "--json"]).ended(0).json()["config"]["generation"], 1);
    // It is not another server that was asked for.
    for noun in ["status", "models"] {
        let lost = place.run(&[noun, "--data-dir", "nowhere"]).ended(1);
        assert!(lost.stderr.contains("nowhere") && lost.stdout.is_empty(), "{}", lost.stderr);
    }
    let ran = place.run(&["preflight"]).ended(0);
    assert!(ran.stdout.contains("a server writes it"), "{}", ran.stdout);
    let locked = place.run(&["routing", "calibrate"]).ended(1);
    assert!(locked.stderr.contains("hint: stop the server first"), "{}", locked.stderr);
    one_event_of(&place, "ann");
}

/// The event is found by the id that the application sent.
fn one_event_of(place: &Place, conversation: &str) {
    let query = ["events", "query", "--json", "--conv", conversation];
    let event = place.run(&query).ended(0).json();
    assert_eq!((&event["question"], &event["conv_id_source"]), (&json!("Hello!"), &json!("user")));
    let other_client = ["events", "query", "--conv", conversation, "--client", "other"];
    assert_eq!(place.run(&other_client).ended(0).stdout, "");
}

#[test]
fn following_shows_what_comes_later() {
    let place = with_log(&[event(1, "first", &[]), event(2, "second", &[])]);
    let mut command = place.command(&["events", "tail", "-f", "-n", "1", "--json"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().contains("second"));
    let mut log = fs::OpenOptions::new().append(true).open(place.path().join(LOG)).unwrap();
    writeln!(log, "{}", event(3, "third", &[])).unwrap();
    assert!(lines.next().unwrap().unwrap().contains("third"));
    interrupt(&child);
    if cfg!(unix) {
        assert_eq!(child.wait().unwrap().code(), Some(0));
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Ctrl-C, where one process can send it to another.
fn interrupt(child: &Child) {
    if cfg!(unix) {
        let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }
}

/// Whatever the environment names is read to an end, or not at all.
#[cfg(unix)]
#[test]
fn a_time_zone_without_an_end_holds_nobody_up() {
    let place = Place::new();
    let zones = place.path().join("zones");
    fs::create_dir_all(zones.join("Europe")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", zones.join("Europe/Paris")).unwrap();
    let zones = zones.to_str().unwrap().to_owned();
    let in_zones =
        format!("{zones}/Europe/Paris (named by TZ, in TZDIR): it is not a regular file");
    for (tz, tzdir, why) in [
        (":/dev/zero", "", "/dev/zero (named by TZ): it is not a regular file"),
        ("/dev/zero", "", "/dev/zero (named by TZ): it is not a regular file"),
        ("Europe/Paris", &zones, &in_zones),
    ] {
        let place = Place::new().env("TZ", tz).env("TZDIR", tzdir);
        let refused = place.run(&["config", "check"]).ended(1);
        let told = refused.stderr + &refused.stdout;
        assert!(told.contains(&format!("cannot read the time zone from {why}")), "{told}");
        assert!(told.contains("set TZ to a name"), "{told}");
        // Who has no night needs no time zone.
        place.env("AIOS_NIGHTLY__ENABLED", "0").run(&["config", "check"]).ended(0);
    }
    for zone in ["UTC", "", "Europe/Paris", ":/usr/share/zoneinfo/UTC"] {
        Place::new().env("TZ", zone).env("TZDIR", "/dev/zero").run(&["config", "check"]).ended(0);
    }
    let unknown = Place::new().env("TZ", "No/Such").run(&["config", "check"]).ended(0);
    let told = unknown.stderr + &unknown.stdout;
    assert!(told.contains("is no time zone that is known here; UTC is taken"), "{told}");
}
