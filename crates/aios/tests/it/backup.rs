//! What a backup brings back, and what proves that it went: `docs/event-log.md`, in the real program.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::program::{Place, Ran};
use crate::rig::{Server, Setup, chat, eventually, post_with};

const ANN: &str = "conversation-of-ann";
const BOB: &str = "conversation-of-bob";

async fn say_in(server: &Server, conversation: &str) {
    let headers = format!("x-conversation-id: {conversation}\r\n");
    let request = post_with(&headers, chat("aios-auto", "Where is the harbor?", false).as_bytes());
    server.ask(&request).await.expect(200);
}

fn run(place: &Place, args: &[&str], code: i32) -> Ran {
    place.run(&[args, &["--data-dir", "data"]].concat()).ended(code)
}

fn n_found(place: &Place, id: &str) -> u64 {
    let found = run(place, &["data", "find", "--conv-id", id, "--json"], 0).json();
    found["events_found"].as_u64().unwrap()
}

/// Both have talked, and a backup was made of the log, which was rotated then.
async fn backed_up() -> (Place, Vec<(PathBuf, Vec<u8>)>) {
    let server = Server::start(&Setup::new()).await;
    for _ in 0..3 {
        say_in(&server, ANN).await;
        say_in(&server, BOB).await;
    }
    let place = server.stop_after(6).await;
    run(&place, &["logs", "rotate", "--now"], 0);
    let files = fs::read_dir(place.path().join("data/analytics")).unwrap();
    let files = files.map(|file| file.unwrap().path()).filter(|path| path.is_file());
    let backup: Vec<_> = files.map(|path| (path.clone(), fs::read(path).unwrap())).collect();
    (place, backup)
}

fn erase(place: &Place) -> Value {
    let done = run(place, &["data", "delete", "--conv-id", ANN, "--execute", "--json"], 0).json();
    assert_eq!(done["receipt"]["state"], "completed", "{done}");
    done["receipt"].clone()
}

/// Starts a server on it, and waits until nothing is found of Ann.
async fn gone_after_a_start(place: Place) -> Place {
    let server = Server::start_in(place).await;
    eventually("ann to be gone", async || (n_found(server.place(), ANN) == 0).then_some(())).await;
    server.stop().await
}

#[tokio::test]
async fn what_was_erased_is_erased_again_when_a_backup_brings_it_back() {
    let (place, backup) = backed_up().await;
    erase(&place);
    assert_eq!((n_found(&place, ANN), n_found(&place, BOB)), (0, 3));
    for (path, bytes) in &backup {
        fs::write(path, bytes).unwrap();
    }
    assert_eq!(n_found(&place, ANN), 3, "that is what a backup does");
    let place = gone_after_a_start(place).await;
    assert_eq!(n_found(&place, BOB), 3);
    run(&place, &["logs", "verify"], 0);
    run(&place, &["audit", "verify"], 0);
    run(&place, &["data", "verify", "--conv-id", ANN], 0);
}

#[tokio::test]
async fn a_ledger_that_is_older_than_the_trail_forgets_nobody() {
    let (place, backup) = backed_up().await;
    erase(&place);
    // All of the directory from before, but for the audit trail.
    for (path, bytes) in &backup {
        fs::write(path, bytes).unwrap();
    }
    fs::remove_dir_all(place.path().join("data/erasures")).unwrap();
    let named = run(&place, &["logs", "verify"], 2).stdout;
    assert!(named.contains("ledger.ndjson: the erasure er_"), "{named}");
    let place = gone_after_a_start(place).await;
    assert_eq!(n_found(&place, BOB), 3);
    run(&place, &["logs", "verify"], 0);
    let ledger = place.read("data/erasures/ledger.ndjson");
    assert!(ledger.contains("restored from the audit trail"), "{ledger}");
}

#[tokio::test]
async fn a_receipt_is_proved_or_refused() {
    let (place, _) = backed_up().await;
    let id = erase(&place)["id"].as_str().unwrap().to_owned();
    let kept = format!("data/erasures/{id}.receipt.json");
    let verify = |file: &str, code: i32| run(&place, &["data", "verify", "--receipt", file], code);
    let shown = verify(&kept, 0).stdout;
    let expect = format!(
        "RECEIPT_OK id={id} state=completed records=3\nsignature: agrees\nledger: agrees\naudit: agrees\n"
    );
    assert_eq!(shown, expect);
    let whole = place.read(&kept);
    place.write("elsewhere.json", &whole);
    verify("elsewhere.json", 0);
    place.write("elsewhere.json", &whole.replace("\"completed\"", "\"incomplete\""));
    let refused = verify("elsewhere.json", 2).stdout;
    assert!(refused.starts_with("RECEIPT_BAD") && refused.contains("was edited"), "{refused}");
    let args = ["data", "verify", "--receipt", "elsewhere.json", "--json"];
    let json = run(&place, &args, 2).json();
    assert_eq!((&json["ok"], &json["id"]), (&json!(false), &json!(id)));
    assert_eq!(json["witnesses"]["ledger"]["says"], "other");
    assert!(verify("nothing.json", 1).stderr.contains("hint: receipts are in"));
    run(&place, &["data", "verify", "--receipt", &kept, "--conv-id", ANN], 64);
    fs::remove_file(place.path().join(&kept)).unwrap();
    let named = run(&place, &["logs", "verify"], 2).stdout;
    assert!(named.contains("the receipt of a finished erasure is gone"), "{named}");
}

#[tokio::test]
async fn a_version_of_the_key_that_knows_who_was_erased_is_kept() {
    let (place, _) = backed_up().await;
    erase(&place);
    run(&place, &["data", "delete", "--conv-id", BOB, "--execute"], 0);
    run(&place, &["keys", "rotate"], 0);
    let refused = run(&place, &["keys", "retire", "1"], 1).stderr;
    assert!(refused.contains("2 erased conversations are known by it alone"), "{refused}");
    assert!(run(&place, &["keys", "list"], 0).stdout.contains("knows who was erased"));
    let server = Server::start_in(place).await;
    let refused = run(server.place(), &["keys", "retire", "1"], 1).stderr;
    assert!(refused.contains("2 erased conversations are known by it alone"), "{refused}");
    say_in(&server, ANN).await;
    let place = server.stop_after(1).await;
    assert_eq!(n_found(&place, ANN), 0);
}

#[tokio::test]
async fn a_new_version_of_the_key_is_not_in_use_before_the_server_is_restarted() {
    let place = Server::start(&Setup::new()).await.stop().await;
    let listed = |place: &Place| {
        let versions = run(place, &["keys", "list", "--json"], 0).json()["versions"].clone();
        let versions = versions.as_array().unwrap().iter();
        let of =
            |version: &Value| (version["version"].as_u64().unwrap(), version["in_use"].clone());
        versions.map(of).collect::<Vec<_>>()
    };
    assert_eq!(listed(&place), [(1, json!(false))], "nobody writes");
    assert!(run(&place, &["keys", "list"], 0).stdout.contains("from the next start"));
    let server = Server::start_in(place).await;
    assert_eq!(listed(server.place()), [(1, json!(true))]);
    run(server.place(), &["keys", "rotate"], 0);
    assert_eq!(listed(server.place()), [(1, json!(true)), (2, json!(false))]);
    let told = run(server.place(), &["keys", "list"], 0).stdout;
    let line =
        |version: &str| told.lines().find(|line| line.trim_start().starts_with(version)).unwrap();
    assert!(line("1").contains("new events use it until the server is restarted"), "{told}");
    assert!(line("2").contains("new events use it from the next start of the server on"), "{told}");
    let server = Server::start_in(server.stop().await).await;
    assert_eq!(listed(server.place()), [(1, json!(false)), (2, json!(true))]);
    server.stop().await;
}

#[tokio::test]
async fn releasing_a_hold_goes_on_with_what_waited_for_it() {
    let hold =
        ["logs", "hold", "add", "--owner", "legal", "--reason", "case 7", "--expires", "30d"];
    let (place, _) = backed_up().await;
    run(&place, &hold, 0);
    let held = run(&place, &["data", "delete", "--conv-id", ANN, "--execute"], 1).stderr;
    assert!(held.contains("has to wait for the hold h1 of legal"), "{held}");
    let released = run(&place, &["logs", "hold", "release", "h1"], 0).stderr;
    assert!(released.contains("is completed"), "{released}");
    assert_eq!(n_found(&place, ANN), 0);
    run(&place, &hold, 0);
    run(&place, &["data", "delete", "--conv-id", BOB, "--execute"], 1);
    let server = Server::start_in(place).await;
    assert_eq!(n_found(server.place(), BOB), 3);
    run(server.place(), &["logs", "hold", "release", "h2"], 0);
    eventually("bob to be gone", async || (n_found(server.place(), BOB) == 0).then_some(())).await;
}
