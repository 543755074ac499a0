//! A tier without an endpoint: what the check of the configuration says is what the server does.

use crate::program::Place;
use crate::rig::{Server, chat, get, post};

const QUIET: &str = "nightly.enabled = false\ndiscovery.enabled = false\nmodels.aliases = []\n";

fn place(more: &str) -> Place {
    let place = Place::new();
    place.write("aios.toml", &format!("{QUIET}{more}"));
    place
}

/// Only one tier has an endpoint. Gives what stands in the check's line of the other one.
fn checked(place: &Place, tier: &str) -> String {
    let ran = place.run(&["config", "check"]).ended(0);
    let start = format!("{tier}: ");
    let line = ran.stdout.lines().find_map(|line| line.strip_prefix(&start));
    line.unwrap_or_else(|| panic!("{}", ran.stdout)).to_owned()
}

fn only(tier: &str) -> Place {
    // That simulated models may stand in for both makes no difference where one is missing.
    place(&format!("[tiers.{tier}]\nendpoints = [{{ url = \"sim://{tier}?instant\" }}]\n"))
}

/// Asks for vectors by the name that lets the gateway choose.
fn embed() -> Vec<u8> {
    let body = r#"{"model":"aios-auto","input":"Hi"}"#;
    let length = body.len();
    let head = "POST /v1/embeddings HTTP/1.1\r\nhost: aios\r\ncontent-type: application/json";
    format!("{head}\r\ncontent-length: {length}\r\n\r\n{body}").into_bytes()
}

async fn models(server: &Server) -> String {
    let list = server.ask(&get("/v1/models")).await.expect(200).json();
    let ids = list["data"].as_array().unwrap().iter();
    ids.map(|model| model["id"].as_str().unwrap()).collect::<Vec<_>>().join(" ")
}

/// The refusal says which tier has no endpoint.
async fn check_refused(server: &Server, request: &[u8], tier: &str) {
    let reply = server.ask(request).await.expect(404);
    let error = &reply.json()["error"];
    assert_eq!((&error["code"], &error["param"]), (&"model_not_found".into(), &"model".into()));
    let why = format!("tier {tier} has no endpoint");
    assert!(error["message"].as_str().unwrap().contains(&why), "{error}");
}

#[tokio::test]
async fn main_answers_all_messages_and_no_embeddings() {
    let place = only("main");
    let told = "main answers all messages, embeddings are refused";
    assert_eq!(checked(&place, "embedder"), format!("no endpoint; {told}"));
    let server = Server::start_in(place).await;
    server.said_line(&format!("none: {told}")).await;
    assert_eq!(models(&server).await, "aios-auto aios-main sim-main");
    let easy = server.chat("aios-auto", "Hi").await.expect(200);
    assert_eq!(easy.header("x-aios-endpoint"), Some("main-1"));
    check_refused(&server, &post(&chat("aios-embedder", "Hi", false)), "embedder").await;
    check_refused(&server, &get("/v1/models/aios-embedder"), "embedder").await;
    check_refused(&server, &embed(), "embedder").await;
    let events = server.events(3).await;
    assert_eq!(events[1]["error_code"], "model_not_found");
    assert_eq!(events[1]["attempts"].as_array().unwrap().len(), 0);
}

#[tokio::test]
async fn embedder_answers_everything() {
    let place = only("embedder");
    let told = "embedder answers everything";
    assert_eq!(checked(&place, "main"), format!("no endpoint; {told}"));
    let server = Server::start_in(place).await;
    server.said_line(&format!("none: {told}")).await;
    assert_eq!(models(&server).await, "aios-auto aios-embedder sim-embedder");
    server.chat("aios-auto", "Prove that there are infinitely many primes.").await.expect(200);
    server.ask(&embed()).await.expect(200);
    check_refused(&server, &post(&chat("aios-main", "Hi", false)), "main").await;
}

#[test]
fn a_configuration_without_which_nothing_starts_does_not_pass() {
    let place = place("discovery.simulate = false\n");
    let why = "no endpoint is configured, and none is looked for (discovery.enabled = false)";
    let ran = place.run(&["config", "check"]).ended(1);
    assert!(ran.stderr.contains(&format!("`aios serve` will not start: {why}")), "{}", ran.stderr);
    assert!(!ran.stdout.contains("ok"), "{}", ran.stdout);
    let bad = place.run(&["config", "check", "--json"]).ended(1).json();
    assert_eq!((&bad["ok"], &bad["problems"][0]["message"]), (&false.into(), &why.into()));
    let addresses = ["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"];
    let ran = place.run(&[&["serve", "--data-dir", "data"], &addresses[..]].concat()).ended(1);
    assert!(ran.stderr.contains(why), "{}", ran.stderr);
}

#[test]
fn simulated_models_stand_in_for_both_tiers() {
    let place = place("");
    for tier in ["main", "embedder"] {
        assert_eq!(checked(&place, tier), "no endpoint; simulated");
    }
    place.write("aios.toml", "");
    assert_eq!(checked(&place, "main"), "no endpoint; looked for at start, else simulated");
}
