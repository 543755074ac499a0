//! What a model server streams reaches the client byte for byte.

use crate::rig::{
    Act, DONE, Gate, Server, Setup, Upstream, chat, chunk, delta, finish, last_chunk, post,
    stream_head, usage, whole_stream,
};

/// What the client gets of a stream in these packets.
async fn relayed<T: AsRef<[u8]>>(packets: &[T], body: &str) -> Vec<u8> {
    let upstream = Upstream::always(whole_stream(packets)).await;
    let server = Server::start(&Setup::main(&upstream)).await;
    let reply = server.ask(&post(body)).await.expect(200);
    server.settled().await;
    let events = server.events(1).await;
    assert_eq!(events[0]["outcome"], "ok");
    reply.body
}

/// The stream reaches the client as it came, whole and in packets of every small size.
async fn check_untouched(stream: &str) {
    let body = chat("aios-main", "x", true);
    for size in [1, 7, stream.len()] {
        let packets: Vec<_> = stream.as_bytes().chunks(size).collect();
        let got = relayed(&packets, &body).await;
        assert_eq!(String::from_utf8(got).unwrap(), stream, "in packets of {size}");
    }
}

fn with_options(options: &str) -> String {
    format!(
        r#"{{"model":"aios-main","stream":true,"stream_options":{options},"messages":[{{"role":"user","content":"x"}}]}}"#
    )
}

#[tokio::test]
async fn odd_framing_is_passed_on_as_it_came() {
    check_untouched(&(delta("Hello") + &finish() + DONE)).await;
    check_untouched(&(delta("Hello") + &finish() + DONE).replace('\n', "\r\n")).await;
    check_untouched(&(delta("Hello") + &finish() + DONE).replace("data: ", "data:")).await;
    let busy = format!(
        ": hello\n\nid: 7\nevent: message\nretry: 10\n{}: ping\n\n\n\n{}{}",
        delta("Hello"),
        finish(),
        DONE
    );
    check_untouched(&busy).await;
}

#[tokio::test]
async fn characters_of_many_bytes_may_be_cut_anywhere() {
    let stream = delta("Grüße, 世界 🌍") + &delta("é́") + &finish() + DONE;
    check_untouched(&stream).await;
}

#[tokio::test]
async fn several_lines_of_data_are_one_event() {
    let event = delta("Hello").replacen(",\"object\"", ",\ndata: \"object\"", 1);
    assert_ne!(event, delta("Hello"));
    check_untouched(&(event + &finish() + DONE)).await;
}

#[tokio::test]
async fn fields_that_nobody_knows_are_kept() {
    let event = delta("Hello").replacen("{\"", "{\"x_new\" : [1, 2.50, {\"a\":1e3}],\"", 1);
    assert_ne!(event, delta("Hello"));
    check_untouched(&(event + &finish() + DONE)).await;
}

#[tokio::test]
async fn usage_that_nobody_asked_for_is_kept_back() {
    let sent = [delta("Hello"), finish(), usage(), DONE.to_owned()];
    let without = delta("Hello") + &finish() + DONE;
    let plain = chat("aios-main", "x", true);
    for body in [plain, with_options("null"), with_options(r#"{"include_usage":false}"#)] {
        let upstream = Upstream::always(whole_stream(&sent)).await;
        let server = Server::start(&Setup::main(&upstream)).await;
        let reply = server.ask(&post(&body)).await.expect(200);
        assert_eq!(reply.text(), without, "{body}");
        let asked: serde_json::Value =
            serde_json::from_slice(&upstream.received(1).await[0].body).unwrap();
        assert_eq!(asked["stream_options"]["include_usage"], true);
        let events = server.events(1).await;
        assert_eq!(
            (&events[0]["input_tokens"], &events[0]["output_tokens"]),
            (&7.into(), &11.into())
        );
    }
}

#[tokio::test]
async fn usage_that_was_asked_for_is_passed_on() {
    let sent = [delta("Hello"), finish(), usage(), DONE.to_owned()];
    let got = relayed(&sent, &with_options(r#"{"include_usage":true}"#)).await;
    assert_eq!(String::from_utf8(got).unwrap(), sent.concat());
}

#[tokio::test]
async fn each_event_is_passed_on_when_it_comes() {
    let gates = [Gate::default(), Gate::default(), Gate::default()];
    let mut acts = vec![stream_head()];
    for (n, gate) in gates.iter().enumerate() {
        acts.extend([chunk(delta(&format!("piece {n}"))), Act::Hold(gate.clone())]);
    }
    acts.extend([chunk(finish()), chunk(DONE), last_chunk()]);
    let upstream = Upstream::always(acts).await;
    let server = Server::start(&Setup::main(&upstream)).await;
    let mut client = server.client().await;
    client.send(&post(&chat("aios-main", "x", true))).await;
    let mut reply = client.head().await;
    for (n, gate) in gates.iter().enumerate() {
        // The model server says nothing more until this has arrived.
        client.read_until(&mut reply, &format!("piece {n}")).await;
        gate.open();
    }
    client.read_until(&mut reply, "[DONE]").await;
    server.events(1).await;
}

#[tokio::test]
async fn the_status_waits_for_the_first_event() {
    // Comments come first; then another status becomes the right one.
    let gate = Gate::default();
    let acts = vec![stream_head(), chunk(": wait\n\n"), Act::Hold(gate.clone()), Act::Close];
    let upstream = Upstream::always(acts).await;
    let server = Server::start(&Setup::main(&upstream)).await;
    let mut client = server.client().await;
    client.send(&post(&chat("aios-main", "x", true))).await;
    upstream.received(1).await;
    assert!(client.is_silent().await);
    gate.open();
    client.reply().await.expect(502);
    server.events(1).await;
}
