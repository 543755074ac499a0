//! What is done without a server is on record too, and how a server is found that runs elsewhere.

use serde_json::{Value, json};

use crate::logs::{ACTIVE, with_events};
use crate::program::Place;
use crate::rig::{Server, Setup};

/// The trail as `actor action`.
fn trail(place: &Place) -> Vec<String> {
    let lines = place.run(&["audit", "tail", "-n", "99", "--json"]).ended(0).stdout;
    let entries = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let text = |entry: &Value, key: &str| entry[key].as_str().unwrap().to_owned();
    entries.map(|entry| format!("{}: {}", text(&entry, "actor"), text(&entry, "action"))).collect()
}

#[test]
fn what_an_operator_does_without_a_server_is_on_record() {
    let place = with_events(&[(0, 2)]);
    let mail = ["ann", "example.org"].join("@");
    let hold = ["logs", "hold", "add", "--owner", &mail, "--reason", "case 7", "--expires", "30d"];
    place.run(&hold).ended(0);
    place.run(&["logs", "hold", "release", "h1"]).ended(0);
    place.run(&["logs", "rotate", "--now"]).ended(0);
    place.run(&["logs", "reindex"]).ended(0);
    place.run(&["keys", "rotate"]).ended(0);
    place.run(&["data", "find", "--conv-id", "chat-1"]).ended(0);
    // A rotation witnesses how far the register of segments has come.
    let actions = ["hold", "hold", "segments_head", "rotated", "reindexed", "key", "found"];
    let expect = actions.map(|action| format!("operator (offline): {action}"));
    assert_eq!(trail(&place), expect);
    // Each of them is signed, so none can be cut off unseen.
    let verified = place.run(&["audit", "verify"]).ended(0).stdout;
    assert!(verified.contains("entries=7") && verified.contains("signed_up_to=7"), "{verified}");
    let whole = place.run(&["audit", "tail", "-n", "99"]).ended(0).stdout;
    assert!(!whole.contains(&mail) && !place.read("data_core/holds.json").contains(&mail));
}

#[test]
fn what_is_changed_of_the_memory_is_on_record_without_what_it_says() {
    let place = Place::new();
    let mail = ["ann", "example.org"].join("@");
    let memory = |args: &[&str]| place.run(&[&["memory"], args].concat()).ended(0);
    memory(&["add", "the ferry leaves at noon", "--conv-id", "trip", "--id", &mail]);
    let line = json!({ "id": "b", "conv_id": "trip", "text": "the ferry is white" });
    place.write("more.ndjson", &line.to_string());
    memory(&["import", "more.ndjson"]);
    memory(&["pin", &mail, "--conv-id", "trip"]);
    memory(&["supersede", "b", &mail, "--conv-id", "trip"]);
    memory(&["dedup", "--execute"]);
    memory(&["decay", "--execute"]);
    memory(&["decay", "--restore"]);
    memory(&["rebuild"]);
    // Looking changes nothing.
    memory(&["dedup"]);
    memory(&["search", "ferry", "--conv-id", "trip"]);
    assert_eq!(trail(&place), vec!["operator (offline): memory"; 8]);
    let whole = place.run(&["audit", "tail", "-n", "99", "--json"]).ended(0).stdout;
    let verbs = ["add", "import", "pin", "supersede", "dedup", "decay", "restore", "rebuild"];
    for verb in verbs {
        assert!(whole.contains(&format!("\"change\":\"{verb}\"")), "{verb}: {whole}");
    }
    assert!(!whole.contains(&mail) && !whole.contains("ferry"), "{whole}");
}

#[test]
fn a_migration_is_on_record() {
    let place = Place::simulated();
    place.write(ACTIVE, include_str!("../../../../fixtures/events/v1.0.ndjson"));
    place.run(&["logs", "migrate"]).ended(3);
    assert!(!place.path().join("data_core/audit").exists(), "nothing was done");
    place.run(&["logs", "migrate", "--execute"]).ended(3);
    assert_eq!(trail(&place), ["operator (offline): migrated"]);
}

#[test]
fn a_ground_is_kept_without_what_it_says_of_anybody() {
    let place = with_events(&[(0, 2)]);
    let mail = ["ann", "example.org"].join("@");
    let pseudonym = place.run(&["events", "tail", "-n", "1", "--json"]).ended(0).json();
    let pseudonym = pseudonym["conv_id"].as_str().unwrap();
    let basis = format!("letter of {mail}");
    let args = ["data", "delete", "--pseudonym", pseudonym, "--execute", "--basis", &basis];
    place.run(&args).ended(0);
    let mut kept = 0;
    for file in std::fs::read_dir(place.path().join("data_core/erasures")).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        assert!(!text.contains(&mail), "{text}");
        kept += text.matches("letter of [EMAIL]").count();
    }
    assert!(kept > 1, "in the ledger and the receipt");
}

#[test]
fn saying_what_would_be_done_leaves_every_byte() {
    let place = with_events(&[(0, 2)]);
    let torn = place.read(ACTIVE) + "{\"torn";
    place.write(ACTIVE, &torn);
    let files = || {
        let mut files: Vec<_> = std::fs::read_dir(place.path().join("data_core"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        files.sort();
        files
    };
    place.run(&["logs", "verify"]).ended(2);
    let before = files();
    let dry = place.run(&["logs", "rotate", "--now", "--dry-run", "--json"]).ended(0).json();
    assert_eq!((&dry["n_sealed"], &dry["dry_run"]), (&json!(1), &json!(true)));
    assert_eq!((place.read(ACTIVE), files()), (torn, before));
}

#[test]
fn a_trail_that_is_not_there_is_not_called_sound() {
    let place = with_events(&[(0, 2)]);
    let gone = place.run(&["audit", "verify"]).ended(2).stdout;
    assert!(gone.starts_with("AUDIT_BAD entry 1 (") && gone.contains("gone: "), "{gone}");
    std::fs::rename(place.path().join("data_core"), place.path().join("aside")).unwrap();
    place.write("data_core/aios.lock", "");
    let nothing = place.run(&["audit", "verify"]).ended(3);
    assert!(nothing.stdout.starts_with("AUDIT_NODATA"), "{}", nothing.stdout);
    assert!(nothing.stderr.contains("hint: "), "{}", nothing.stderr);
    let json = place.run(&["audit", "verify", "--json"]).ended(3).json();
    assert_eq!((&json["ok"], &json["no_data"]), (&json!(false), &json!(true)));
    std::fs::remove_dir_all(place.path().join("data_core")).unwrap();
    std::fs::rename(place.path().join("aside"), place.path().join("data_core")).unwrap();
    place.run(&["logs", "rotate", "--now"]).ended(0);
    place.run(&["audit", "verify"]).ended(0);
    let missing = place.run(&["audit", "verify", "--checkpoints", "elsewhere.ndjson"]).ended(1);
    assert!(missing.stderr.contains("there are no checkpoints at elsewhere"), "{}", missing.stderr);
    assert!(missing.stderr.contains("hint: "), "{}", missing.stderr);
}

#[tokio::test]
async fn a_server_is_found_by_its_directory() {
    let server = Server::start(&Setup::new()).await;
    let run = |args: &[&str], code: i32| {
        server.place().run(&[args, &["--data-dir", "data"]].concat()).ended(code)
    };
    let address = server.admin_address().to_owned();
    assert!(run(&["dashboard"], 0).stdout.starts_with(&format!("http://{address}/?token=")));
    run(&["status"], 0);
    run(&["models"], 0);
    run(&["logs", "rotate", "--now"], 0);
    run(&["keys", "rotate"], 0);
    assert!(run(&["routing", "status"], 0).stderr.contains(&address));
    assert_eq!(server.read_data("admin.address").trim(), address);
    // It counts only as long as the server does, whether it ended well or not.
    let place = server.kill();
    assert!(place.path().join("data/admin.address").exists());
    let refused = place.run(&["status", "--data-dir", "data"]).ended(1).stderr;
    assert!(refused.contains("no AIOS server answers") && !refused.contains(&address), "{refused}");
    #[cfg(unix)]
    {
        let place = Server::start_in(place).await.stop().await;
        assert!(!place.path().join("data/admin.address").exists());
    }
}

#[tokio::test]
async fn what_is_kept_can_be_watched() {
    let server = Server::start(&Setup::new()).await;
    let run = |args: &[&str]| {
        server.place().run(&[args, &["--data-dir", "data"]].concat()).ended(0);
    };
    run(&["logs", "hold", "add", "--owner", "legal", "--reason", "case 7", "--expires", "30d"]);
    run(&["data", "delete", "--conv-id", "somebody", "--execute"]);
    let page = server.admin("GET", "/metrics", "").await.expect(200).text();
    for line in [
        "aios_holds 1",
        "aios_erasures{state=\"completed\"} 1",
        "aios_erasures{state=\"pending\"} 0",
        "aios_erasures_unfinished{waits_for=\"person\"} 0",
        "aios_memory_replaced_total 0",
        "aios_retention_stopped 0",
        "aios_retention_steps_total{step=\"removed\"} 0",
        "aios_audit_failures_total 0",
        "aios_quarantine_bytes 0",
        "aios_panics_total ",
        "aios_tasks_alive{runtime=\"data\"} ",
        "aios_tasks_alive{runtime=\"control\"} ",
    ] {
        assert!(page.lines().any(|found| found.starts_with(line)), "{line} is not in\n{page}");
    }
    assert!(page.contains("\naios_retention_last_run_timestamp_seconds "), "{page}");
    assert!(page.contains("\naios_audit_entries_total "), "{page}");
}
