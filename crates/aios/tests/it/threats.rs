//! What an attacker sends: requests that two readers would read in two ways, keys that are statements, and text that
//! would be more than text where it is stored or shown.

use serde_json::json;

use crate::rig::{Client, Server, Setup, Upstream, chat, chat_json, ok, post_with};

const HEAD: &str =
    "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n";

#[tokio::test]
async fn a_request_that_two_readers_would_read_in_two_ways_is_refused_and_the_connection_ends() {
    let upstream = Upstream::always(ok(&chat_json("big", "hi"))).await;
    let server = Server::start(&Setup::main(&upstream)).await;
    let body = chat("aios-main", "hi", false);
    let n = body.len();
    // A second request stands where the other reader would look for one.
    let hidden = format!("{HEAD}content-length: {n}\r\n\r\n{body}");
    let check = async |headers: &str, body: &str| {
        let mut client = server.client().await;
        client.send(format!("{HEAD}{headers}\r\n{body}{hidden}").as_bytes()).await;
        assert_eq!(client.reply().await.status, 400, "{headers:?}");
        assert_eq!(client.closed().await, b"", "nothing more is read after {headers:?}");
    };
    check(&format!("content-length: {n}\r\ntransfer-encoding: chunked\r\n"), "0\r\n\r\n").await;
    check(&format!("transfer-encoding: chunked\r\ncontent-length: {n}\r\n"), "0\r\n\r\n").await;
    check(&format!("content-length: {n}\r\ncontent-length: {}\r\n", n + 1), &body).await;
    check(&format!("content-length: {n}, {}\r\n", n + 1), &body).await;
    check(&format!("content-length: +{n}\r\n"), &body).await;
    check(&format!("content-length : {n}\r\n"), &body).await;
    check(&format!("x-a: b\r\n c: d\r\ncontent-length: {n}\r\n"), &body).await;
    check("transfer-encoding: xchunked\r\n", &body).await;
    check("transfer-encoding: chunked, identity\r\n", "0\r\n\r\n").await;
    check("transfer-encoding: chunked\r\n", "fffffffffffffffff\r\nx\r\n0\r\n\r\n").await;
    check(&format!("x-a: \0\r\ncontent-length: {n}\r\n"), &body).await;
    assert_eq!(upstream.n_received(), 0);
}

#[tokio::test]
async fn keys_that_are_statements_patterns_or_nearly_right_open_nothing() {
    let digest = aios_privacy::SecretDigest::of(b"the right key").to_hex();
    let keys = format!("[{{ name = \"app\", sha256 = \"{digest}\" }}]");
    let setup = Setup::new().set("clients.keys", &keys).set("clients.required", "true");
    let server = Server::start(&setup).await;
    let mut client = server.client().await;
    let body = chat("aios-auto", "hi", false);
    let mut status = async |key: &str| {
        let request = post_with(&format!("authorization: Bearer {key}\r\n"), body.as_bytes());
        client.send(&request).await;
        client.reply().await.status
    };
    for n in 0..1000 {
        let hostile = [
            format!("' OR '{n}'='{n}"),
            format!("the right key{n}"),
            format!("%{n}%"),
            format!("{digest}{n}"),
            format!("the right ke{}", char::from(b'!' + (n % 80) as u8)),
            "x".repeat(n),
            format!("../{n}/*"),
            format!("${{{n}}}"),
            format!("the  right key {n}"),
            format!("\"the right key\" {n}"),
        ];
        for key in hostile.iter().filter(|key| *key != "the right key") {
            assert_eq!(status(key).await, 401, "{key}");
        }
    }
    assert_eq!(status("the right key").await, 200);
}

#[tokio::test]
async fn text_stays_text_where_it_is_stored_and_shown() {
    let server = Server::start(&Setup::new()).await;
    let hostile = "\u{1b}]0;owned\u{7} one\r\ntwo \u{2028} three\u{0} \u{202e}four \u{9b}31m";
    let body = json!({"model": "aios-auto", "user": hostile,
        "metadata": {"conversation_id": hostile},
        "messages": [{"role": "user", "content": hostile}]});
    server.ask(&post_with("", body.to_string().as_bytes())).await.expect(200);
    let unknown = chat(hostile, "hi", false);
    server.ask(&post_with("", unknown.as_bytes())).await;
    let place = server.stop_after(2).await;
    let stored = crate::rig::log_text(&place);
    assert_eq!(stored.lines().count(), 2, "a line for each");
    assert!(!stored.chars().any(|c| c.is_ascii_control() && c != '\n'), "{stored}");
    for verb in [&["events", "tail", "-n", "9"][..], &["events", "query"]] {
        let shown = place.run(&[verb, &["--data-dir", "data"]].concat()).ended(0).stdout;
        let is_shown = |c: char| c == '\n' || !(c.is_control() || c == '\u{202e}');
        assert!(shown.contains("two") && shown.chars().all(is_shown), "{shown:?}");
    }
}

#[tokio::test]
async fn who_asks_by_another_name_of_the_server_is_no_other() {
    let server = Server::start(&Setup::new()).await;
    let mut client = Client::connect(server.admin_address()).await;
    // What decides is the path that is routed by, however the request writes the server's name.
    for target in ["//admin/v1/audit", "/admin/v1/%61udit", "/healthz/../admin/v1/audit"] {
        let host = server.admin_address();
        client.send(format!("GET {target} HTTP/1.1\r\nhost: {host}\r\n\r\n").as_bytes()).await;
        assert_eq!(client.reply().await.status, 401, "{target}");
    }
    let forged =
        "x-forwarded-for: 127.0.0.1\r\nforwarded: for=127.0.0.1\r\nx-real-ip: 127.0.0.1\r\n";
    let reply = server.admin("GET", "/admin/v1/audit", forged).await;
    assert_eq!(reply.status, 401);
}
