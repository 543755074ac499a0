//! Faults before anything was answered: the client gets a status that fits.

use super::{BOTH, Case, Ending, STREAM, WHOLE};
use crate::rig::{
    Act, Server, Setup, Upstream, chat, chat_json, chunk, delta, events, ok, post, reply,
    stream_head,
};

const FIRST_TOKEN: &[(&str, &str)] =
    &[("timeouts.first_token", "\"150ms\""), ("timeouts.whole", "\"150ms\"")];
/// An endpoint that asks for rest gets less than it asks for, so that the next request need not wait.
const SHORT_REST: &[(&str, &str)] = &[
    ("retries.attempts_max", "1"),
    ("breaker.open", "\"100ms\""),
    ("breaker.open_max", "\"100ms\""),
];
/// It begins with the request: long enough for a busy machine to have called the endpoint by then.
const TOTAL: &[(&str, &str)] = &[("timeouts.total", "\"2s\"")];

fn json_head(length: usize) -> Act {
    Act::send(format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    ))
}

#[tokio::test]
async fn a_refused_connection_is_a_502() {
    let server = Server::start(&Setup::main(&Upstream::refusing())).await;
    for stream in BOTH {
        let reply = server.ask(&post(&chat("aios-main", "x", stream))).await.expect(502);
        assert_eq!(reply.error_code(), "upstream_unreachable");
        assert_eq!(reply.header("x-aios-attempts"), Some("2"));
        assert_eq!(reply.header("x-should-retry"), Some("false"));
    }
    server.settled().await;
    server.chat("aios-embedder", "x").await.expect(200);
    let events = server.events(3).await;
    for event in &events[..2] {
        assert_eq!((&event["outcome"], &event["status"]), (&"upstream_error".into(), &502.into()));
        assert_eq!(event["attempts"][1]["outcome"], "connect_failed");
    }
}

#[tokio::test]
async fn a_reset_before_the_reply_is_a_502() {
    let case = Case::broken("reset before a reply", vec![Act::Reset]);
    case.code("upstream_connection_lost", &["connection_lost", "connection_lost"])
        .check(&BOTH)
        .await;
}

#[tokio::test]
async fn a_connection_closed_before_the_reply_is_a_502() {
    let case = Case::broken("closed before a reply", vec![Act::Close]);
    case.code("upstream_connection_lost", &["connection_lost", "connection_lost"])
        .check(&BOTH)
        .await;
}

#[tokio::test]
async fn a_connection_lost_in_the_body_is_a_502() {
    for (name, end) in [("reset in mid-body", Act::Reset), ("closed in mid-body", Act::Close)] {
        let case = Case::broken(name, vec![json_head(500), Act::send("{\"id\":"), end]);
        case.code("upstream_connection_lost", &["connection_lost", "connection_lost"])
            .check(&WHOLE)
            .await;
    }
}

#[tokio::test]
async fn a_server_error_is_a_502() {
    let case = Case::broken("500", reply(500, "", r#"{"error":{"message":"oops"}}"#));
    case.code("upstream_error", &["server_error", "server_error"]).check(&BOTH).await;
    let case = Case::broken("503 without a word", reply(503, "", ""));
    case.code("upstream_error", &["server_error", "server_error"]).check(&WHOLE).await;
}

#[tokio::test]
async fn a_limited_endpoint_is_a_429_with_its_wait() {
    let acts = reply(429, "retry-after: 7\r\n", r#"{"error":{"message":"slow down"}}"#);
    let case = Case::broken("429", acts)
        .set(SHORT_REST)
        .code("rate_limit_exceeded", &["rate_limited"])
        .ends(Ending::Error(429), "overloaded");
    for stream in BOTH {
        let (reply, _) = case.check_one(stream).await;
        assert_eq!(reply.header("retry-after"), Some("7"));
    }
}

#[tokio::test]
async fn a_limited_endpoint_keeps_its_breaker_closed() {
    let upstream = Upstream::always(reply(429, "", "{}")).await;
    let setup = Setup::main(&upstream).set("breaker.failures", "2");
    let server = Server::start(&setup).await;
    for _ in 0..3 {
        server.chat("aios-main", "x").await.expect(429);
    }
    let breaker = server.endpoint("main-1").await["breaker"].clone();
    assert_eq!((&breaker["state"], &breaker["n_failures"]), (&"closed".into(), &0.into()));
}

#[tokio::test]
async fn silence_before_the_first_token_is_a_504() {
    let timeout = |name, acts| {
        Case::broken(name, acts)
            .set(FIRST_TOKEN)
            .code("upstream_first_token_timeout", &["first_token_timeout"])
            .ends(Ending::Error(504), "timeout")
    };
    timeout("no headers", vec![Act::AwaitHangUp]).check(&STREAM).await;
    timeout("half the headers", vec![Act::send("HTTP/1.1 200 OK\r\ncon"), Act::AwaitHangUp])
        .check(&STREAM)
        .await;
    timeout("no event", vec![stream_head(), Act::AwaitHangUp]).check(&STREAM).await;
    timeout("a comment", vec![stream_head(), chunk(": wait\n\n"), Act::AwaitHangUp])
        .check(&STREAM)
        .await;
}

/// There is no first token in it to wait for.
#[tokio::test]
async fn a_whole_answer_that_does_not_come_is_a_504() {
    for (name, acts) in [
        ("no headers", vec![Act::AwaitHangUp]),
        ("half the headers", vec![Act::send("HTTP/1.1 200 OK\r\ncon"), Act::AwaitHangUp]),
        ("no body", vec![json_head(20), Act::AwaitHangUp]),
    ] {
        let case = Case::broken(name, acts)
            .set(FIRST_TOKEN)
            .code("upstream_whole_timeout", &["whole_timeout"])
            .ends(Ending::Error(504), "timeout");
        let (reply, _) = case.check_one(false).await;
        let message = reply.json()["error"]["message"].as_str().unwrap().to_owned();
        assert!(message.ends_with("main-1: no whole answer within 150ms"), "{message}");
    }
}

#[tokio::test]
async fn the_deadline_of_a_request_is_a_504() {
    Case::broken("no headers", vec![Act::AwaitHangUp])
        .set(TOTAL)
        .code("deadline_exceeded", &["total_timeout"])
        .ends(Ending::Error(504), "timeout")
        .check(&BOTH)
        .await;
}

#[tokio::test]
async fn garbage_instead_of_a_reply_is_a_502() {
    let bad = |name, acts| {
        Case::broken(name, acts).code("upstream_bad_reply", &["bad_reply", "bad_reply"])
    };
    bad("not HTTP", vec![Act::send("SSH-2.0-OpenSSH_9.6\r\n\r\n"), Act::Close]).check(&BOTH).await;
    bad("not JSON", ok("<html>It works!</html>")).check(&WHOLE).await;
    bad("no stream", ok(&chat_json("big", "whole"))).check(&STREAM).await;
    bad("no answer", ok(r#"{"hello":"world"}"#)).check(&WHOLE).await;
}

#[tokio::test]
async fn an_error_with_status_200_is_an_error() {
    const ERROR: &str = r#"{"error":{"message":"out of memory","type":"server_error"}}"#;
    Case::broken("whole", ok(ERROR))
        .code("upstream_error_in_reply", &["error_in_reply", "error_in_reply"])
        .check(&BOTH)
        .await;
    let event = format!("data: {ERROR}\n\n");
    Case::broken("first event", events([&event]))
        .code("upstream_error_in_reply", &["error_in_reply", "error_in_reply"])
        .check(&STREAM)
        .await;
    let later = Case::in_band("later event", events([delta("Hello"), event.clone()]))
        .code("upstream_error_in_reply", &["error_in_reply"]);
    let (reply, _) = later.check_one(true).await;
    assert_eq!(reply.text(), delta("Hello") + &event, "as the endpoint wrote it");
}

#[tokio::test]
async fn another_model_than_asked_for_is_noted() {
    let case = Case::answered("wrong model", ok(&chat_json("llama-3.2-1b", "Hello")));
    let (reply, event) = case.check_one(false).await;
    assert_eq!(reply.json()["model"], "llama-3.2-1b");
    assert_eq!(
        (&event["model_mismatch"], &event["response_model"]),
        (&true.into(), &"llama-3.2-1b".into())
    );
}
