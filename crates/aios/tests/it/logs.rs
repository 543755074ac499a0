//! `aios logs`, alone and beside a server.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::UNIX_EPOCH;

use serde_json::{Value, json};

use crate::cli::event;
use crate::program::{Place, Ran};
use crate::rig::{Client, Server, Setup, chat, eventually, post, soon};

pub(crate) const ACTIVE: &str = "data_core/analytics/hypotheses.ndjson";

/// A time so many days ago, at the start of a day or a little after.
fn days_ago(days: u64, secs: u32) -> String {
    let today = UNIX_EPOCH.elapsed().unwrap().as_secs() / 86_400;
    date(today - days) + &format!("T00:{:02}:{:02}.000Z", secs / 60, secs % 60)
}

/// A day, counted from 1970, as text (Howard Hinnant's `civil_from_days`).
fn date(days: u64) -> String {
    let z = days + 719_468;
    let (era, of_era) = (z / 146_097, z % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

/// A directory whose log holds so many events of so many days ago, oldest first.
pub(crate) fn with_events(days: &[(u64, u32)]) -> Place {
    let place = Place::simulated();
    let mut text = String::new();
    let mut n = 0;
    for (days, count) in days {
        for second in 0..*count {
            n += 1;
            let at = json!(days_ago(*days, second));
            text.push_str(&(event(n, &format!("question {n}"), &[("ts", at)]) + "\n"));
        }
    }
    place.write(ACTIVE, &text);
    // What is stored belongs to a key.
    place.write("data_core/keys/pseudonyms.key", &("5a".repeat(32) + "\n"));
    place
}

fn n_events(place: &Place) -> usize {
    place.run(&["events", "query", "--json"]).ended(0).stdout.lines().count()
}

/// The files of the log, by how they end.
fn files(place: &Place) -> Vec<String> {
    let dir = place.path().join("data_core/analytics");
    let names = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name());
    let ends =
        names.map(|name| name.to_str().unwrap().split('.').skip(2).collect::<Vec<_>>().join("."));
    let mut ends: Vec<_> = ends.filter(|end| !end.is_empty()).collect();
    ends.sort();
    ends
}

fn counts(ran: &Ran) -> (usize, usize) {
    let rotated = ran.json();
    let n = |key: &str| rotated[key].as_array().unwrap().len();
    (n("compressed"), n("removed"))
}

#[test]
fn what_has_a_segments_name_and_is_no_file_is_named_and_stops_nothing() {
    let place = with_events(&[(20, 5), (1, 5), (0, 5)]);
    let name = "hypotheses.20270115T083000Z-00000001.ndjson";
    fs::create_dir(place.path().join("data_core/analytics").join(name)).unwrap();
    let done = place.run(&["logs", "rotate", "--now", "--json"]).ended(0);
    assert_eq!(counts(&done), (1, 0));
    place.run(&["logs", "stats"]).ended(0);
    let verified = place.run(&["logs", "verify"]).ended(2);
    assert_eq!(verified.stdout.matches(name).count(), 1, "{}", verified.stdout);
    assert!(verified.stdout.contains("hint: move it to another place"), "{}", verified.stdout);
    assert_eq!(n_events(&place), 15);
}

#[test]
fn what_is_due_is_compressed_and_removed() {
    let place = with_events(&[(100, 2), (20, 5), (1, 5), (0, 5)]);
    let dry = place.run(&["logs", "rotate", "--dry-run", "--json"]).ended(0);
    assert_eq!((counts(&dry), n_events(&place)), ((1, 1), 17));
    let done = place.run(&["logs", "rotate", "--json"]).ended(0);
    assert_eq!((counts(&done), n_events(&place)), ((1, 1), 15));
    assert_eq!(files(&place), ["members", "ndjson", "ndjson", "ndjson.gz"]);
    // Once more there is nothing to do.
    assert_eq!(counts(&place.run(&["logs", "rotate", "--json"]).ended(0)), (0, 0));
    let stats = &place.run(&["logs", "stats", "--json"]).ended(0).json()["classes"][0];
    assert_eq!(
        (&stats["class"], &stats["n_cold"], &stats["n_overdue"]),
        (&json!("events"), &json!(1), &json!(0))
    );
    assert_eq!(stats["oldest"], json!(days_ago(20, 0)));
    let verified = place.run(&["logs", "verify"]).ended(0);
    assert!(verified.stdout.contains("events: 15,") && verified.stdout.contains("faults: 0"));
    let reindexed = place.run(&["logs", "reindex", "--json"]).ended(0).json();
    assert_eq!(reindexed["n_events"], 15);
    // A cold event is found like any other, and the newest come first across segments.
    let found = place.run(&["events", "query", "--text", "question 3", "--json"]).ended(0);
    assert_eq!(found.stdout.lines().count(), 1);
    let tail = place.run(&["events", "tail", "-n", "7", "--json"]).ended(0);
    let first: Value = serde_json::from_str(tail.stdout.lines().next().unwrap()).unwrap();
    assert_eq!(first["question"], "question 11");
}

#[test]
fn a_guard_stops_and_force_goes_on() {
    let place = with_events(&[(100, 5), (0, 5)]);
    let stopped = place.run(&["logs", "rotate"]).ended(2);
    assert!(stopped.stderr.contains("5 of 10 events would go at once"), "{}", stopped.stderr);
    assert!(stopped.stderr.contains("--force"));
    assert_eq!(n_events(&place), 10);
    place.run(&["logs", "rotate", "--force"]).ended(0);
    assert_eq!(n_events(&place), 5);
}

#[test]
fn a_hold_keeps_what_it_covers_until_it_is_released() {
    let place = with_events(&[(100, 1), (0, 9)]);
    let add = ["logs", "hold", "add", "--owner", "legal", "--reason", "case 7", "--expires", "30d"];
    assert_eq!(place.run(&add).ended(0).stdout, "h1 is set\n");
    let held = place.run(&["logs", "rotate"]).ended(0);
    assert!(
        held.stdout.contains("held: 1") && held.stdout.contains("by h1 (legal)"),
        "{}",
        held.stdout
    );
    assert_eq!(n_events(&place), 10);
    let stats = &place.run(&["logs", "stats", "--json"]).ended(0).json()["classes"][0];
    assert_eq!((&stats["n_overdue"], &stats["n_held"]), (&json!(1), &json!(1)));
    assert!(place.run(&["logs", "hold", "list"]).ended(0).stdout.contains("case 7"));
    assert_eq!(place.run(&["logs", "hold", "release", "h1"]).ended(0).stdout, "h1 is released\n");
    let unknown = place.run(&["logs", "hold", "release", "h1"]).ended(1);
    assert!(unknown.stderr.contains("there is no hold h1") && unknown.stderr.contains("hint: "));
    place.run(&["logs", "rotate"]).ended(0);
    assert_eq!(n_events(&place), 9);
}

#[test]
fn a_running_server_does_what_changes_the_log() {
    let place = with_events(&[(0, 5)]);
    let server = place.start(&["serve"], "OpenAI API");
    let rotated = place.run(&["logs", "rotate", "--now", "--json"]).ended(0).json();
    assert_eq!((&rotated["n_sealed"], &rotated["stopped"]), (&json!(1), &Value::Null));
    assert_eq!(n_events(&place), 5);
    assert_eq!(place.read(ACTIVE), "");
    assert_eq!(place.run(&["logs", "reindex"]).ended(0).stdout, "events indexed: 5\n");
    let add = ["logs", "hold", "add", "--owner", "o", "--reason", "r", "--expires", "1d", "--json"];
    assert_eq!(place.run(&add).ended(0).json()["id"], "h1");
    place.run(&["logs", "hold", "release", "h1"]).ended(0);
    let unknown = place.run(&["logs", "hold", "release", "h1"]).ended(1);
    assert!(unknown.stderr.contains("there is no hold h1"), "{}", unknown.stderr);
    let verified = place.run(&["logs", "verify"]).ended(0);
    assert!(verified.stdout.contains("sealed segments: 1, events: 5"), "{}", verified.stdout);
    let audit = place.run(&["audit", "tail", "--json"]).ended(0).stdout;
    assert!(audit.contains("POST /admin/v1/logs/rotate"), "{audit}");
    drop(server);
}

/// Rotates again and again while clients ask, and kills the server from outside in the midst of it.
#[tokio::test]
async fn what_was_answered_is_there_once_when_the_server_is_killed_while_it_rotates() {
    let setup = Setup::new().set("events.sync", r#""always""#);
    for n_rotations in [1, 3, 6] {
        let server = Server::start(&setup).await;
        let (api, answers) = (server.api().to_owned(), Arc::new(Mutex::new(Vec::new())));
        let clients: Vec<_> =
            (0..4).map(|_| tokio::spawn(ask_on(api.clone(), Arc::clone(&answers)))).collect();
        for n in 1..=n_rotations {
            eventually("answers", async || (answers.lock().unwrap().len() > 20 * n).then_some(()))
                .await;
            let token = server.read_data("keys/admin.token");
            let headers = format!("authorization: Bearer {}\r\n", token.trim());
            server.admin_with("POST", ROTATE, &headers, SEAL).await.expect(200);
        }
        // One that is under way when the end comes.
        let mut rotating = Client::connect(server.admin_address()).await;
        rotating.send(&rotation(&server)).await;
        let place = server.kill();
        for client in clients {
            soon("a client's end", client).await.unwrap();
        }
        let args = ["logs", "rotate", "--data-dir", "data", "--config", "aios.toml"];
        place.run(&args).ended(0);
        let args = ["logs", "verify", "--data-dir", "data", "--config", "aios.toml"];
        place.run(&args).ended(0);
        let args = ["events", "query", "--json", "--data-dir", "data", "--config", "aios.toml"];
        let log = place.run(&args).ended(0).stdout;
        let ids: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let ids: Vec<&str> = ids.iter().map(|event| event["event_id"].as_str().unwrap()).collect();
        for answer in &*answers.lock().unwrap() {
            assert_eq!(ids.iter().filter(|id| *id == answer).count(), 1, "{answer}");
        }
        assert!(answers.lock().unwrap().len() > 20);
    }
}

const ROTATE: &str = "/admin/v1/logs/rotate";

const SEAL: &str = r#"{"seal":true}"#;

/// A request to the admin address that seals the active segment.
fn rotation(server: &Server) -> Vec<u8> {
    let (host, token) = (server.admin_address(), server.read_data("keys/admin.token"));
    let length = SEAL.len();
    let head = format!(
        "POST {ROTATE} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {}\r\n",
        token.trim()
    );
    let length = format!("content-type: application/json\r\ncontent-length: {length}\r\n\r\n");
    (head + &length + SEAL).into_bytes()
}

/// Asks until the server is gone; notes the events of whole answers.
async fn ask_on(api: String, answers: Arc<Mutex<Vec<String>>>) {
    let mut client = Client::connect(&api).await;
    let request = post(&chat("aios-auto", "How are you?", false));
    while client.try_send(&request).await.is_ok() {
        let Some(reply) = client.try_reply().await else { return };
        if reply.is_whole {
            answers.lock().unwrap().push(reply.header("x-aios-event-id").unwrap().to_owned());
        }
    }
}

#[test]
fn what_is_damaged_is_named_by_file_and_line() {
    let place = with_events(&[(0, 5)]);
    place.run(&["logs", "rotate", "--now"]).ended(0);
    let dir = place.path().join("data_core/analytics");
    let is_sealed = |path: &PathBuf| path.to_str().unwrap().ends_with("Z-00000001.ndjson");
    let sealed = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).find(is_sealed);
    let sealed = sealed.unwrap();
    let text = fs::read_to_string(&sealed).unwrap().replace("question 3", "question 4");
    let broken = text.replacen("\"event_type\":\"response\"", "\"event_type\"", 2);
    fs::write(&sealed, broken).unwrap();
    let ran = place.run(&["logs", "verify"]).ended(2);
    let name = sealed.file_name().unwrap().to_str().unwrap();
    for expect in [
        format!("{name}:1: not an event"),
        format!("{name}:2: not an event"),
        format!("{name}: its text is not"),
    ] {
        assert!(ran.stdout.contains(&expect), "{expect}: {}", ran.stdout);
    }
    let faults = place.run(&["logs", "verify", "--json"]).ended(2).json()["faults"].clone();
    assert_eq!((faults.as_array().unwrap().len(), &faults[0]["line"]), (4, &json!(1)));
}

/// The sealed segments, oldest first.
fn sealed(place: &Place) -> Vec<PathBuf> {
    let dir = place.path().join("data_core/analytics");
    let files = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let is_sealed = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap();
        name.contains("Z-") && name.ends_with(".ndjson")
    };
    let mut sealed: Vec<_> = files.filter(is_sealed).collect();
    sealed.sort();
    sealed
}

/// The names of the losses that are told, all of which are losses.
fn losses(place: &Place) -> Vec<String> {
    let faults = place.run(&["logs", "verify", "--json"]).ended(2).json()["faults"].clone();
    let faults = faults.as_array().unwrap().iter();
    faults.filter_map(|fault| Some(fault["loss"].as_str()?.to_owned())).collect()
}

#[test]
fn a_loss_is_acknowledged_and_the_next_one_is_told_again() {
    let place = with_events(&[(3, 4), (2, 5), (1, 6)]);
    place.run(&["logs", "rotate", "--now"]).ended(0);
    place.run(&["logs", "verify"]).ended(0);
    let segments = sealed(&place);
    assert_eq!(segments.len(), 3, "{segments:?}");
    fs::remove_file(&segments[0]).unwrap();
    let [gone] = &losses(&place)[..] else { panic!("one is gone") };
    let told = place.run(&["logs", "verify"]).ended(2);
    assert!(told.stderr.contains("--acknowledge LOSS"), "{}", told.stderr);
    let acknowledge = |loss: &str, reason: &str| {
        place.run(&["logs", "verify", "--acknowledge", loss, "--reason", reason])
    };
    let unknown = acknowledge("0123456789ab", "no such loss").ended(1);
    assert!(unknown.stderr.contains("no loss is named 0123456789ab"), "{}", unknown.stderr);
    place.run(&["logs", "verify", "--acknowledge", gone]).ended(64);
    acknowledge(gone, " ").ended(64);
    let known = acknowledge(gone, "the disk of ann@example.org broke, case conv-17").ended(0);
    let words = "because: the disk of [EMAIL] broke, case [ID]]";
    for ran in [known, place.run(&["logs", "verify"]).ended(0)] {
        assert!(ran.stdout.contains("the segment is gone"), "{}", ran.stdout);
        assert!(ran.stdout.contains("acknowledged by operator (offline) at "), "{}", ran.stdout);
        assert!(ran.stdout.contains(words), "{}", ran.stdout);
        assert!(ran.stdout.contains("faults: 0, acknowledged: 1"), "{}", ran.stdout);
    }
    // Half of another one is gone, beside a server. What was acknowledged stays so.
    let text = fs::read_to_string(&segments[1]).unwrap();
    let half = |n| text.split_inclusive('\n').take(n).collect::<String>();
    fs::write(&segments[1], half(3)).unwrap();
    let server = place.start(&["serve"], "OpenAI API");
    let [shortened] = &losses(&place)[..] else { panic!("one is shortened") };
    acknowledge("0123456789ab", "no such loss").ended(1);
    let known = acknowledge(shortened, "nothing is left of it").ended(0);
    assert!(known.stdout.contains("acknowledged by owner at "), "{}", known.stdout);
    assert!(known.stdout.contains("faults: 0, acknowledged: 2"), "{}", known.stdout);
    fs::write(&segments[1], half(2)).unwrap();
    let [more] = &losses(&place)[..] else { panic!("it has become shorter") };
    assert_ne!(more, shortened);
    drop(server);
    assert_eq!(losses(&place), std::slice::from_ref(more));
    let record = place.run(&["audit", "tail", "-n", "99", "--json"]).ended(0).stdout;
    assert_eq!(record.matches("\"action\":\"loss_acknowledged\"").count(), 2, "{record}");
    assert!(!record.contains("broke"), "{record}");
    place.run(&["audit", "verify"]).ended(0);
}

#[test]
fn an_older_log_is_taken_in() {
    let place = Place::simulated();
    let older = include_str!("../../../../fixtures/events/v1.0.ndjson");
    place.write(ACTIVE, older);
    let dry = place.run(&["logs", "migrate"]).ended(3);
    assert!(dry.stdout.contains("schema 1.0: 2 to migrate") && dry.stderr.contains("line 3:"));
    assert_eq!(place.read(ACTIVE), older);
    // A server that starts in between goes on in a file of its own, and has the log to itself.
    let server = place.start(&["serve"], "OpenAI API");
    assert_eq!(place.read(ACTIVE), "");
    let refused = place.run(&["logs", "migrate", "--execute"]).ended(1);
    assert!(refused.stderr.contains("while a server writes it"), "{}", refused.stderr);
    drop(server);
    let args = ["logs", "migrate", "--execute", "--utc-offset", "+02:00", "--json"];
    let done = place.run(&args).ended(3).json();
    assert_eq!((&done["n_v1_0"], &done["n_not_migrated"]), (&json!(2), &json!(1)));
    let found = ["events", "query", "--conv", "hashed_0f1e2d3c4b5a6978", "--json"];
    let found = place.run(&found).ended(0).stdout;
    let first: Value = serde_json::from_str(found.lines().next().unwrap()).unwrap();
    assert_eq!((found.lines().count(), &first["ts"]), (2, &json!("2025-10-05T08:00:00.500Z")));
    assert_eq!(
        place.run(&["logs", "migrate", "--execute"]).ended(0).stdout,
        "nothing to migrate\n"
    );
    place.run(&["logs", "verify"]).ended(0);
}

#[test]
fn there_is_nothing_to_look_after_where_nothing_is() {
    let place = Place::simulated();
    for args in [&["logs", "stats"][..], &["logs", "rotate"], &["logs", "verify"]] {
        let ran = place.run(args).ended(1);
        assert!(ran.stderr.contains("there is no data directory"), "{}", ran.stderr);
    }
    assert!(!place.path().join("data_core").exists());
}

/// Nothing was checked, or what was removed from the log cannot be held against the trail: neither is sound.
#[test]
fn a_log_that_is_not_there_is_not_called_sound() {
    let place = Place::simulated();
    place.write("data_core/aios.lock", "");
    let nothing = place.run(&["logs", "verify"]).ended(3);
    assert!(nothing.stderr.contains("NODATA"), "{}", nothing.stderr);
    assert_eq!(place.run(&["logs", "verify", "--json"]).ended(3).json()["n_events"], 0);
    place.write("data_core/audit", "no directory");
    place.run(&["logs", "verify"]).ended(1);
}

#[test]
fn what_is_named_like_the_log_and_is_no_segment_is_named() {
    let place = with_events(&[(0, 2)]);
    let older = include_str!("../../../../fixtures/events/v1.0.ndjson");
    place.write("data_core/analytics/hypotheses.2025-10-05T10.ndjson", older);
    place.write("data_core/analytics/hypotheses.ndjson.bak", older);
    let names = ["hypotheses.2025-10-05T10.ndjson", "hypotheses.ndjson.bak"];
    let check = |text: &str, n: usize| {
        let told = names.iter().filter(|name| text.contains(*name)).count();
        assert_eq!(told, n, "{text}");
    };
    check(&place.run(&["logs", "stats"]).ended(0).stderr, 2);
    let stats = place.run(&["logs", "stats", "--json"]).ended(0).json();
    assert_eq!(stats["outside"][0]["is_older"], true);
    let verified = place.run(&["logs", "verify"]).ended(2).stdout;
    check(&verified, 2);
    assert!(verified.contains("aios logs migrate"), "{verified}");
    check(&place.run(&["preflight"]).stdout, 2);
    // A copy is nobody's to take in.
    place.run(&["logs", "migrate", "--execute"]).ended(3);
    assert_eq!(n_events(&place), 4);
    fs::remove_file(place.path().join("data_core/analytics/hypotheses.ndjson.bak")).unwrap();
    place.run(&["logs", "verify"]).ended(0);
    check(&place.run(&["preflight"]).stdout, 0);
    assert_eq!(place.run(&["logs", "stats", "--json"]).ended(0).json()["outside"], json!([]));
}
