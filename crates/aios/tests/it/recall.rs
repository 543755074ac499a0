//! The memory in a request's path.

#[cfg(feature = "local-embeddings")]
mod local;

use serde_json::{Value, json};

use crate::rig::{
    Act, DONE, Gate, Received, Reply, Server, Setup, Upstream, chat_json, delta, eventually,
    finish, ok, post_with, reply, usage, whole_stream,
};

const FERRY: &str = "The ferry to the island leaves at noon; write to jo.planted@example.com.";
const WHEN: &str = "When does the ferry to the island leave?";

/// The memory on, in no hurry, and without chance.
fn setup(upstream: &Upstream, mode: &str) -> Setup {
    Setup::main(upstream)
        .all_to_main()
        .set("memory.mode", &format!("\"{mode}\""))
        .set("memory.search_timeout", "\"30s\"")
        .set("memory.withheld_pct", "0.0")
}

fn user(content: &str) -> Value {
    json!({"role": "user", "content": content})
}

async fn say(server: &Server, headers: &str, messages: Value, stream: bool) -> Reply {
    let body = json!({"model": "aios-auto", "stream": stream, "messages": messages});
    server.ask(&post_with(headers, body.to_string().as_bytes())).await.expect(200)
}

async fn in_conversation(server: &Server, id: &str, messages: Value) -> Reply {
    say(server, &format!("x-conversation-id: {id}\r\n"), messages, false).await
}

/// Waits until so many turns were kept or refused.
async fn kept(server: &Server, n: u64) {
    counted(server, "aios_memory_stored_total", n).await;
}

async fn counted(server: &Server, name: &str, n: u64) {
    eventually(name, async || {
        let page = server.admin("GET", "/metrics", "").await.expect(200).text();
        let counts = page.lines().filter(|line| line.starts_with(name));
        let count = |line: &str| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap();
        (counts.map(count).sum::<u64>() >= n).then_some(())
    })
    .await;
}

fn messages(received: &Received) -> Vec<Value> {
    let body: Value = serde_json::from_slice(&received.body).unwrap();
    body["messages"].as_array().unwrap().clone()
}

async fn last_messages(upstream: &Upstream, n: usize) -> Vec<Value> {
    messages(&upstream.received(n).await[n - 1])
}

fn aboard(request: &Received) -> Vec<Act> {
    if request.has("\"stream\":true") {
        let said = ["Then I will be ", "aboard at noon."].map(delta);
        return whole_stream([&said[..], &[finish(), usage(), DONE.to_owned()]].concat());
    }
    ok(&chat_json("big", "Then I will be aboard at noon."))
}

#[tokio::test]
async fn what_was_said_is_found_again_and_put_before_the_last_turn() {
    for stream in [false, true] {
        let upstream = Upstream::start(aboard).await;
        let server = Server::start(&setup(&upstream, "conversation")).await;
        let id = "x-conversation-id: trip\r\n";
        let first = say(&server, id, json!([user(FERRY)]), stream).await;
        assert_eq!(first.header("x-aios-memory"), Some("0 fragments"));
        kept(&server, 2).await;
        let parts = json!([{"type": "text", "text": WHEN}]);
        let asked =
            json!([{"role": "system", "content": "Be brief."}, {"role": "user", "content": parts}]);
        let second = say(&server, id, asked.clone(), stream).await;
        assert_eq!(second.header("x-aios-memory"), Some("2 fragments"));
        let sent = last_messages(&upstream, 2).await;
        assert_eq!((sent.len(), &sent[0], &sent[2]), (3, &asked[0], &asked[1]));
        let block = sent[1]["content"].as_str().unwrap();
        assert_eq!(sent[1]["role"], "user");
        assert!(block.contains("leaves at noon; write to [EMAIL]"), "{block}");
        assert!(block.contains("Then I will be aboard at noon."), "{block}");
        let events = server.events(2).await;
        assert_eq!(events[1]["memory_fragments"], json!(["m1", "m2"]));
        assert_eq!(events[1]["memory"], json!({"outcome": "given", "propensity": 1.0}));
        assert_eq!((&events[1]["question"], &events[1]["msg_id"]), (&json!(WHEN), &json!(1)));
        assert_eq!(events[0]["memory"]["outcome"], "nothing");
    }
}

#[tokio::test]
async fn nothing_is_remembered_unless_somebody_asks_for_it() {
    let upstream = Upstream::start(aboard).await;
    let server = Server::start(&setup(&upstream, "off")).await;
    let plain = in_conversation(&server, "a", json!([user(FERRY)])).await;
    assert_eq!(plain.header("x-aios-memory"), None);
    assert!(!server.place().path().join("data/memory").exists());
    let asks = "x-conversation-id: a\r\nx-aios-memory: conversation\r\n";
    let first = say(&server, asks, json!([user(FERRY)]), false).await;
    assert_eq!(first.header("x-aios-memory"), Some("0 fragments"));
    kept(&server, 2).await;
    let found = say(&server, asks, json!([user(WHEN)]), false).await;
    assert_eq!(found.header("x-aios-memory"), Some("2 fragments"));
    let off = say(&server, "x-aios-memory: off\r\n", json!([user(WHEN)]), false).await;
    assert_eq!(off.header("x-aios-memory"), Some("off"));
    // Nobody knows whose it is.
    let guessed = say(&server, "x-aios-memory: conversation\r\n", json!([user(WHEN)]), false).await;
    assert_eq!(guessed.header("x-aios-memory"), Some("off"));
    let wrong = post_with(
        "x-aios-memory: all\r\n",
        br#"{"model":"aios-auto","messages":[{"role":"user","content":"x"}]}"#,
    );
    assert_eq!(server.ask(&wrong).await.expect(400).json()["error"]["param"], "x-aios-memory");
}

#[tokio::test]
async fn requests_have_no_say_where_that_is_set() {
    let upstream = Upstream::start(aboard).await;
    let server = Server::start(&setup(&upstream, "off").set("memory.by_header", "false")).await;
    let body = json!({"model": "aios-auto", "messages": [user(WHEN)]}).to_string();
    let ask = |mode: &str| post_with(&format!("x-aios-memory: {mode}\r\n"), body.as_bytes());
    server.ask(&ask("user")).await.expect(400);
    server.ask(&ask("off")).await.expect(200);
}

#[tokio::test]
async fn a_user_is_remembered_in_every_conversation_and_nobody_else_is() {
    let upstream = Upstream::start(aboard).await;
    let server = Server::start(&setup(&upstream, "user")).await;
    let ask = async |user_id: &str, text: &str| {
        let body = json!({"model": "aios-auto", "user": user_id, "messages": [user(text)],
            "metadata": {"conversation_id": format!("of {text}")}});
        let reply = server.ask(&post_with("", body.to_string().as_bytes())).await.expect(200);
        reply.header("x-aios-memory").unwrap().to_owned()
    };
    assert_eq!(ask("ann", FERRY).await, "0 fragments");
    kept(&server, 2).await;
    assert_eq!(ask("ann", WHEN).await, "2 fragments");
    assert_eq!(ask("bob", WHEN).await, "0 fragments");
    // Without a user all of a key's requests would be one person's.
    let none = in_conversation(&server, "c", json!([user(WHEN)])).await;
    assert_eq!(none.header("x-aios-memory"), Some("off"));
}

#[tokio::test]
async fn a_conversation_that_is_called_like_a_user_has_nothing_of_the_user() {
    let upstream = Upstream::start(aboard).await;
    let server = Server::start(&setup(&upstream, "user")).await;
    let body = json!({"model": "aios-auto", "user": "42", "messages": [user(FERRY)]}).to_string();
    server.ask(&post_with("", body.as_bytes())).await.expect(200);
    kept(&server, 2).await;
    let other = "x-conversation-id: 42\r\nx-aios-memory: conversation\r\n";
    let other = say(&server, other, json!([user(WHEN)]), false).await;
    assert_eq!(other.header("x-aios-memory"), Some("0 fragments"));
    assert_eq!(last_messages(&upstream, 2).await, [user(WHEN)]);
}

#[tokio::test]
async fn what_chance_withholds_is_on_record() {
    let upstream = Upstream::start(aboard).await;
    let server =
        Server::start(&setup(&upstream, "conversation").set("memory.withheld_pct", "100.0")).await;
    in_conversation(&server, "a", json!([user(FERRY)])).await;
    kept(&server, 2).await;
    let second = in_conversation(&server, "a", json!([user(WHEN)])).await;
    assert_eq!(second.header("x-aios-memory"), Some("withheld"));
    assert_eq!(last_messages(&upstream, 2).await, [user(WHEN)]);
    let events = server.events(2).await;
    assert_eq!(events[1]["memory"], json!({"outcome": "withheld", "propensity": 1.0}));
    assert_eq!(events[1].get("memory_fragments"), None);
}

#[tokio::test]
async fn our_own_block_is_no_question_and_no_turn() {
    let upstream = Upstream::start(aboard).await;
    let server = Server::start(&setup(&upstream, "conversation")).await;
    in_conversation(&server, "a", json!([user(FERRY)])).await;
    kept(&server, 2).await;
    in_conversation(&server, "a", json!([user(WHEN)])).await;
    kept(&server, 4).await;
    let block = last_messages(&upstream, 2).await[0].clone();
    // A client that sends back all that it saw, and one that asks with the block in its question.
    let inside =
        format!("{}\n\nAnd where is the harbor of it?", block["content"].as_str().unwrap());
    for asked in [json!([block, user("And where is the harbor of it?")]), json!([user(&inside)])] {
        in_conversation(&server, "b", asked).await;
    }
    kept(&server, 8).await;
    let sent = last_messages(&upstream, 4).await;
    assert_eq!(sent.last().unwrap(), &user("And where is the harbor of it?"));
    let place = server.stop_after(4).await;
    let events = crate::rig::log(&place);
    for event in &events[2..] {
        assert_eq!(
            (&event["question"], &event["msg_id"]),
            (&json!("And where is the harbor of it?"), &json!(1))
        );
    }
    let args =
        ["memory", "search", "ferry island noon", "--conv-id", "b", "--json", "--data-dir", "data"];
    let found = place.run(&args).ended(0).json()["results"].to_string();
    assert!(!found.contains("leaves at noon") && !found.contains("aios-memory"), "{found}");
}

#[tokio::test]
async fn a_model_that_quotes_what_it_was_shown_says_nothing_new() {
    let upstream = Upstream::start(|request| {
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let shown = body["messages"][0]["content"].as_str().unwrap();
        let said = if shown.contains("aios-memory") { shown } else { "I see." };
        ok(&chat_json("big", &format!("{said}\nSo at noon.")))
    })
    .await;
    let server = Server::start(&setup(&upstream, "conversation")).await;
    in_conversation(&server, "a", json!([user(FERRY)])).await;
    kept(&server, 2).await;
    let second = in_conversation(&server, "a", json!([user(WHEN)])).await;
    assert!(second.text().contains("leaves at noon"), "the client gets what was said");
    kept(&server, 4).await;
    let place = server.stop_after(2).await;
    let args = [
        "memory",
        "search",
        "So at noon, ferry?",
        "--conv-id",
        "a",
        "--json",
        "--data-dir",
        "data",
    ];
    let found = place.run(&args).ended(0).json()["results"].to_string();
    assert!(found.contains("So at noon.") && !found.contains("aios-memory"), "{found}");
    assert_eq!(found.matches("leaves at noon").count(), 1, "{found}");
}

#[tokio::test]
async fn what_the_prompt_holds_is_not_given_again() {
    let upstream = Upstream::start(aboard).await;
    let server = Server::start(&setup(&upstream, "conversation")).await;
    let question = "Which ferry leaves for the island, and when?";
    in_conversation(&server, "a", json!([user(question)])).await;
    kept(&server, 2).await;
    let answer = json!({"role": "assistant", "content": "Then I will be aboard at noon."});
    let again = in_conversation(&server, "a", json!([user(question), answer, user(WHEN)])).await;
    assert_eq!(again.header("x-aios-memory"), Some("0 fragments"));
    assert_eq!(last_messages(&upstream, 2).await.len(), 3);
}

#[tokio::test]
async fn what_the_prompt_holds_is_not_given_again_though_it_was_masked() {
    let upstream = Upstream::start(aboard).await;
    let server = Server::start(&setup(&upstream, "conversation")).await;
    in_conversation(&server, "a", json!([user(FERRY)])).await;
    kept(&server, 2).await;
    let answer = json!({"role": "assistant", "content": "Then I will be aboard at noon."});
    let again = in_conversation(&server, "a", json!([user(FERRY), answer, user(WHEN)])).await;
    assert_eq!(again.header("x-aios-memory"), Some("0 fragments"));
}

#[tokio::test]
async fn events_name_fragments_by_ids_that_nobody_chose() {
    let upstream = Upstream::start(aboard).await;
    let place = crate::program::Place::new();
    place.write("aios.toml", &setup(&upstream, "conversation").toml());
    let add = ["memory", "add", FERRY, "--conv-id", "a", "--id", "jo.planted@example.com"];
    place.run(&[&add[..], &["--data-dir", "data"]].concat()).ended(0);
    let server = Server::start_in(place).await;
    let found = in_conversation(&server, "a", json!([user(WHEN)])).await;
    assert_eq!(found.header("x-aios-memory"), Some("1 fragments"));
    let events = server.events(1).await;
    assert_eq!(events[0]["memory_fragments"], json!(["m1"]));
    assert!(!events[0].to_string().contains("planted"), "{}", events[0]);
}

#[tokio::test]
async fn who_is_erased_is_not_remembered_even_by_what_is_under_way() {
    let gate = Gate::default();
    let held = gate.clone();
    let upstream = Upstream::start(move |request| {
        let answer = aboard(request);
        let is_held = request.has("HOLD");
        if is_held { [vec![Act::Hold(held.clone())], answer].concat() } else { answer }
    })
    .await;
    let server = Server::start(&setup(&upstream, "conversation")).await;
    in_conversation(&server, "a", json!([user(FERRY)])).await;
    kept(&server, 2).await;
    let request =
        json!({"model": "aios-auto", "messages": [user("HOLD the ferry for me, please.")]});
    let mut client = server.client().await;
    client.send(&post_with("x-conversation-id: a\r\n", request.to_string().as_bytes())).await;
    upstream.received(2).await;
    eventually("the first event", async || (!server.log().is_empty()).then_some(())).await;
    let erase = ["data", "delete", "--conv-id", "a", "--execute", "--data-dir", "data"];
    server.place().run(&erase).ended(0);
    gate.open();
    client.reply().await.expect(200);
    let later = in_conversation(&server, "a", json!([user(WHEN)])).await;
    assert_eq!(later.header("x-aios-memory"), Some("off"));
    kept(&server, 4).await;
    let place = server.stop().await;
    let stats = ["memory", "stats", "--json", "--data-dir", "data"];
    assert_eq!(place.run(&stats).ended(0).json()["n_fragments"], 0);
}

#[tokio::test]
async fn a_memory_that_cannot_be_used_costs_no_answer() {
    let upstream = Upstream::start(aboard).await;
    let place = crate::program::Place::new();
    place.write("aios.toml", &setup(&upstream, "conversation").toml());
    place.write(
        "data/memory/memory.sqlite",
        "this is no database at all, and long enough to be read as one",
    );
    let server = Server::start_in(place).await;
    let reply = in_conversation(&server, "a", json!([user(FERRY)])).await;
    assert_eq!(reply.header("x-aios-memory"), Some("degraded"));
    let events = server.events(1).await;
    assert_eq!(
        (&events[0]["outcome"], &events[0]["memory"]["outcome"]),
        (&json!("ok"), &json!("failed"))
    );
}

/// Vectors by what a text is about: ships, or anything else.
fn vectors(request: &Received, model: &str) -> Vec<Act> {
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    let texts = body["input"].as_array().unwrap().iter().map(|text| text.as_str().unwrap());
    let of = |text: &str| {
        assert!(!text.contains("jo.planted"), "{text}");
        let is_ship = ["ferry", "vessel"].iter().any(|word| text.contains(word));
        if is_ship { [1.0, 0.1] } else { [-0.1, 1.0] }
    };
    let data: Vec<Value> =
        texts.enumerate().map(|(n, text)| json!({"index": n, "embedding": of(text)})).collect();
    ok(&json!({"object": "list", "model": model, "data": data}).to_string())
}

#[tokio::test]
async fn what_shares_no_word_is_found_by_its_vector() {
    let upstream = Upstream::start(aboard).await;
    let embedder = Upstream::start(|request| vectors(request, "e1")).await;
    let server = Server::start(&with_vectors(&upstream, &embedder)).await;
    in_conversation(&server, "a", json!([user(FERRY)])).await;
    counted(&server, "aios_memory_embedded_total", 2).await;
    let question = json!([user("Which hour does that vessel sail?")]);
    let found = in_conversation(&server, "a", question.clone()).await;
    assert_eq!(found.header("x-aios-memory"), Some("2 fragments"));
    let place = server.stop().await;
    // Another model: what the first one made compares with nothing, and is made anew.
    drop(embedder);
    let embedder = Upstream::start(|request| vectors(request, "e2")).await;
    place.write("aios.toml", &with_vectors(&upstream, &embedder).toml());
    let server = Server::start_in(place).await;
    counted(&server, "aios_memory_embedded_total", 3).await;
    let found = in_conversation(&server, "a", question).await;
    assert_ne!(found.header("x-aios-memory"), Some("0 fragments"));
}

#[tokio::test]
async fn a_text_that_the_model_refuses_keeps_no_other_from_its_vector_and_no_question_from_its_answer()
 {
    let upstream = Upstream::start(|request| {
        if !request.has("\"input\":") {
            return aboard(request);
        }
        let is_refused = request.has("vessel");
        if is_refused { reply(400, "", "{}") } else { vectors(request, "e1") }
    })
    .await;
    // One endpoint for all: what it does not embed must not keep it from answering.
    let server = Server::start(&with_vectors(&upstream, &upstream)).await;
    in_conversation(&server, "a", json!([user("My vessel is called Dawn, and it is fast.")])).await;
    in_conversation(&server, "b", json!([user(FERRY)])).await;
    counted(&server, "aios_memory_embedded_total", 3).await;
    let found = in_conversation(&server, "b", json!([user(WHEN)])).await;
    assert_eq!(found.header("x-aios-memory"), Some("2 fragments"));
    counted(&server, "aios_memory_embedded_total", 4).await;
    let place = server.stop().await;
    let stats = place.run(&["memory", "stats", "--json", "--data-dir", "data"]).ended(0).json();
    assert_eq!((&stats["n_fragments"], &stats["n_vectors"]), (&json!(5), &json!(4)), "{stats}");
}

fn with_vectors(upstream: &Upstream, embedder: &Upstream) -> Setup {
    setup(upstream, "conversation")
        .with_embedder(embedder, "")
        .set("memory.embeddings", "true")
        .set("memory.embed_timeout", "\"30s\"")
}

#[tokio::test]
async fn a_vector_that_does_not_come_leaves_the_words() {
    let upstream = Upstream::start(aboard).await;
    let embedder = Upstream::always(vec![Act::AwaitHangUp]).await;
    let setup = with_vectors(&upstream, &embedder).set("memory.embed_timeout", "\"1ms\"");
    let server = Server::start(&setup).await;
    let first = in_conversation(&server, "a", json!([user(FERRY)])).await;
    assert_eq!(first.header("x-aios-memory"), Some("0 fragments, degraded"));
    kept(&server, 2).await;
    let found = in_conversation(&server, "a", json!([user(WHEN)])).await;
    assert_eq!(found.header("x-aios-memory"), Some("2 fragments, degraded"));
    let events = server.events(2).await;
    assert_eq!(
        events[1]["memory"],
        json!({"outcome": "given", "is_degraded": true, "propensity": 1.0})
    );
}

#[tokio::test]
async fn a_question_of_another_model_than_the_fragments_says_that_it_is_degraded() {
    let upstream = Upstream::start(aboard).await;
    // Questions come alone, and get another model.
    let embedder = Upstream::start(|request| {
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let is_asked = body["input"].to_string().contains("does");
        vectors(request, if is_asked { "e2" } else { "e1" })
    })
    .await;
    let server = Server::start(&with_vectors(&upstream, &embedder)).await;
    in_conversation(&server, "a", json!([user(FERRY)])).await;
    counted(&server, "aios_memory_embedded_total", 2).await;
    let found = in_conversation(&server, "a", json!([user(WHEN)])).await;
    assert_eq!(found.header("x-aios-memory"), Some("2 fragments, degraded"));
}

#[tokio::test]
async fn simulated_models_serve_vectors_too() {
    let upstream = Upstream::start(aboard).await;
    let setup = setup(&upstream, "conversation")
        .set("memory.embeddings", "true")
        .set("memory.embed_timeout", "\"30s\"");
    let server = Server::start(&setup).await;
    in_conversation(&server, "a", json!([user(FERRY)])).await;
    counted(&server, "aios_memory_embedded_total", 2).await;
    let found = in_conversation(&server, "a", json!([user(WHEN)])).await;
    assert_eq!(found.header("x-aios-memory"), Some("2 fragments"));
    let place = server.stop().await;
    let stats = place.run(&["memory", "stats", "--json", "--data-dir", "data"]).ended(0).json();
    assert_eq!(stats["n_vectors"].as_u64().map(|n| n >= 2), Some(true), "{stats}");
}

#[tokio::test]
async fn what_is_proposed_is_asked_where_it_was_said_and_what_was_said_in_several_places_is_not() {
    let upstream = Upstream::start(aboard).await;
    let server = Server::start(&setup(&upstream, "user")).await;
    let ask = async |conversation: &str, text: &str| {
        let body = json!({"model": "aios-auto", "user": "ann", "messages": [user(text)],
            "metadata": {"conversation_id": conversation}});
        let reply = server.ask(&post_with("", body.to_string().as_bytes())).await.expect(200);
        let said = json!({"event_id": reply.header("x-aios-event-id").unwrap(), "score": 1.0});
        let said = said.to_string();
        let request = format!(
            "POST /v1/feedback HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{said}",
            said.len()
        );
        server.ask(request.as_bytes()).await.expect(200);
    };
    ask("first", FERRY).await;
    kept(&server, 2).await;
    ask("second", WHEN).await;
    kept(&server, 4).await;
    // What is found now was said in both.
    ask("third", WHEN).await;
    kept(&server, 6).await;
    let place = server.stop_after(6).await;
    let create = ["retrieval", "create", "--data-dir", "data"];
    let created = place.run(&create).ended(0);
    let mut cases = created.json();
    assert_eq!(cases["test_cases"].as_array().unwrap().len(), 1, "{}", created.stderr);
    assert!(created.stderr.contains("2 of them were confirmed"), "{}", created.stderr);
    assert!(created.stderr.contains("1 of them used what is not of one conversation"));
    cases["test_cases"][0]["label_source"] = json!("person");
    place.write("qa.json", &cases.to_string());
    let eval = ["retrieval", "eval", "--qa", "qa.json", "--json", "--data-dir", "data"];
    let report = place.run(&eval).ended(0).json();
    assert_eq!((&report["recall"], &report["report"]["n"]), (&json!(1.0), &json!(1)), "{report}");
}

#[tokio::test]
async fn what_a_confirmed_answer_used_was_of_use() {
    let upstream = Upstream::start(aboard).await;
    let server = Server::start(&setup(&upstream, "conversation")).await;
    in_conversation(&server, "a", json!([user(FERRY)])).await;
    kept(&server, 2).await;
    let answer = in_conversation(&server, "a", json!([user(WHEN)])).await;
    assert_eq!(answer.header("x-aios-memory"), Some("2 fragments"));
    kept(&server, 4).await;
    let said =
        json!({"event_id": answer.header("x-aios-event-id").unwrap(), "score": 1.0}).to_string();
    let request = format!(
        "POST /v1/feedback HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{said}",
        said.len()
    );
    server.ask(request.as_bytes()).await.expect(200);
    let score = ["memory", "score", "--json", "--data-dir", "data"];
    let uses = eventually("the use is noted", async || {
        let uses = server.place().run(&score).ended(0).json()["fragments"].clone();
        (uses[1]["n_confirmed"] == 1).then_some(uses)
    })
    .await;
    for fragment in uses.as_array().unwrap() {
        let was_given = ["m1", "m2"].contains(&fragment["id"].as_str().unwrap());
        let expect = json!(u8::from(was_given));
        assert_eq!(
            (&fragment["n_injected"], &fragment["n_confirmed"]),
            (&expect, &expect),
            "{fragment}"
        );
    }
}

#[cfg(not(feature = "local-embeddings"))]
#[test]
fn a_build_that_can_run_no_model_says_so_and_sends_nothing_elsewhere() {
    let place = crate::program::Place::simulated();
    let settings = "memory.embeddings = true\nmemory.embed_model_dir = \"model\"\n";
    place.write("aios.toml", &format!("{settings}{}", place.read("aios.toml")));
    for command in ["serve", "preflight"] {
        let ran = place.run(&[command]).ended(if command == "serve" { 1 } else { 2 });
        let said = format!("{}{}", ran.stdout, ran.stderr);
        assert!(said.contains("build with --features local-embeddings"), "{said}");
    }
}
