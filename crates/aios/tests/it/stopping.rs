//! How a server stops: by one signal, by one that is heard twice, by a second one, and at its deadline.

use std::time::Duration;

use serde_json::Value;

use crate::rig::{
    Act, Client, Gate, Server, Setup, Upstream, chat, chat_json, chunk, delta, log, ok, post,
    stream_head,
};

/// Sends a request that the model server has begun to work on.
async fn asking(server: &Server, upstream: &Upstream, stream: bool) -> Client {
    let mut client = server.client().await;
    client.send(&post(&chat("aios-main", "x", stream))).await;
    upstream.received(1).await;
    client
}

/// Ctrl-C reaches a terminal's whole group, and who started the server may pass it on.
#[tokio::test]
async fn a_signal_that_is_heard_twice_cuts_nothing() {
    let gate = Gate::default();
    let answer = [vec![Act::Hold(gate.clone())], ok(&chat_json("big", "Fine."))].concat();
    let upstream = Upstream::always(answer).await;
    let server = Server::start(&Setup::main(&upstream)).await;
    let mut client = asking(&server, &upstream, false).await;
    server.signal("INT");
    server.said_line("stopping").await;
    server.signal("TERM");
    gate.open();
    client.reply().await.expect(200);
    let events = server.events(1).await;
    assert_eq!(events[0]["outcome"], "ok");
}

/// What is cut leaves its event as anything else does.
#[tokio::test]
async fn a_second_signal_cuts_what_is_under_way() {
    let upstream = Upstream::always(vec![Act::AwaitHangUp]).await;
    let server = Server::start(&Setup::main(&upstream)).await;
    let mut client = asking(&server, &upstream, false).await;
    let (code, place) = server.stop_at_once().await;
    assert_eq!(code, Some(3));
    assert!(client.try_reply().await.is_none());
    let events = log(&place);
    assert_eq!(events.len(), 1, "{events:#?}");
    assert_eq!(events[0]["error_code"], "shutdown");
}

#[tokio::test]
async fn a_stream_that_outlasts_the_deadline_says_that_it_is_cut() {
    let drip = || [Act::Pause(Duration::from_millis(20)), chunk(delta("more "))];
    let words = std::iter::repeat_with(drip).take(1_000).flatten();
    let acts = [stream_head(), chunk(delta("first "))].into_iter().chain(words);
    let upstream = Upstream::always(acts.collect()).await;
    let setup = Setup::main(&upstream).set("server.drain_timeout", "\"100ms\"");
    let server = Server::start(&setup).await;
    let mut client = asking(&server, &upstream, true).await;
    let mut reply = client.head().await;
    client.read_until(&mut reply, "first ").await;
    server.signal("TERM");
    while let Some(piece) = client.piece(&mut reply).await {
        reply.body.extend(piece);
    }
    let text = reply.text();
    let last = text.trim_end().rsplit("\n\n").next().unwrap();
    let told: Value = serde_json::from_str(last.strip_prefix("data: ").unwrap()).unwrap();
    assert_eq!(told["error"]["code"], "shutdown", "{told}");
    let events = server.events(1).await;
    assert_eq!(events[0]["error_code"], "shutdown");
    assert!(events[0]["response"].as_str().unwrap().starts_with("first "), "{events:?}");
}
