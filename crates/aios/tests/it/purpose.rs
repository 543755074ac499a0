//! Requests that say that they are not live traffic.

use aios_privacy::SecretDigest;

use crate::rig::{Server, Setup, chat, eventually, post_with};

const QUESTION: &str = "Why is the sky blue?";

#[tokio::test]
async fn a_test_chooses_its_bucket_and_leaves_an_event_that_says_so() {
    let setup = Setup::new().set("routing.treatment_pct", "0.0");
    let server = Server::start(&setup).await;
    let asked = |headers: &str| post_with(headers, chat("aios-auto", QUESTION, false).as_bytes());
    let treated = "x-aios-purpose: golden\r\nx-aios-bucket: treatment\r\n";
    let reply = server.ask(&asked(treated)).await.expect(200);
    assert_eq!(reply.header("x-aios-bucket"), Some("treatment"));
    server.ask(&asked("")).await.expect(200);
    let reply = server.ask(&asked("x-aios-bucket: treatment\r\n")).await.expect(400);
    assert_eq!(reply.error_code(), "invalid_request");
    let proxied = "x-forwarded-for: 192.0.2.7\r\nx-aios-purpose: golden\r\n";
    let reply = server.ask(&asked(proxied)).await.expect(403);
    assert_eq!(reply.error_code(), "purpose_not_allowed");
    let events = server.events(4).await;
    let [golden, live, ..] = &events[..] else { panic!("{events:?}") };
    assert_eq!((&golden["purpose"], &golden["bucket"]), (&"golden".into(), &"treatment".into()));
    assert_eq!(golden["question"], "", "the case is kept where the golden set is");
    assert!(live.get("purpose").is_none() && live["question"] == QUESTION, "{live}");
}

#[tokio::test]
async fn the_kill_switch_counts_more_than_a_wish() {
    let setup = Setup::new();
    let server = Server::start_with_env(&setup, "AIOS_ADAPTIVE_ENABLED", "0").await;
    let headers = "x-aios-purpose: golden\r\nx-aios-bucket: treatment\r\n";
    let request = post_with(headers, chat("aios-auto", QUESTION, false).as_bytes());
    let reply = server.ask(&request).await.expect(200);
    assert_eq!(reply.header("x-aios-bucket"), Some("control"));
}

/// Once the operator has emptied treatment nobody is treated, golden runs neither.
#[tokio::test]
async fn an_override_that_empties_treatment_counts_more_than_a_wish() {
    let server = Server::start(&Setup::new()).await;
    let headers = "x-aios-purpose: golden\r\nx-aios-bucket: treatment\r\n";
    let request = post_with(headers, chat("aios-auto", QUESTION, false).as_bytes());
    let bucket = async || {
        let reply = server.ask(&request).await.expect(200);
        reply.header("x-aios-bucket").map(str::to_owned)
    };
    assert_eq!(bucket().await.as_deref(), Some("treatment"));
    server.write_data("analytics/adaptive_override.json", r#"{"control_bucket_pct":1.0}"#);
    eventually("the override", async || {
        (server.status().await["split"]["origin"] == "override").then_some(())
    })
    .await;
    assert_eq!(bucket().await.as_deref(), Some("control"));
}

#[tokio::test]
async fn a_key_needs_the_right() {
    let digest = |key: &str| SecretDigest::of(key.as_bytes()).to_hex();
    let keys = format!(
        r#"[{{ name = "app", sha256 = "{}" }}, {{ name = "ci", sha256 = "{}", may_steer = true }}]"#,
        digest("of the app"),
        digest("of ci"),
    );
    let server = Server::start(&Setup::new().set("clients.keys", &keys)).await;
    for (key, status) in [("of the app", 403), ("of ci", 200)] {
        let headers = format!("authorization: Bearer {key}\r\nx-aios-purpose: loadtest\r\n");
        let request = post_with(&headers, chat("aios-auto", QUESTION, false).as_bytes());
        server.ask(&request).await.expect(status);
    }
}
