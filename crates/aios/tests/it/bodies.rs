//! Requests that are too large, too slow or wrong: refused with a reason, never with a crash.

use crate::rig::{Reply, Server, Setup, Upstream, chat, chat_json, ok, post, post_with, soon};

const BODY_MAX: usize = 32 << 20;

/// A chat request of exactly `length` bytes.
fn padded(length: usize) -> Vec<u8> {
    let start = br#"{"model":"aios-main","messages":[{"role":"user","content":"Hi"}],"padding":""#;
    let mut body = start.to_vec();
    body.resize(length - 2, b'x');
    body.extend_from_slice(b"\"}");
    body
}

/// The same request without a length, in chunks of a mebibyte.
fn in_chunks(body: &[u8]) -> Vec<u8> {
    let mut request =
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: aios\r\ntransfer-encoding: chunked\r\n\r\n"
            .to_vec();
    for chunk in body.chunks(1 << 20) {
        request.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        request.extend_from_slice(chunk);
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"0\r\n\r\n");
    request
}

/// Sends a request that the server may refuse before it has all of it.
async fn ask_too_much(server: &Server, request: &[u8]) -> Reply {
    let mut client = server.client().await;
    // That the rest cannot be sent is the point.
    client.try_send(request).await.ok();
    client.reply().await
}

/// The request is refused, it leaves one event, and the server goes on.
async fn check_refused(name: &str, body: &[u8], status: u16, code: &str) {
    let server = Server::start(&Setup::new()).await;
    let reply = server.ask(&post_with("", body)).await.expect(status);
    assert_eq!(reply.error_code(), code, "{name}");
    assert!(reply.header("server-timing").unwrap().contains("upstream;dur=0.000"), "{name}");
    server.settled().await;
    server.chat("aios-main", "x").await.expect(200);
    let events = server.events(2).await;
    assert_eq!(events[0]["outcome"], "caller_error", "{name}");
    assert_eq!((&events[0]["status"], &events[0]["error_code"]), (&status.into(), &code.into()));
    assert_eq!(events[0]["attempts"].as_array().unwrap().len(), 0, "{name}");
}

#[tokio::test]
async fn the_largest_body_reaches_the_model_to_the_byte() {
    let upstream = Upstream::always(ok(&chat_json("big", "Hello"))).await;
    let server = Server::start(&Setup::main(&upstream)).await;
    let body = padded(BODY_MAX);
    server.ask(&post_with("", &body)).await.expect(200);
    server.ask(&in_chunks(&body)).await.expect(200);
    let sent = String::from_utf8(body).unwrap().replacen("aios-main", "big", 1);
    for received in upstream.received(2).await {
        assert!(received.body == sent.as_bytes(), "{} bytes", received.body.len());
    }
    server.settled().await;
    server.events(2).await;
}

#[tokio::test]
async fn a_larger_body_is_a_413() {
    let server = Server::start(&Setup::new()).await;
    for length in [BODY_MAX + 1, BODY_MAX + (1 << 20)] {
        for request in [post_with("", &padded(length)), in_chunks(&padded(length))] {
            let reply = ask_too_much(&server, &request).await.expect(413);
            assert_eq!(reply.error_code(), "request_too_large");
        }
    }
    server.settled().await;
    server.chat("aios-main", "x").await.expect(200);
    let events = server.events(5).await;
    assert!(events[..4].iter().all(|event| event["error_code"] == "request_too_large"));
    assert!(events[..4].iter().all(|event| event["outcome"] == "caller_error"));
}

#[tokio::test]
async fn what_is_not_a_request_is_a_400() {
    let cases: [(&str, &[u8], &str); 10] = [
        ("not JSON", b"{\"model\":", "invalid_json"),
        ("nothing", b"", "invalid_json"),
        ("not UTF-8", b"{\"model\":\"\xff\xfe\"}", "invalid_json"),
        ("a list", b"[]", "invalid_json"),
        ("values in order", br#"["aios-main",false,null,[{"role":"user"}]]"#, "invalid_json"),
        ("a text", br#""aios-main""#, "invalid_json"),
        ("half a character", br#"{"model":"\ud800","messages":[]}"#, "invalid_json"),
        ("a text of messages", br#"{"model":"aios-main","messages":"hi"}"#, "invalid_type"),
        ("no model", br#"{"messages":[]}"#, "missing_required_parameter"),
        ("no messages", br#"{"model":"aios-auto"}"#, "missing_required_parameter"),
    ];
    for (name, body, code) in cases {
        check_refused(name, body, 400, code).await;
    }
    let model = chat("no-such-model", "x", false);
    check_refused("another model", model.as_bytes(), 404, "model_not_found").await;
}

/// Who sent it is still there.
#[tokio::test]
async fn chunks_that_are_none_are_a_400() {
    let server = Server::start(&Setup::new()).await;
    let mut client = server.client().await;
    let head =
        "POST /v1/chat/completions HTTP/1.1\r\nhost: aios\r\ntransfer-encoding: chunked\r\n\r\n";
    client.send(format!("{head}zz\r\n").as_bytes()).await;
    let reply = client.reply().await.expect(400);
    assert_eq!(reply.error_code(), "malformed_body");
    assert_eq!(reply.json()["error"]["type"], "invalid_request_error");
    let events = server.events(1).await;
    assert_eq!(
        (&events[0]["outcome"], &events[0]["status"]),
        (&"caller_error".into(), &400.into())
    );
}

#[tokio::test]
async fn deep_nesting_is_a_400() {
    let nested = |depth: usize| {
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        format!(r#"{{"model":"aios-main","messages":[{{"role":"user"}}],"x":{open}{close}}}"#)
    };
    check_refused("200 deep", nested(200).as_bytes(), 400, "invalid_json").await;
    check_refused("a million deep", nested(1_000_000).as_bytes(), 400, "invalid_json").await;
    let server = Server::start(&Setup::new()).await;
    server.ask(&post(&nested(100))).await.expect(200);
}

/// Waits for no headers that are slow; those of the request after them may come from a busy machine.
async fn impatient() -> Server {
    Server::start(&Setup::new().set("server.header_timeout", "\"2s\"")).await
}

#[tokio::test]
async fn headers_that_do_not_come_close_the_connection() {
    let server = impatient().await;
    let starts = ["", "POST /v1/chat/completions HTTP/1.1\r\nhost: ai"];
    let mut clients = [server.client().await, server.client().await];
    for (client, start) in clients.iter_mut().zip(starts) {
        client.send(start.as_bytes()).await;
    }
    for client in &mut clients {
        let said = String::from_utf8(client.closed().await).unwrap();
        assert!(said.is_empty() || said.starts_with("HTTP/1.1 408"), "{said}");
    }
    server.settled().await;
    server.chat("aios-main", "x").await.expect(200);
    server.events(1).await;
}

#[tokio::test]
async fn headers_that_come_by_the_byte_close_the_connection() {
    let server = impatient().await;
    let mut client = server.client().await;
    client.send(b"GET / HTTP/1.1\r\nx: ").await;
    let drip = async {
        while client.try_send(b"x").await.is_ok() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    soon("the end of the drip", drip).await;
    server.chat("aios-main", "x").await.expect(200);
    server.events(1).await;
}

#[tokio::test]
async fn a_body_that_does_not_come_is_a_408() {
    let server = Server::start(&Setup::new().set("server.body_timeout", "\"150ms\"")).await;
    let request = post(&chat("aios-main", "slow", false));
    let mut client = server.client().await;
    client.send(&request[..request.len() - 10]).await;
    let reply = client.reply().await.expect(408);
    assert_eq!(reply.error_code(), "request_timeout");
    server.settled().await;
    server.chat("aios-main", "x").await.expect(200);
    let events = server.events(2).await;
    assert_eq!(events[0]["outcome"], "timeout");
    assert_eq!(
        (&events[0]["status"], &events[0]["error_code"]),
        (&408.into(), &"request_timeout".into())
    );
}

#[tokio::test]
async fn headers_that_are_too_large_are_refused() {
    let server = Server::start(&Setup::new()).await;
    let large = format!("x-large: {}\r\n", "x".repeat(256 << 10));
    let many: String = (0..5_000).map(|n| format!("x-{n}: y\r\n")).collect();
    for headers in [large, many] {
        let body = chat("aios-main", "x", false);
        let reply = ask_too_much(&server, &post_with(&headers, body.as_bytes())).await;
        assert_eq!(reply.status, 431);
    }
    server.settled().await;
    server.chat("aios-main", "x").await.expect(200);
    server.events(1).await;
}

#[tokio::test]
async fn what_is_not_http_is_refused() {
    let server = Server::start(&Setup::new()).await;
    for garbage in [&b"\x16\x03\x01\x02\x00\x01\x00"[..], b"hello\r\n\r\n", b"GET\r\n\r\n"] {
        let mut client = server.client().await;
        client.send(garbage).await;
        let said = String::from_utf8(client.closed().await).unwrap();
        assert!(said.is_empty() || said.starts_with("HTTP/1.1 400"), "{said}");
    }
    server.chat("aios-main", "x").await.expect(200);
    server.events(1).await;
}

/// A page that is there is not said to be unknown.
#[tokio::test]
async fn what_is_only_to_be_read_refuses_to_be_written() {
    let server = Server::start(&Setup::new()).await;
    for path in ["/v1/models", "/v1/models/aios-auto", "/healthz", "/readyz"] {
        let request = format!("DELETE {path} HTTP/1.1\r\nhost: test\r\ncontent-length: 0\r\n\r\n");
        let reply = server.ask(request.as_bytes()).await.expect(405);
        assert_eq!(reply.header("allow"), Some("GET, HEAD"), "{path}");
    }
    let unknown = b"DELETE /v1/v1/models HTTP/1.1\r\nhost: test\r\ncontent-length: 0\r\n\r\n";
    let error = &server.ask(unknown).await.expect(404).json()["error"];
    assert_eq!(error["code"], "unknown_url");
    let message = error["message"].as_str().unwrap();
    assert!(message.starts_with("Unknown request URL: DELETE /v1/v1/models. "), "{message}");
}
