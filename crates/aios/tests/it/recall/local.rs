//! Vectors by a model in the program. That of the fixture means nothing, and makes what the reference makes.

use std::fs;
use std::path::Path;

use super::*;
use crate::program::Place;

const MODEL: &str = "1_Pooling/config.json";

/// The fixture's model in the place of a test, for requests that must not go to the embedder tier.
fn with_model(upstream: &Upstream) -> Setup {
    setup(upstream, "conversation")
        .with_embedder(upstream, "")
        .set("memory.embeddings", "true")
        .set("memory.embed_model_dir", "\"model\"")
        .set("memory.embed_timeout", "\"30s\"")
}

fn put_model(place: &Path) {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/embed/tiny");
    fs::create_dir_all(place.join("model/1_Pooling")).unwrap();
    let files = [
        "modules.json",
        "config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "model.safetensors",
        MODEL,
    ];
    for file in files {
        fs::copy(from.join(file), place.join("model").join(file)).unwrap();
    }
}

async fn start(setup: &Setup) -> Server {
    let place = Place::new();
    put_model(place.path());
    place.write("aios.toml", &setup.toml());
    Server::start_in(place).await
}

#[tokio::test]
async fn a_model_in_a_directory_makes_the_vectors_and_no_text_goes_elsewhere() {
    let upstream = Upstream::start(aboard).await;
    let server = start(&with_model(&upstream)).await;
    in_conversation(&server, "a", json!([user(FERRY)])).await;
    counted(&server, "aios_memory_embedded_total", 2).await;
    // It shares no word with what it should find.
    let question = json!([user("Which hour does that vessel sail?")]);
    let found = in_conversation(&server, "a", question).await;
    assert!(!found.header("x-aios-memory").unwrap().contains("degraded"));
    counted(&server, "aios_memory_embedded_total", 3).await;
    let asked = upstream.received(2).await;
    assert!(
        asked.iter().all(|request| !request.has("\"input\":")),
        "texts were sent to be embedded"
    );

    // Other files are another model, whose vectors all fragments get; files that are none change nothing.
    let model = server.place().path().join("model").join(MODEL);
    fs::write(&model, r#"{"pooling_mode": "cls"}"#).unwrap();
    server.configure(&with_model(&upstream).set("memory.words_max", "900").toml());
    let is_taken = async || (server.status().await["config"]["generation"] == 2).then_some(());
    eventually("the other model", is_taken).await;
    in_conversation(&server, "a", json!([user("One more thing is to be kept here.")])).await;
    counted(&server, "aios_memory_embedded_total", 3 + 4).await;
    fs::write(&model, r#"{"pooling_mode": "lasttoken"}"#).unwrap();
    server.configure(&with_model(&upstream).set("memory.words_max", "800").toml());
    eventually("a refusal", async || {
        let status = server.status().await;
        let why = status["config"]["reload_error"].as_str()?;
        (why.contains("memory.embed_model_dir") && why.contains("is lasttoken")).then_some(())
    })
    .await;
    let found = in_conversation(&server, "a", json!([user(WHEN)])).await;
    assert!(!found.header("x-aios-memory").unwrap().contains("degraded"));

    let place = server.stop().await;
    let stats = place.run(&["memory", "stats", "--json", "--data-dir", "data"]).ended(0).json();
    assert!(stats["vectors_by"].as_str().unwrap().starts_with("the model in "), "{stats}");
}

#[test]
fn preflight_and_serve_say_what_is_wrong_with_a_model() {
    let place = Place::simulated();
    put_model(place.path());
    let settings = "memory.embeddings = true\nmemory.embed_model_dir = \"model\"\n";
    let whole = format!("{settings}{}", place.read("aios.toml"));
    place.write("aios.toml", &whole);
    let ran = place.run(&["preflight"]).ended(0);
    assert!(ran.stdout.contains("vectors of 32 numbers by the model in "), "{}", ran.stdout);
    place.write("model/config.json", r#"{"model_type": "mpnet"}"#);
    let ran = place.run(&["preflight"]).ended(2);
    assert!(ran.stdout.contains("7/8 passing"), "{}", ran.stdout);
    let ran = place.run(&["serve"]).ended(1);
    for part in ["memory.embed_model_dir", "config.json", "hint: "] {
        assert!(ran.stderr.contains(part), "{part}: {}", ran.stderr);
    }
}

#[test]
fn questions_are_asked_by_the_model_too() {
    let asked = |embeddings: bool| {
        let place = Place::simulated();
        put_model(place.path());
        let settings =
            format!("memory.embeddings = {embeddings}\nmemory.embed_model_dir = \"model\"\n");
        place.write("aios.toml", &format!("{settings}{}", place.read("aios.toml")));
        let eval = ["retrieval", "eval", "--demo", "--unit", "turn", "--json", "--target", "0"];
        place.run(&eval).ended(0).json()
    };
    // A model that means nothing finds other things than words do.
    let (words, model) = (asked(false), asked(true));
    assert_eq!(words["demo"], true);
    assert_ne!(words["report"]["ndcg"], model["report"]["ndcg"]);
}
