//! Pseudonyms and the versions of their key, in the real program.

use serde_json::json;

use crate::program::Place;
use crate::rig::{Server, Setup, chat, log, post_with, segments};

/// Sends one chat message in the conversation of that id.
async fn say_in(server: &Server, conversation: &str) {
    let headers = format!("x-conversation-id: {conversation}\r\n");
    let request = post_with(&headers, chat("aios-auto", "Hello there.", false).as_bytes());
    server.ask(&request).await.expect(200);
}

#[tokio::test]
async fn an_id_that_looks_like_a_pseudonym_is_hashed_like_any_other() {
    let server = Server::start(&Setup::new()).await;
    say_in(&server, "chat-1").await;
    let first = server.events(1).await.remove(0);
    let pseudonym = first["conv_id"].as_str().unwrap().to_owned();
    assert!(pseudonym.starts_with("c1_"), "{pseudonym}");

    let server = Server::start(&Setup::new()).await;
    let forged = [pseudonym, "hashed_0123456789abcdef".to_owned(), "s1_x".to_owned()];
    for id in &forged {
        say_in(&server, id).await;
    }
    let events = server.events(forged.len()).await;
    for (event, id) in events.iter().zip(&forged) {
        let stored = event["conv_id"].as_str().unwrap();
        assert!(stored.starts_with("c1_") && stored != id, "{id} was kept as {stored}");
        assert!(!event.to_string().contains(id.as_str()), "{id} is kept somewhere: {event}");
    }
}

#[tokio::test]
async fn a_rotated_key_makes_new_pseudonyms_and_the_old_ones_are_counted() {
    let server = Server::start(&Setup::new()).await;
    say_in(&server, "chat-1").await;
    let place = server.stop_after(1).await;
    let run = |place: &Place, args: &[&str]| place.run(&[args, &["--data-dir", "data"]].concat());

    assert_eq!(run(&place, &["keys", "rotate", "--json"]).ended(0).json(), json!({ "version": 2 }));
    let server = Server::start_in(place).await;
    say_in(&server, "chat-1").await;
    let place = server.stop_after(2).await;
    let events = log(&place);
    assert!(events[0]["conv_id"].as_str().unwrap().starts_with("c1_"));
    assert!(events[1]["conv_id"].as_str().unwrap().starts_with("c2_"));

    let listed = run(&place, &["keys", "list", "--json"]).ended(0).json();
    assert_eq!(
        listed["versions"],
        json!([
            { "version": 1, "newest": false, "in_use": false, "n_pseudonyms": 1, "n_erased": 0 },
            { "version": 2, "newest": true, "in_use": false, "n_pseudonyms": 1, "n_erased": 0 },
        ])
    );
    let refused = run(&place, &["keys", "retire", "1"]).ended(1);
    assert!(refused.stderr.contains("1 stored pseudonyms"), "{}", refused.stderr);
    for segment in segments(&place) {
        std::fs::write(segment, "").unwrap();
    }
    run(&place, &["keys", "retire", "1"]).ended(0);
    run(&place, &["keys", "retire", "1"]).ended(1);
    assert!(run(&place, &["keys", "retire", "2"]).ended(1).stderr.contains("new events use it"));
    let trail = run(&place, &["audit", "tail", "-n", "99"]).ended(0).stdout;
    assert!(trail.contains("change=rotated  version=2"), "{trail}");
    assert!(trail.contains("change=retired  version=1"), "{trail}");
}

#[tokio::test]
async fn a_running_server_rotates_its_key_for_its_next_start() {
    let server = Server::start(&Setup::new()).await;
    let config = format!("[server]\nadmin_listen = \"{}\"\n", server.admin_address());
    server.place().write("cli.toml", &config);
    let run = |args: &[&str]| {
        server.place().run(&[args, &["--data-dir", "data", "--config", "cli.toml"]].concat())
    };
    assert_eq!(run(&["keys", "rotate", "--json"]).ended(0).json(), json!({ "version": 2 }));
    let refused = run(&["keys", "retire", "1"]).ended(1).stderr;
    assert!(refused.contains("until it is restarted"), "{refused}");
    let refused = run(&["keys", "retire", "7"]).ended(1).stderr;
    assert!(refused.contains("no version 7"), "{refused}");
    say_in(&server, "chat-1").await;
    let url = run(&["dashboard"]).ended(0).stdout;
    let told = run(&["dashboard", "--no-open", "--json"]).ended(0).json();
    assert_eq!(told["is_opened"], false);
    let path = url.trim().strip_prefix(&format!("http://{}", server.admin_address())).unwrap();
    server.admin("GET", path, "").await.expect(303);
    let place = server.stop_after(1).await;
    assert!(log(&place)[0]["conv_id"].as_str().unwrap().starts_with("c1_"));
    let server = Server::start_in(place).await;
    say_in(&server, "chat-1").await;
    let place = server.stop_after(2).await;
    assert!(log(&place)[1]["conv_id"].as_str().unwrap().starts_with("c2_"));
}

#[tokio::test]
async fn a_key_that_is_gone_is_not_made_anew_over_what_is_stored() {
    const SERVE: [&str; 5] = ["serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"];
    let server = Server::start(&Setup::new()).await;
    say_in(&server, "chat-1").await;
    let place = server.stop_after(1).await;
    std::fs::remove_file(place.path().join("data/keys/pseudonyms.key")).unwrap();
    for command in [&["data", "find", "--conv-id", "chat-1"][..], &SERVE] {
        let refused = place.run(&[command, &["--data-dir", "data"]].concat()).ended(1);
        assert!(refused.stderr.contains("is not there, though 1 stored"), "{}", refused.stderr);
        assert!(refused.stderr.contains("hint: put it back from its backup"), "{}", refused.stderr);
    }
}
