//! Finding and erasing, in the real program: the guide's transcript and what may go wrong with it.

use std::fs;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::program::{Place, Ran};
use crate::rig::{EVENTS, Server, Setup, chat, post_with};

const ANN: &str = "conversation-of-ann";
const BOB: &str = "conversation-of-bob";

/// Sends one message in the conversation of that id, with more headers.
async fn say_as(server: &Server, conversation: &str, headers: &str, text: &str) {
    let headers = format!("x-conversation-id: {conversation}\r\n{headers}");
    let request = post_with(&headers, chat("aios-auto", text, false).as_bytes());
    server.ask(&request).await.expect(200);
}

async fn say_in(server: &Server, conversation: &str) {
    say_as(server, conversation, "", "Where is the harbor?").await;
}

fn data(place: &Place, verb: &str, args: &[&str], code: i32) -> Ran {
    let all = [&["data", verb], args, &["--data-dir", "data"]].concat();
    place.run(&all).ended(code)
}

fn find(place: &Place, id: &str) -> String {
    data(place, "find", &["--conv-id", id], 0).stdout.lines().next().unwrap().to_owned()
}

/// Both talk, in turns; the server is stopped.
async fn talked() -> Place {
    let server = Server::start(&Setup::new()).await;
    for _ in 0..3 {
        say_in(&server, ANN).await;
        say_in(&server, BOB).await;
    }
    server.stop_after(6).await
}

/// The lines of the event log in all its segments.
fn lines(place: &Place) -> Vec<String> {
    let mut files: Vec<_> = fs::read_dir(place.path().join("data/analytics"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "ndjson"))
        .collect();
    files.sort();
    let texts = files.iter().map(|file| fs::read_to_string(file).unwrap());
    let lines: Vec<_> =
        texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
    lines.into_iter().filter(|line| !line.contains("segment_footer")).collect()
}

#[tokio::test]
async fn the_guides_transcript() {
    let place = talked().await;
    let before = lines(&place);
    assert_eq!(find(&place, ANN), "Events found: 3");
    let dry = data(&place, "delete", &["--conv-id", ANN], 0);
    assert!(
        dry.stdout.starts_with("DRY RUN: nothing was changed\nEvents found: 3\n"),
        "{}",
        dry.stdout
    );
    assert!(dry.stdout.contains("events (hot)") && dry.stdout.contains("plan: "), "{}", dry.stdout);
    assert_eq!(lines(&place), before);
    let done = data(&place, "delete", &["--conv-id", ANN, "--execute"], 0);
    assert!(done.stdout.starts_with("ERASED records=3 segments=1 "), "{}", done.stdout);
    assert!(done.stdout.contains("\nEvents found: 0\n"), "{}", done.stdout);
    assert_eq!(find(&place, ANN), "Events found: 0");
    assert_eq!(find(&place, BOB), "Events found: 3");
    let bob = log_of(&before, &log_pseudonym(&place, BOB));
    assert_eq!(lines(&place), bob, "what stays is the same bytes in the same order");
    let verified = data(&place, "verify", &["--conv-id", ANN], 0).stdout;
    assert!(
        verified.contains("\nCLEAN stores=") && verified.contains("id_searched=yes"),
        "{verified}"
    );
    // Whatever was erased is nowhere, and no copy of it was made.
    let files = fs::read_dir(place.path().join("data/analytics")).unwrap();
    let files: Vec<_> = files.map(|file| file.unwrap().file_name()).collect();
    assert!(!format!("{files:?}").contains(".bak") && !format!("{files:?}").contains(".tmp"));
    place.run(&["audit", "verify", "--data-dir", "data"]).ended(0);
}

#[tokio::test]
async fn that_nothing_is_stored_is_said_only_when_everything_was_read() {
    let place = talked().await;
    let erase = |code| data(&place, "delete", &["--conv-id", ANN, "--execute"], code);
    erase(0);
    assert!(erase(0).stdout.contains("nothing is stored of it"));
    // What proves an erasure is read by the proof alone, and no erasure changes it.
    fs::write(place.path().join("data/erasures/er_x.receipt.json"), b"PK\x03\x04").unwrap();
    let left = erase(3);
    assert!(left.stdout.starts_with("INCOMPLETE") && left.stderr.contains("er_x.receipt.json"));
}

fn log_pseudonym(place: &Place, id: &str) -> String {
    let found = data(place, "find", &["--conv-id", id, "--json"], 0).json();
    found["pseudonyms"][0].as_str().unwrap().to_owned()
}

fn log_of(lines: &[String], pseudonym: &str) -> Vec<String> {
    lines.iter().filter(|line| line.contains(pseudonym)).cloned().collect()
}

#[tokio::test]
async fn a_running_server_erases_and_nothing_comes_back() {
    let server = Server::start(&Setup::new()).await;
    for _ in 0..3 {
        say_in(&server, ANN).await;
        say_in(&server, BOB).await;
    }
    let config = format!("[server]\nadmin_listen = \"{}\"\n", server.admin_address());
    server.place().write("cli.toml", &config);
    let run = |verb: &str, args: &[&str]| {
        let all = [args, &["--config", "cli.toml"]].concat();
        data(server.place(), verb, &all, 0)
    };
    crate::rig::eventually("the events", async || {
        (run("find", &["--conv-id", BOB, "--json"]).json()["events_found"] == 3).then_some(())
    })
    .await;
    let done = run("delete", &["--conv-id", ANN, "--execute", "--json"]).json();
    assert_eq!(done["receipt"]["state"], "completed", "{done}");
    assert_eq!(done["receipt"]["requester"], "owner");
    // Of a conversation whose first answer is still on its way nothing can be found.
    let early = run("delete", &["--conv-id", "conversation-of-eve", "--execute"]);
    assert!(early.stdout.starts_with("FENCED records=0"), "{}", early.stdout);
    say_in(&server, "conversation-of-eve").await;
    say_in(&server, ANN).await;
    say_in(&server, BOB).await;
    crate::rig::eventually("the event of bob", async || {
        (run("find", &["--conv-id", BOB, "--json"]).json()["events_found"] == 4).then_some(())
    })
    .await;
    assert_eq!(run("find", &["--conv-id", ANN, "--json"]).json()["events_found"], 0);
    let place = server.stop().await;
    let kept = lines(&place);
    assert_eq!(kept.len(), 6, "the retry and the late answer are accounted for");
    let fenced: Vec<_> = kept.iter().filter(|line| line.contains("c65535_")).collect();
    assert_eq!(fenced.len(), 2);
    assert!(fenced.iter().all(|line| !line.contains("harbor")), "{fenced:?}");
    let trail = place.run(&["audit", "tail", "-n", "99", "--data-dir", "data"]).ended(0).stdout;
    for sign in ["POST /admin/v1/erasures", "state=ledgered", "state=completed"] {
        assert!(trail.contains(sign), "no {sign} in {trail}");
    }
    assert!(!trail.contains(ANN), "{trail}");
}

#[tokio::test]
async fn a_plan_is_not_executed_under_an_id_of_somebody_else() {
    let server = Server::start(&Setup::new()).await;
    say_in(&server, ANN).await;
    say_in(&server, BOB).await;
    crate::rig::eventually("the events", async || (server.log().len() == 2).then_some(())).await;
    server.write_data("exports/notes.csv", &format!("{BOB};hello\n"));
    let token = server.read_data("keys/admin.token");
    let headers = format!("authorization: Bearer {}\r\n", token.trim());
    let ask = async |path: &str, body: Value| {
        server.admin_with("POST", path, &headers, &body.to_string()).await
    };
    let wanted = json!({ "whose": { "conv_id": ANN }, "basis": "request" });
    let plan = ask("/admin/v1/erasures", wanted).await.expect(201).json();
    let path = format!("/admin/v1/erasures/{}/execute", plan["id"].as_str().unwrap());
    let decided = |id: &str| json!({ "plan_hash": plan["plan_hash"], "whose": { "conv_id": id } });
    let refused = ask(&path, decided(BOB)).await.expect(409).json();
    assert_eq!(refused["error"]["code"], "another", "{refused}");
    let receipt = ask(&path, decided(ANN)).await.expect(200).json();
    assert_eq!(receipt["state"], "completed", "{receipt}");
    let place = server.stop().await;
    assert_eq!(place.read("data/exports/notes.csv"), format!("{BOB};hello\n"));
    assert_eq!(find(&place, BOB), "Events found: 1");
}

#[tokio::test]
async fn a_server_that_ends_while_it_erases_is_told_from_one_that_is_not_there() {
    let server = Server::start(&Setup::new()).await;
    say_in(&server, ANN).await;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    server.write_data("admin.address", &listener.local_addr().unwrap().to_string());
    let delete = ["data", "delete", "--conv-id", ANN, "--execute", "--data-dir", "data"];
    let mut delete = server.place().command(&delete);
    let delete = delete.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // The search is to be put on record; then it is asked to erase, and ends.
    drop(listener.accept().unwrap());
    let (asked, _) = listener.accept().unwrap();
    let place = server.kill();
    drop(asked);
    let ran = Ran::of(delete.wait_with_output().unwrap()).ended(1);
    assert!(ran.stderr.contains("has ended without an answer"), "{}", ran.stderr);
    assert!(ran.stderr.contains("hint: start it again"), "{}", ran.stderr);
    let _owner = aios_store::DataDir::open(place.path().join("data")).unwrap();
    let ran = data(&place, "delete", &["--conv-id", ANN, "--execute"], 1);
    assert!(ran.stderr.contains("another process owns"), "{}", ran.stderr);
}

#[tokio::test]
async fn an_unknown_id_finds_nothing_and_erases_nothing() {
    let place = talked().await;
    for id in ["conversation-of", "conversation-of-ann2", "*", "conversation-of-%", "' OR '1'='1"] {
        assert_eq!(find(&place, id), "Events found: 0", "{id}");
        let ran = data(&place, "delete", &["--conv-id", id, "--execute"], 0);
        assert!(ran.stdout.contains("nothing was erased") && !ran.stdout.contains("ERASED"));
    }
    for verb in ["find", "verify", "delete"] {
        data(&place, verb, &["--conv-id", ""], 64);
        data(&place, verb, &["--subject", ""], 64);
    }
    data(&place, "delete", &["--execute"], 64);
    data(&place, "find", &["--pseudonym", "hashed_0123456789abcdef"], 64);
    // No key of ours has made these: the first stands for everybody who was erased meanwhile.
    for head in ["c65535_0", "c7_a"] {
        let (head, digit) = head.split_at(head.len() - 1);
        let pseudonym = format!("{head}{}", digit.repeat(32));
        let ran = data(&place, "delete", &["--pseudonym", &pseudonym, "--execute"], 64);
        assert!(ran.stderr.contains("hint: "), "{}", ran.stderr);
    }
    assert_eq!(lines(&place).len(), 6);
    assert!(!place.path().join("data/erasures").exists());
}

#[tokio::test]
async fn every_key_version_is_found_and_erased() {
    let place = talked().await;
    place.run(&["keys", "rotate", "--data-dir", "data"]).ended(0);
    let server = Server::start_in(place).await;
    say_in(&server, ANN).await;
    let place = server.stop_after(7).await;
    assert_eq!(find(&place, ANN), "Events found: 4");
    let pseudonym = log_pseudonym(&place, ANN);
    assert!(pseudonym.starts_with("c2_"));
    assert!(
        data(&place, "find", &["--pseudonym", &pseudonym], 0).stdout.starts_with("Events found: 1")
    );
    data(&place, "delete", &["--conv-id", ANN, "--execute"], 0);
    assert_eq!((find(&place, ANN).as_str(), lines(&place).len()), ("Events found: 0", 3));
    assert_eq!(place.read(EVENTS), "", "the active segment was sealed");
}

#[tokio::test]
async fn what_was_erased_stays_erased_under_a_new_key() {
    let place = talked().await;
    data(&place, "delete", &["--conv-id", ANN, "--execute"], 0);
    place.run(&["keys", "rotate", "--data-dir", "data"]).ended(0);
    let server = Server::start_in(place).await;
    say_in(&server, ANN).await;
    say_in(&server, BOB).await;
    let place = server.stop().await;
    assert_eq!(find(&place, ANN), "Events found: 0");
    assert_eq!(find(&place, BOB), "Events found: 4");
}

#[tokio::test]
async fn the_same_id_of_two_clients_is_two_conversations() {
    let secrets = ["one", "two"].map(|name| format!("key of {name}"));
    let entry = |name: &str, secret: &str| {
        let digest = aios_privacy_digest(secret);
        format!("{{ name = \"{name}\", sha256 = \"{digest}\" }}")
    };
    let keys = format!("[{}, {}]", entry("one", &secrets[0]), entry("two", &secrets[1]));
    let setup = Setup::new().set("clients.keys", &keys);
    let server = Server::start(&setup).await;
    for secret in &secrets {
        let header = format!("authorization: Bearer {secret}\r\n");
        say_as(&server, "1", &header, "Where is the harbor?").await;
    }
    let place = server.stop_after(2).await;
    let config = ["--config", "aios.toml"];
    let run =
        |verb: &str, args: &[&str], code: i32| data(&place, verb, &[args, &config].concat(), code);
    let refused = run("delete", &["--conv-id", "1", "--execute"], 1);
    assert!(
        refused.stderr.contains("several clients have sent this id: one, two"),
        "{}",
        refused.stderr
    );
    run("delete", &["--conv-id", "1", "--client", "two", "--execute"], 0);
    let left = run("find", &["--conv-id", "1", "--json"], 0).json();
    assert_eq!(left["events_found"], 1);
    // A client is a subject: everything that it has sent.
    assert!(run("find", &["--subject", "one"], 0).stdout.starts_with("Events found: 1"));
    run("delete", &["--subject", "one", "--execute"], 0);
    assert_eq!(lines(&place).len(), 0);
}

fn aios_privacy_digest(secret: &str) -> String {
    aios_privacy::SecretDigest::of(secret.as_bytes()).to_hex()
}

#[tokio::test]
async fn a_client_that_is_gone_is_still_known() {
    let secret = "key of old";
    let keys = format!("[{{ name = \"old\", sha256 = \"{}\" }}]", aios_privacy_digest(secret));
    let server = Server::start(&Setup::new().set("clients.keys", &keys)).await;
    let header = format!("authorization: Bearer {secret}\r\n");
    say_as(&server, ANN, &header, "Where is the harbor?").await;
    say_as(&server, BOB, &header, "Where is the harbor?").await;
    // Renamed: the configuration has nobody of that name any more.
    let place = server.stop_after(2).await;
    let run = |verb: &str, args: &[&str], code: i32| data(&place, verb, args, code);
    assert_eq!(find(&place, ANN), "Events found: 1");
    let refused = run("find", &["--conv-id", ANN, "--client", "odl"], 64);
    assert!(refused.stderr.contains("known are old, (none)"), "{}", refused.stderr);
    // Also where the list is gone: the log has the name.
    fs::remove_file(place.path().join("data/clients.json")).unwrap();
    run("verify", &["--conv-id", ANN], 2);
    run("delete", &["--conv-id", ANN, "--client", "old", "--execute"], 0);
    run("verify", &["--conv-id", ANN, "--client", "old"], 0);
    run("delete", &["--conv-id", BOB, "--execute"], 0);
    assert_eq!(lines(&place).len(), 0);
    // Of the last one, too, it is known that there was one.
    let verified = run("verify", &["--conv-id", BOB, "--client", "old"], 0);
    assert!(verified.stdout.contains("\nCLEAN "), "{}", verified.stdout);
}

/// Everything that is stored so far, in compressed segments alone.
fn go_cold(place: &Place) {
    place.run(&["logs", "rotate", "--now", "--data-dir", "data"]).ended(0);
    let dir = aios_store::DataDir::open(place.path().join("data")).unwrap();
    let segments = aios_store::Segments::of(&dir);
    for segment in segments.list().unwrap() {
        segments.finish(segment.id).unwrap();
        segments.compress(segment.id).unwrap();
    }
}

#[tokio::test]
async fn a_client_whose_name_only_a_cold_segment_has_is_erased_by_a_server_too() {
    let secret = "key of old";
    let keys = format!("[{{ name = \"old\", sha256 = \"{}\" }}]", aios_privacy_digest(secret));
    let server = Server::start(&Setup::new().set("clients.keys", &keys)).await;
    let header = format!("authorization: Bearer {secret}\r\n");
    for id in [ANN, ANN, BOB] {
        say_as(&server, id, &header, "Where is the harbor?").await;
    }
    let place = server.stop_after(3).await;
    go_cold(&place);
    // Renamed, and the list is lost: only a segment that catalogues rule out has the name.
    place.write("aios.toml", &Setup::new().toml());
    fs::remove_file(place.path().join("data/clients.json")).unwrap();
    let server = Server::start_in(place).await;
    say_in(&server, BOB).await;
    crate::rig::eventually("the event", async || (server.log().len() == 1).then_some(())).await;
    let config = format!("[server]\nadmin_listen = \"{}\"\n", server.admin_address());
    server.place().write("cli.toml", &config);
    let run = |verb: &str, args: &[&str], code: i32| {
        data(server.place(), verb, &[args, &["--config", "cli.toml"]].concat(), code)
    };
    let dry = run("delete", &["--conv-id", ANN, "--json"], 0).json();
    assert_eq!(dry["events_found"], 2, "{dry}");
    let done = run("delete", &["--conv-id", ANN, "--execute"], 0);
    assert!(done.stdout.starts_with("ERASED records=2 segments=1 "), "{}", done.stdout);
    // Of two that have sent an id, neither is taken for the other.
    let refused = run("delete", &["--conv-id", BOB, "--execute"], 1);
    let both = "several clients have sent this id: (none), old";
    assert!(refused.stderr.contains(both), "{}", refused.stderr);
    let token = server.read_data("keys/admin.token");
    let headers = format!("authorization: Bearer {}\r\n", token.trim());
    let wanted = json!({ "whose": { "conv_id": BOB }, "basis": "request" }).to_string();
    let asked = server.admin_with("POST", "/admin/v1/erasures", &headers, &wanted).await;
    assert_eq!(asked.expect(409).json()["error"]["code"], "ambiguous");
    run("delete", &["--conv-id", BOB, "--client", "old", "--execute"], 0);
    let place = server.stop().await;
    assert_eq!((find(&place, ANN).as_str(), lines(&place).len()), ("Events found: 0", 1));
}

#[tokio::test]
async fn a_text_is_counted_wherever_it_stands() {
    let place = talked().await;
    place.write("data/exports/of-ann.csv", &format!("{ANN};x\n"));
    let found = data(&place, "find", &["--value", ANN], 0).stdout;
    assert!(found.starts_with("Hits: 1\n") && found.contains("exports/of-ann.csv"), "{found}");
    let found = data(&place, "find", &["--value", "Where is the harbor?", "--json"], 0).json();
    assert_eq!(found["hits"], 6, "{found}");
    data(&place, "find", &["--value", ""], 64);
    data(&place, "find", &["--value", "x", "--conv-id", ANN], 64);
    data(&place, "find", &[], 64);
    fs::write(place.path().join("data/exports/x.zip"), b"PK\x03\x04").unwrap();
    data(&place, "find", &["--value", "nowhere"], 3);
}

#[tokio::test]
async fn a_pseudonym_is_found_without_the_key() {
    let place = talked().await;
    let pseudonym = log_pseudonym(&place, ANN);
    fs::remove_file(place.path().join("data/keys/pseudonyms.key")).unwrap();
    let found = data(&place, "find", &["--pseudonym", &pseudonym], 0);
    assert!(found.stdout.starts_with("Events found: 3"), "{}", found.stdout);
    data(&place, "find", &["--conv-id", ANN], 1);
}

#[tokio::test]
async fn a_short_id_is_looked_for_as_a_text_of_its_own() {
    let server = Server::start(&Setup::new()).await;
    say_in(&server, "7").await;
    let place = server.stop_after(1).await;
    data(&place, "delete", &["--conv-id", "7", "--execute"], 0);
    let verified = data(&place, "verify", &["--conv-id", "7"], 0).stdout;
    assert!(verified.contains("CLEAN") && verified.contains("id_searched=yes"), "{verified}");
    // In a copy that was made for somebody such a text may be anybody's: the rules leave it, and it is told of.
    place.write("data/exports/x.ndjson", "{\"id\":\"7\"}\n");
    let verified = data(&place, "verify", &["--conv-id", "7"], 0);
    assert!(
        verified.stderr.contains("left by rule: 1 in exports: the id may"),
        "{}",
        verified.stderr
    );
    place.write("data/cache/answers", "\"7\"");
    data(&place, "verify", &["--conv-id", "7"], 2);
}

#[tokio::test]
async fn a_person_is_erased_in_all_their_conversations() {
    let server = Server::start(&Setup::new()).await;
    for conversation in ["a", "b"] {
        let body = json!({
            "model": "aios-auto", "user": "ann@home",
            "messages": [{ "role": "user", "content": "Where is the harbor?" }],
        });
        let headers = format!("x-conversation-id: {conversation}\r\n");
        server.ask(&post_with(&headers, body.to_string().as_bytes())).await.expect(200);
    }
    say_in(&server, BOB).await;
    let place = server.stop_after(3).await;
    let plan = data(&place, "delete", &["--subject", "ann@home", "--json"], 0).json();
    assert_eq!((&plan["events_found"], &plan["census"]["n_others"]), (&json!(2), &json!(2)));
    data(&place, "delete", &["--subject", "ann@home", "--execute"], 0);
    assert!(
        data(&place, "find", &["--subject", "ann@home"], 0).stdout.starts_with("Events found: 0")
    );
    assert_eq!(lines(&place).len(), 1);
}

#[tokio::test]
async fn what_the_rules_leave_is_told_apart_from_what_should_be_gone() {
    let server = Server::start(&Setup::new()).await;
    say_in(&server, ANN).await;
    let body = json!({
        "model": "aios-auto",
        "messages": [{ "role": "user", "content": format!("What did {ANN} say of the harbor?") }],
    });
    let headers = format!("x-conversation-id: {BOB}\r\n");
    server.ask(&post_with(&headers, body.to_string().as_bytes())).await.expect(200);
    let place = server.stop_after(2).await;
    let erased = data(&place, "delete", &["--conv-id", ANN, "--execute", "--json"], 0).json();
    let verify = |code: i32| data(&place, "verify", &["--conv-id", ANN], code);
    let verified = verify(0);
    assert!(verified.stdout.contains("\nCLEAN "), "{}", verified.stdout);
    let rule = "lines of others have it in their text; they are theirs";
    assert!(
        verified.stderr.contains(&format!("left by rule: 1 in events (hot): {rule}")),
        "{}",
        verified.stderr
    );
    let stays = erased["receipt"]["verified"]["stays"].as_array().unwrap().clone();
    let told = json!({ "store": "events (hot)", "n": 1, "why": rule });
    assert!(stays.contains(&told), "the receipt says it in the same words: {stays:?}");
    // Proof may have the pseudonym where it says whom it is about, and nothing else of them.
    let ledger = fs::read_to_string(place.path().join("data/erasures/ledger.ndjson")).unwrap();
    let name = "data/audit/2027-01-15.ndjson";
    place.write(name, &format!("{{\"actor\":\"cli\",\"why\":\"letter of {ANN}\"}}\n"));
    let found = verify(2);
    assert!(found.stderr.contains("it still names the target (audit)"), "{}", found.stderr);
    fs::remove_file(place.path().join(name)).unwrap();
    verify(0);
    let id = erased["receipt"]["id"].as_str().unwrap();
    let copy = format!("data/erasures/{id}.9.receipt.json");
    let target = erased["receipt"]["target"][0].as_str().unwrap();
    place
        .write(&copy, &ledger.replace("request of the person concerned", &format!("see {target}")));
    assert!(verify(2).stderr.contains("it still names the target (erasures)"));
}

#[tokio::test]
async fn an_erasure_that_is_not_whole_is_named_with_what_is_in_its_way() {
    let place = talked().await;
    place.write("data/exports/x.zip", "PK\u{3}\u{4}");
    let erased = data(&place, "delete", &["--conv-id", ANN, "--execute", "--json"], 3).json();
    let id = erased["receipt"]["id"].as_str().unwrap();
    let server = Server::start_in(place).await;
    let told = format!("{id} is incomplete: exports/x.zip: it is packed");
    // The start tries again, beside serving; until that has failed too the erasure is under way.
    let look = async || {
        let shown = server.place().run(&["status", "--data-dir", "data"]).ended(0).stdout;
        (shown.contains(&told) && shown.contains("; tried again at ")).then_some(())
    };
    crate::rig::eventually("what is in the way", look).await;
}

#[tokio::test]
async fn preflight_names_the_erasures_that_are_not_whole() {
    let place = talked().await;
    place.write("data/exports/x.zip", "PK\u{3}\u{4}");
    let erased = data(&place, "delete", &["--conv-id", ANN, "--execute", "--json"], 3).json();
    let id = erased["receipt"]["id"].as_str().unwrap().to_owned();
    // One that is tried again by itself does not speak against serving.
    let told = place.run(&["preflight", "--data-dir", "data"]).ended(0).stdout;
    let named =
        format!("erasures that are not done: {id} is incomplete: exports/x.zip: it is packed");
    assert!(told.contains(&named) && told.contains("; tried again at "), "{told}");
    // The next start does the rest, but the id is known no more: that is for a person.
    fs::remove_file(place.path().join("data/exports/x.zip")).unwrap();
    let server = Server::start_in(place).await;
    let person = "aios_erasures_unfinished{waits_for=\"person\"} 1.0";
    let look = async || {
        let page = server.admin("GET", "/metrics", "").await.expect(200).text();
        page.lines().any(|line| line == person).then_some(())
    };
    crate::rig::eventually(person, look).await;
    // The metric may be of before the start tried: while it tries, the erasure is under way.
    let look = async || {
        let ran = server.place().run(&["preflight", "--data-dir", "data", "--json"]);
        (ran.code == Some(2)).then(|| ran.json())
    };
    let report = crate::rig::eventually("what nobody tries again", look).await;
    let components = report["components"].as_array().unwrap();
    let failed = components.iter().find(|one| one["name"] == "privacy").unwrap();
    assert_eq!(failed["state"], "failed", "{report}");
    let named = format!("erasures that nobody tries again: {id} is incomplete: ");
    assert!(failed["detail"].as_str().unwrap().contains(&named), "{failed}");
    assert!(failed["hint"].as_str().unwrap().contains("aios data delete"), "{failed}");
}

#[tokio::test]
async fn what_verification_finds_or_cannot_read_is_told() {
    let place = talked().await;
    data(&place, "delete", &["--conv-id", ANN, "--execute"], 0);
    let verify =
        |code: i32| -> Value { data(&place, "verify", &["--conv-id", ANN, "--json"], code).json() };
    assert_eq!(verify(0)["ok"], true);
    place.write("data/notes.txt", &format!("call {ANN} back"));
    let found = verify(2);
    assert_eq!((&found["ok"], &found["complete"]), (&json!(false), &json!(true)));
    assert_eq!(found["census"]["unknown"][0]["file"], "notes.txt");
    fs::write(place.path().join("data/notes.txt"), [0x1f, 0x8b, 8, 0, 0, 0]).unwrap();
    let shown = data(&place, "verify", &["--conv-id", ANN], 3);
    assert!(shown.stdout.contains("\nINCOMPLETE stores="), "{}", shown.stdout);
    assert!(shown.stderr.contains("notes.txt"), "{}", shown.stderr);
}
