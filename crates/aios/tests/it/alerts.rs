//! `aios alert`, and alerts of a running server.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use crate::program::{Place, http};

/// Longest wait for a message.
const DEADLINE: Duration = Duration::from_secs(60);

/// Looks like a secret only at run time.
fn secret() -> String {
    ["T00", "B00", &"x".repeat(24)].join("/")
}

/// A receiver that takes everything; gives its URL and what came.
fn receiver(status: u16) -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/services/{}", listener.local_addr().unwrap(), secret());
    let (tell, came) = channel();
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let mut socket = socket.unwrap();
            let mut text = String::new();
            while !text.ends_with('}') {
                let mut piece = [0; 4096];
                let n = socket.read(&mut piece).unwrap();
                assert!(n > 0, "{text}");
                text.push_str(&String::from_utf8_lossy(&piece[..n]));
            }
            write!(socket, "HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n").unwrap();
            if tell.send(text).is_err() {
                return;
            }
        }
    });
    (url, came)
}

#[test]
fn a_test_message_arrives_or_it_is_said_why_not() {
    let (url, came) = receiver(200);
    let place = Place::new().env("SLACK_WEBHOOK_URL", &url);
    assert_eq!(place.run(&["alert", "test"]).ended(0).stdout, "slack: sent\n");
    let text = came.recv_timeout(DEADLINE).unwrap();
    assert!(text.starts_with("POST /services/") && text.contains("AIOS TEST"), "{text}");
    let (url, _came) = receiver(500);
    let place = Place::new().env("SLACK_WEBHOOK_URL", &url);
    let ran = place.run(&["alert", "test", "--json"]).ended(1);
    assert_eq!(ran.json()["channels"][0]["error"], "slack answered 500");
    assert!(!(ran.stdout + &ran.stderr).contains(&secret()));
    let none = Place::new().run(&["alert", "test"]).ended(1);
    assert!(none.stderr.contains("hint: set SLACK_WEBHOOK_URL"), "{}", none.stderr);
}

#[test]
fn a_url_that_leads_elsewhere_is_refused_without_repeating_it() {
    let url = format!("https://example.org/services/{}", secret());
    for variable in ["SLACK_WEBHOOK_URL", "ALERT_WEBHOOK_URL"] {
        let ran = Place::new().env(variable, &url).run(&["alert", "test"]).ended(1);
        assert!(ran.stderr.contains(variable) && ran.stderr.contains("must lead to"));
        assert!(!ran.stderr.contains("example.org"), "{}", ran.stderr);
    }
}

#[test]
fn a_running_server_tells_that_no_model_of_a_tier_answers() {
    let (url, came) = receiver(200);
    let place = Place::simulated().env("SLACK_WEBHOOK_URL", &url);
    // The guide's chaos test: the main model is stopped, the embedder answers everything.
    let toml = place.read("aios.toml").replace("sim://main?instant", "http://127.0.0.1:9/v1");
    let toml =
        toml.replace("127.0.0.1:9/v1\"", "127.0.0.1:9/v1\", model = \"big\", kind = \"open_ai\"");
    place.write(
        "aios.toml",
        &(toml + "[breaker]\nfailures = 1\nopen = \"10m\"\nopen_max = \"10m\"\n"),
    );
    let running = place.start(&["serve"], "OpenAI API");
    assert!(!running.first_line.is_empty());
    let gateway = toml_value(&place, "listen");
    let body = r#"{"model":"aios-main","messages":[{"role":"user","content":"Hello"}]}"#;
    assert!(http(&gateway, "POST", "/v1/chat/completions", body).0 >= 500);
    let text = came.recv_timeout(DEADLINE * 3).unwrap();
    assert!(
        text.contains("ALERT (page): tier_main") && text.contains("Start the model server"),
        "{text}"
    );
    let listed = place.run(&["alert", "list"]).ended(0).stdout;
    assert!(listed.contains("tier_main"), "{listed}");
    let metrics = http(&toml_value(&place, "admin_listen"), "GET", "/metrics", "").1;
    assert!(metrics.contains("aios_alerts_firing{about=\"tier_main\",severity=\"page\"} 1"));
}

fn toml_value(place: &Place, key: &str) -> String {
    let text = place.read("aios.toml");
    let line = text.lines().find(|line| line.starts_with(&format!("{key} = "))).unwrap();
    line.split('"').nth(1).unwrap().to_owned()
}
