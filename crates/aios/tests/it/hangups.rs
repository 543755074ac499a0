//! A client that leaves, at every stage: the model server is told at once, and one event says so.

use crate::rig::{
    Act, Client, Server, Setup, Upstream, chat, chat_json, chunk, delta, ok, post, stream_head,
};

/// A model server that answers plain requests and begins others by `acts`, until it is hung up on.
async fn begins(acts: Vec<Act>) -> Upstream {
    Upstream::start(move |request| match request.has("plain") {
        true => ok(&chat_json("big", "Fine.")),
        false => acts.iter().cloned().chain([Act::AwaitHangUp]).collect(),
    })
    .await
}

/// Sends a request that the model server has begun to work on.
async fn asking(server: &Server, upstream: &Upstream, stream: bool) -> Client {
    let mut client = server.client().await;
    client.send(&post(&chat("aios-main", "leave", stream))).await;
    upstream.received(1).await;
    client
}

/// The one request has been given up everywhere, and the next one is answered.
async fn check_cancelled(server: Server, upstream: &Upstream, response: &str, status: u16) {
    upstream.hung_up(1).await;
    server.settled().await;
    server.chat("aios-main", "plain").await.expect(200);
    let events = server.events(2).await;
    let event = &events[0];
    assert_eq!(event["outcome"], "client_cancelled", "{event:#}");
    assert_eq!(event["error_code"], "client_closed_request");
    assert_eq!(event["status"], status);
    assert_eq!(event["response"], response);
    assert_eq!(event["attempts"].as_array().unwrap().len(), 1);
    assert_eq!(event["attempts"][0]["outcome"], "abandoned");
    // Whose client left has nothing to be blamed for.
    assert_eq!(upstream.n_received(), 2);
}

/// Leaves after having sent a part of a request.
async fn leave_after(part: &[u8]) -> Server {
    let server = Server::start(&Setup::new()).await;
    let mut client = server.client().await;
    client.send(part).await;
    drop(client);
    server
}

#[tokio::test]
async fn in_the_headers() {
    let server = leave_after(b"POST /v1/chat/completions HTTP/1.1\r\nhost: a").await;
    server.settled().await;
    server.chat("aios-main", "plain").await.expect(200);
    // It was never admitted.
    server.events(1).await;
}

#[tokio::test]
async fn in_the_body() {
    let request = post(&chat("aios-main", "leave", false));
    let server = leave_after(&request[..request.len() - 10]).await;
    crate::rig::eventually("its event", async || server.log().pop()).await;
    server.settled().await;
    server.chat("aios-main", "plain").await.expect(200);
    let events = server.events(2).await;
    assert_eq!(events[0]["outcome"], "client_cancelled");
    assert_eq!(events[0]["error_code"], "client_closed_request");
    assert_eq!(events[0]["status"], 499);
    assert_eq!(events[0]["attempts"].as_array().unwrap().len(), 0);
}

#[tokio::test]
async fn while_the_model_is_silent() {
    for stream in [false, true] {
        let upstream = begins(vec![]).await;
        let server = Server::start(&Setup::main(&upstream)).await;
        drop(asking(&server, &upstream, stream).await);
        check_cancelled(server, &upstream, "", 499).await;
    }
}

#[tokio::test]
async fn with_a_reset() {
    let upstream = begins(vec![]).await;
    let server = Server::start(&Setup::main(&upstream)).await;
    asking(&server, &upstream, false).await.reset();
    check_cancelled(server, &upstream, "", 499).await;
}

#[tokio::test]
async fn in_the_middle_of_a_whole_reply() {
    let start =
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{\"id\":";
    let upstream = begins(vec![Act::send(start)]).await;
    let server = Server::start(&Setup::main(&upstream)).await;
    drop(asking(&server, &upstream, false).await);
    check_cancelled(server, &upstream, "", 499).await;
}

#[tokio::test]
async fn before_the_first_event_of_a_stream() {
    let upstream = begins(vec![stream_head(), chunk(": wait\n\n")]).await;
    let server = Server::start(&Setup::main(&upstream)).await;
    drop(asking(&server, &upstream, true).await);
    check_cancelled(server, &upstream, "", 499).await;
}

#[tokio::test]
async fn after_the_first_event_of_a_stream() {
    let upstream = begins(vec![stream_head(), chunk(delta("Hello wor"))]).await;
    let server = Server::start(&Setup::main(&upstream)).await;
    let mut client = asking(&server, &upstream, true).await;
    let mut reply = client.head().await;
    client.read_until(&mut reply, "Hello wor").await;
    drop(client);
    // The last word may be half of one, so it is not kept.
    check_cancelled(server, &upstream, "Hello", 200).await;
}

#[tokio::test]
async fn while_waiting_for_a_turn() {
    let upstream = begins(vec![]).await;
    let setup = Setup::new().with_main(&upstream, "concurrency_max = 1");
    let server = Server::start(&setup).await;
    let first = asking(&server, &upstream, false).await;
    let mut second = server.client().await;
    second.send(&post(&chat("aios-main", "leave", false))).await;
    let queued = async || (server.endpoint("main-1").await["queued"] == 1).then_some(());
    crate::rig::eventually("the second in the queue", queued).await;
    drop(second);
    crate::rig::eventually("its event", async || server.log().pop()).await;
    drop(first);
    upstream.hung_up(1).await;
    server.settled().await;
    assert_eq!(upstream.n_received(), 1);
    for event in server.events(2).await {
        assert_eq!(event["outcome"], "client_cancelled");
    }
}
