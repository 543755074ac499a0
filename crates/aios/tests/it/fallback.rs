//! Who answers when somebody does not: the other tier, another endpoint, or nobody.

use std::time::Duration;

use serde_json::Value;

use crate::rig::{
    Act, Client, DONE, Gate, Reply, Server, Setup, Upstream, chat, chat_json, delta, events,
    eventually, finish, ok, post, reply, whole_stream,
};

/// A model server that always answers.
async fn answering(model: &str) -> Upstream {
    Upstream::always(ok(&chat_json(model, "Hello"))).await
}

/// A model server that answers in streams.
async fn streaming() -> Upstream {
    Upstream::always(whole_stream([delta("Hello"), finish(), DONE.to_owned()])).await
}

/// Main fails at once; its breaker opens after `failures` and tries again after `open`.
fn with_breaker(main: &Upstream, failures: u32, open: &str) -> Setup {
    Setup::main(main)
        .set("retries.attempts_max", "3")
        .all_to_main()
        .set("breaker.failures", &failures.to_string())
        .set("breaker.open", &format!("\"{open}\""))
        .set("breaker.open_max", "\"10m\"")
}

#[track_caller]
fn check_from_embedder(reply: &Reply) {
    assert_eq!(reply.header("x-aios-route"), Some("embedder"), "{}", reply.text());
    assert_eq!(reply.header("x-aios-fallback"), Some("true"));
}

#[track_caller]
fn check_from_main(reply: &Reply) {
    assert_eq!(reply.header("x-aios-route"), Some("main"), "{}", reply.text());
    assert_eq!(reply.header("x-aios-fallback"), None);
}

fn outcomes(event: &Value) -> Vec<(&str, &str)> {
    let attempts = event["attempts"].as_array().unwrap().iter();
    attempts
        .map(|attempt| {
            (attempt["endpoint"].as_str().unwrap(), attempt["outcome"].as_str().unwrap())
        })
        .collect()
}

async fn breaker(server: &Server, endpoint: &str) -> String {
    server.endpoint(endpoint).await["breaker"]["state"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_embedder_answers_while_main_is_down() {
    let main = Upstream::refusing();
    let server = Server::start(&with_breaker(&main, 2, "10m")).await;
    // An open breaker costs no attempt.
    for attempts in ["3", "1"] {
        let reply = server.chat("aios-auto", "x").await.expect(200);
        check_from_embedder(&reply);
        assert_eq!(reply.header("x-aios-attempts"), Some(attempts));
        assert_eq!(breaker(&server, "main-1").await, "open");
    }
    let events = server.events(2).await;
    let failed = ("main-1", "connect_failed");
    assert_eq!(outcomes(&events[0]), [failed, failed, ("embedder-1", "ok")]);
    let (tier, source) = (&events[0]["tier"], &events[0]["source"]);
    assert_eq!((tier, source), (&"main".into(), &"embedder".into()));
    assert_eq!(events[0]["outcome"], "ok");
}

#[tokio::test]
async fn main_answers_again_when_it_is_back() {
    let mut main = Upstream::refusing();
    let server = Server::start(&with_breaker(&main, 2, "1ms")).await;
    check_from_embedder(&server.chat("aios-auto", "x").await.expect(200));
    assert_ne!(breaker(&server, "main-1").await, "closed");
    main.listen(|_| ok(&chat_json("big", "I am back.")));
    let back = eventually("main's return", async || {
        let reply = server.chat("aios-auto", "x").await.expect(200);
        (reply.header("x-aios-route") == Some("main")).then_some(reply)
    });
    check_from_main(&back.await);
    assert_eq!(breaker(&server, "main-1").await, "closed");
}

#[tokio::test]
async fn a_stream_falls_back_before_its_first_event() {
    let error = "data: {\"error\":{\"message\":\"out of memory\"}}\n\n";
    let beginnings = [
        reply(500, "", "{}"),
        events([error]),
        [events([": wait\n\n"]), vec![Act::Close]].concat(),
        ok(&chat_json("big", "not a stream")),
    ];
    for acts in beginnings {
        let (main, embedder) = (Upstream::always(acts).await, streaming().await);
        let setup = Setup::main(&main).with_embedder(&embedder, "").all_to_main();
        let server = Server::start(&setup.set("retries.attempts_max", "3")).await;
        let reply = server.ask(&post(&chat("aios-auto", "x", true))).await.expect(200);
        check_from_embedder(&reply);
        assert_eq!(reply.text(), delta("Hello") + &finish() + DONE, "nothing of main's reply");
        server.settled().await;
        let events = server.events(1).await;
        assert_eq!(events[0]["attempts"].as_array().unwrap().len(), 3);
        assert_eq!(events[0]["outcome"], "ok");
    }
}

#[tokio::test]
async fn a_pinned_tier_does_not_fall_back() {
    let embedder = answering("small").await;
    let setup = Setup::main(&Upstream::refusing()).with_embedder(&embedder, "");
    let server = Server::start(&setup).await;
    for model in ["aios-main", "big"] {
        let reply = server.chat(model, "x").await.expect(502);
        assert_eq!(reply.header("x-should-retry"), Some("false"));
        assert_eq!(reply.header("x-aios-fallback"), None);
    }
    assert_eq!(embedder.n_received(), 0);
    server.events(2).await;
}

#[tokio::test]
async fn a_broken_endpoint_is_avoided() {
    let broken = Upstream::always(reply(500, "", "{}")).await;
    // The broken one answers sooner, which must not make it look better.
    let mut slow = vec![Act::Pause(Duration::from_millis(5))];
    slow.extend(ok(&chat_json("big", "Hello")));
    let good = Upstream::always(slow).await;
    let setup = with_breaker(&broken, 3, "10m").with_main(&good, "");
    let server = Server::start(&setup).await;
    for _ in 0..30 {
        check_from_main(&server.chat("aios-auto", "x").await.expect(200));
    }
    assert_eq!(breaker(&server, "main-2").await, "closed");
    assert!(broken.n_received() <= 3, "{}", broken.n_received());
    assert_eq!(good.n_received(), 30);
    for event in server.events(30).await {
        assert_eq!(event["outcome"], "ok");
        assert_eq!(outcomes(&event).last(), Some(&("main-2", "ok")));
    }
}

#[tokio::test]
async fn where_every_breaker_is_open_one_is_tried_nevertheless() {
    let (mut main, embedder) = (Upstream::refusing(), Upstream::refusing());
    let setup = with_breaker(&main, 1, "10m").with_embedder(&embedder, "");
    let server = Server::start(&setup).await;
    server.chat("aios-auto", "x").await.expect(502);
    for endpoint in ["main-1", "embedder-1"] {
        assert_eq!(breaker(&server, endpoint).await, "open");
    }
    main.listen(|_| ok(&chat_json("big", "I am back.")));
    check_from_main(&server.chat("aios-auto", "x").await.expect(200));
    assert_eq!(breaker(&server, "main-1").await, "closed");
    server.events(2).await;
}

#[tokio::test]
async fn a_callers_fault_passes_through_and_is_nobodys_failure() {
    const WORDS: &str = r#"{"error":{"message":"temperature is too hot","type":"invalid_request_error","param":"temperature","code":null,"more":[1]}}"#;
    for status in [400, 413, 422] {
        let main = Upstream::always(reply(status, "", WORDS)).await;
        let embedder = answering("small").await;
        let setup = with_breaker(&main, 1, "10m").with_embedder(&embedder, "");
        let server = Server::start(&setup).await;
        for stream in [false, true, false] {
            let reply = server.ask(&post(&chat("aios-auto", "x", stream))).await.expect(status);
            assert_eq!(reply.text(), WORDS);
        }
        assert_eq!((main.n_received(), embedder.n_received()), (3, 0));
        assert_eq!(server.endpoint("main-1").await["breaker"]["n_failures"], 0);
        server.settled().await;
        for event in server.events(3).await {
            assert_eq!(
                (&event["outcome"], &event["status"]),
                (&"caller_error".into(), &status.into())
            );
            assert_eq!(outcomes(&event), [("main-1", "caller_error")]);
        }
    }
}

/// A model server that answers when the gate is open.
async fn gated(model: &str) -> (Upstream, Gate) {
    let gate = Gate::default();
    let mut acts = vec![Act::Hold(gate.clone())];
    acts.extend(ok(&chat_json(model, "Hello")));
    (Upstream::always(acts).await, gate)
}

/// Sends a request and waits until main has it, or it waits in line for main.
async fn occupy(server: &Server, model: &str, in_flight: u64, queued: u64) -> Client {
    let mut client = server.client().await;
    client.send(&post(&chat(model, "x", false))).await;
    eventually("a place at main", async || {
        let main = server.endpoint("main-1").await;
        (main["in_flight"] == in_flight && main["queued"] == queued).then_some(())
    })
    .await;
    client
}

#[tokio::test]
async fn a_full_endpoint_queues_and_then_refuses() {
    let (main, gate) = gated("big").await;
    let setup = Setup::new()
        .with_main(&main, "concurrency_max = 1, queue_max = 1")
        .set("retries.attempts_max", "2")
        .set("retries.backoff_base", "\"1ms\"");
    let server = Server::start(&setup).await;
    let mut first = occupy(&server, "aios-main", 1, 0).await;
    let mut second = occupy(&server, "aios-main", 1, 1).await;
    let reply = server.chat("aios-main", "x").await.expect(503);
    assert_eq!(reply.error_code(), "upstream_queue_full");
    assert_eq!(reply.header("retry-after"), Some("1"));
    assert_eq!(main.n_received(), 1, "one at a time");
    assert_eq!(server.endpoint("main-1").await["breaker"]["n_failures"], 0);
    gate.open();
    first.reply().await.expect(200);
    second.reply().await.expect(200);
    server.settled().await;
    let mut outcomes: Vec<_> =
        server.events(3).await.into_iter().map(|event| event["outcome"].clone()).collect();
    outcomes.sort_by_key(Value::to_string);
    assert_eq!(outcomes, ["ok", "ok", "overloaded"]);
}

#[tokio::test]
async fn a_wait_that_is_too_long_is_given_up() {
    let (main, gate) = gated("big").await;
    let setup = Setup::main(&main).set("limits.concurrency_max", "1");
    let server = Server::start(&setup.set("limits.queue_timeout", "\"100ms\"")).await;
    let mut first = occupy(&server, "aios-main", 1, 0).await;
    let reply = server.chat("aios-main", "x").await.expect(503);
    assert_eq!(reply.error_code(), "upstream_queue_full");
    gate.open();
    first.reply().await.expect(200);
    server.settled().await;
    server.events(2).await;
}

#[tokio::test]
async fn what_does_not_fit_goes_to_the_other_tier() {
    let (main, gate) = gated("big").await;
    let setup = Setup::new().with_main(&main, "concurrency_max = 1, queue_max = 0").all_to_main();
    let server = Server::start(&setup.set("retries.backoff_base", "\"1ms\"")).await;
    let mut first = occupy(&server, "aios-auto", 1, 0).await;
    check_from_embedder(&server.chat("aios-auto", "x").await.expect(200));
    gate.open();
    check_from_main(&first.reply().await.expect(200));
    server.settled().await;
    server.events(2).await;
}
