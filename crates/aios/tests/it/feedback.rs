//! `POST /v1/feedback`, and what how a conversation goes on says of its answers.

use std::fs;

use serde_json::{Value, json};

use crate::rig::{Reply, Server, Setup, chat, log_text, post_with};

/// Asks in a conversation; the id of the answer's event.
async fn ask(server: &Server, headers: &str, question: &str) -> String {
    let request = post_with(headers, chat("aios-auto", question, false).as_bytes());
    let reply = server.ask(&request).await.expect(200);
    reply.header("x-aios-event-id").unwrap().to_owned()
}

async fn say(server: &Server, headers: &str, body: &Value) -> Reply {
    let body = body.to_string();
    let head = format!(
        "POST /v1/feedback HTTP/1.1\r\nhost: test\r\n{headers}content-type: application/json\r\n"
    );
    let request = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
    server.ask(request.as_bytes()).await
}

const IN_ANNS: &str = "x-conversation-id: of-ann\r\n";

#[tokio::test]
async fn what_is_said_of_an_answer_is_kept_in_its_conversation_without_personal_data() {
    let server = Server::start(&Setup::new()).await;
    let id = ask(&server, IN_ANNS, "Where is it?").await;
    let body = json!({
        "event_id": id, "score": 0.25, "label": "wrong", "comment": "Write to jane.doe@example.com",
    });
    let reply = say(&server, "", &body).await.expect(200);
    assert_eq!(reply.json()["object"], "feedback");
    let place = server.stop_after(2).await;
    let log = log_text(&place);
    let events: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (answer, said) = (&events[0], &events[1]);
    assert_eq!((&said["event_type"], &said["about"]), (&json!("feedback"), &json!(id)));
    assert_eq!((&said["conv_id"], &said["score"]), (&answer["conv_id"], &json!(0.25)));
    assert!(!log.contains("jane.doe") && said["redactions"]["email"] == 1, "{said}");
    // It counts, and is erased with the conversation.
    let check = place.run(&["slo", "status", "--json", "--data-dir", "data"]).ended(0).json();
    let pass_rate = &check["budgets"][0];
    assert_eq!((&pass_rate["n"], &pass_rate["n_bad"]), (&json!(1), &json!(1)), "{pass_rate}");
    let shown = place.run(&["events", "tail", "--data-dir", "data"]).ended(0).stdout;
    assert!(shown.contains("feedback"), "{shown}");
    let delete = ["data", "delete", "--conv-id", "of-ann", "--execute", "--data-dir", "data"];
    place.run(&delete).ended(0);
    let left = fs::read_dir(place.path().join("data/analytics")).unwrap();
    let left = left.map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap_or_default());
    let left: String = left.collect();
    assert!(!left.contains("wrong") && !left.contains(&id), "{left}");
}

#[tokio::test]
async fn bad_feedback_is_refused_as_the_api_refuses() {
    let server = Server::start(&Setup::new()).await;
    let id = ask(&server, IN_ANNS, "Where is it?").await;
    let check = async |body: Value, status: u16, param: &str| {
        let reply = say(&server, "", &body).await.expect(status);
        assert_eq!(reply.json()["error"]["param"], param, "{body}: {}", reply.text());
    };
    check(json!({ "event_id": id, "score": 2 }), 400, "score").await;
    check(json!({ "event_id": id }), 400, "score").await;
    check(json!({ "event_id": "x", "score": 1 }), 400, "event_id").await;
    check(json!({ "event_id": id, "label": 7 }), 400, "label").await;
    let unknown = "0192f0c4-7b00-7000-8000-000000000001";
    check(json!({ "event_id": unknown, "score": 1 }), 404, "event_id").await;
    let get = b"GET /v1/feedback HTTP/1.1\r\nhost: test\r\n\r\n";
    assert_eq!(server.ask(get).await.expect(405).header("allow"), Some("POST"));
    let big = json!({ "event_id": id, "comment": "x".repeat(70_000) });
    say(&server, "", &big).await.expect(413);
}

/// Whoever repeats a word fills the log and changes nothing: the last one counts.
#[tokio::test]
async fn of_one_answer_enough_is_said_at_some_time() {
    let server = Server::start(&Setup::new()).await;
    let id = ask(&server, IN_ANNS, "Where is it?").await;
    let other = ask(&server, IN_ANNS, "And who built it?").await;
    for n in 0..8 {
        let body = json!({ "event_id": id, "score": if n == 7 { 1 } else { 0 } });
        say(&server, "", &body).await.expect(200);
    }
    let refused = say(&server, "", &json!({ "event_id": id, "score": 0 })).await.expect(429);
    assert_eq!(refused.error_code(), "feedback_limit");
    say(&server, "", &json!({ "event_id": other, "score": 1 })).await.expect(200);
    let place = server.stop_after(11).await;
    // Whoever waits for a restart has said enough all the same.
    let server = Server::start_in(place).await;
    let refused = say(&server, "", &json!({ "event_id": id, "score": 0 })).await.expect(429);
    assert_eq!(refused.error_code(), "feedback_limit");
    say(&server, "", &json!({ "event_id": other, "score": 1 })).await.expect(200);
    let place = server.stop_after(12).await;
    let check = place.run(&["slo", "status", "--json", "--data-dir", "data"]).ended(0).json();
    let pass_rate = &check["budgets"][0];
    assert_eq!((&pass_rate["n"], &pass_rate["n_bad"]), (&json!(2), &json!(0)), "{pass_rate}");
}

#[tokio::test]
async fn with_client_keys_only_who_asked_may_speak_of_an_answer() {
    let keys = ["ann", "bob"].map(|name| {
        let digest = aios_privacy::SecretDigest::of(name.repeat(12).as_bytes()).to_hex();
        format!("{{ name = \"{name}\", sha256 = \"{digest}\" }}")
    });
    let setup = Setup::new()
        .set("clients.required", "true")
        .set("clients.keys", &format!("[{}]", keys.join(", ")));
    let server = Server::start(&setup).await;
    let bearer = |name: &str| format!("authorization: Bearer {}\r\n", name.repeat(12));
    let id = ask(&server, &bearer("ann"), "Where is it?").await;
    let body = json!({ "event_id": id, "score": 1 });
    let unknown = say(&server, "", &body).await.expect(401);
    assert_eq!(unknown.header("www-authenticate"), Some("Bearer"));
    say(&server, &bearer("bob"), &body).await.expect(404);
    say(&server, &bearer("ann"), &body).await.expect(200);
}

#[tokio::test]
async fn a_question_that_is_asked_again_is_counted_and_no_other_sequel_makes_an_answer_good() {
    let server = Server::start(&Setup::new()).await;
    ask(&server, IN_ANNS, "Where is the harbor of Lyon?").await;
    ask(&server, IN_ANNS, "where is the harbor of lyon").await;
    ask(&server, IN_ANNS, "No, that is wrong.").await;
    // Two people who ask the same are no conversation.
    ask(&server, "", "Where is the harbor of Lyon?").await;
    ask(&server, "", "Where is the harbor of Lyon?").await;
    let place = server.stop_after(5).await;
    let check = place.run(&["slo", "status", "--json", "--data-dir", "data"]).ended(0).json();
    let pass_rate = &check["budgets"][0];
    assert_eq!((&pass_rate["n"], &pass_rate["n_bad"]), (&json!(0), &json!(0)), "{pass_rate}");
    assert_eq!(check["sequels"], json!({ "n_followed": 2, "n_asked_again": 1 }));
}
