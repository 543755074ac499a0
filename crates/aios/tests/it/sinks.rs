//! A value planted in every field of every dialect: what the model, the client and the log get of it.

use serde_json::{Value, json};

use crate::rig::{
    Act, DONE, Received, Server, Setup, Upstream, delta, finish, ok, post, stream_head,
    whole_stream,
};

const MAIL: &str = "jo.planted@example.com";

/// Every field that takes text, with the value in it.
fn planted(stream: bool) -> [(&'static str, Value); 4] {
    let arguments = json!({"to": MAIL, "n": 1}).to_string();
    let tools = json!([{"type": "function", "function": {"name": "send", "description": MAIL,
        "parameters": {"type": "object", "properties": {"to": {"enum": [MAIL]}}}}}]);
    [
        (
            "/v1/chat/completions",
            json!({"model": "aios-main", "stream": stream, "tools": tools, "user": MAIL, "stop": [MAIL],
                "metadata": {"about": MAIL}, "x_new": {MAIL: [MAIL]}, "messages": [
                {"role": "system", "content": MAIL},
                {"role": "user", "name": MAIL, "content": [{"type": "text", "text": MAIL}]},
                {"role": "assistant", "content": null, "refusal": MAIL, "tool_calls": [
                    {"id": "c1", "type": "function", "function": {"name": "send", "arguments": arguments}}]},
                {"role": "tool", "tool_call_id": "c1", "content": MAIL},
                {"role": "user", "content": format!("write to {MAIL}")}]}),
        ),
        (
            "/v1/completions",
            json!({"model": "aios-main", "stream": stream, "prompt": [MAIL], "suffix": MAIL}),
        ),
        ("/v1/embeddings", json!({"model": "aios-main", "input": [MAIL, "x"]})),
        (
            "/v1/responses",
            json!({"model": "aios-main", "stream": stream, "instructions": MAIL, "input": [
                {"role": "user", "content": [{"type": "input_text", "text": MAIL}]},
                {"type": "function_call", "call_id": "c", "name": "send", "arguments": arguments},
                {"type": "function_call_output", "call_id": "c", "output": MAIL}]}),
        ),
    ]
}

fn post_to(path: &str, body: &Value) -> Vec<u8> {
    let body = body.to_string();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body.as_bytes()].concat()
}

/// A reply that repeats the last text of the request in every field of its own.
fn echo(request: &Received) -> Vec<Act> {
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    let said = body["messages"].as_array().and_then(|list| list.last()?["content"].as_str());
    let said = said.or(body["instructions"].as_str()).or(body["suffix"].as_str()).unwrap_or("x");
    let stream = body["stream"] == true;
    if body.get("input").is_some() && body.get("instructions").is_none() {
        return ok(
            &json!({"object": "list", "model": "big", "data": [{"embedding": [0.5], "index": 0}]})
                .to_string(),
        );
    }
    match (stream, body.get("messages").is_some(), body.get("prompt").is_some()) {
        (false, true, _) => ok(&json!({"id": "c", "object": "chat.completion", "model": "big", "choices": [
            {"index": 0, "finish_reason": "stop", "logprobs": {"content": [{"token": said}]},
             "message": {"role": "assistant", "content": said, "reasoning": said, "refusal": said,
                "tool_calls": [{"id": "c", "function": {"name": "send", "arguments": json!({"to": said}).to_string()}}]}}]}).to_string()),
        (false, false, true) => ok(&json!({"id": "c", "object": "text_completion", "model": "big",
            "choices": [{"index": 0, "finish_reason": "stop", "text": said}]}).to_string()),
        (false, false, false) => ok(&json!({"id": "r", "object": "response", "model": "big", "status": "completed",
            "output": [{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": said}]}]}).to_string()),
        (true, true, _) => {
            let calls = |part: &str| json!({"tool_calls": [{"index": 0, "function": {"arguments": part}}]});
            let fields = [json!({"content": ""}), json!({"reasoning": ""})];
            let mut events = Vec::new();
            for letter in said.chars().map(String::from) {
                for field in &fields {
                    let key = field.as_object().unwrap().keys().next().unwrap();
                    events.push(of_chat(&json!({key: letter})));
                }
                events.push(of_chat(&calls(&letter)));
            }
            events.extend([finish(), DONE.to_owned()]);
            whole_stream(&events)
        }
        (true, false, true) => {
            let text = |letter: String| format!("data: {}\n\n", json!({"id": "c", "object": "text_completion", "model": "big",
                "choices": [{"index": 0, "text": letter, "finish_reason": null}]}));
            let mut events: Vec<_> = said.chars().map(|letter| text(letter.to_string())).collect();
            let end = json!({"id": "c", "object": "text_completion", "model": "big", "choices": [{"index": 0, "text": "", "finish_reason": "stop"}]});
            events.extend([format!("data: {end}\n\n"), DONE.to_owned()]);
            whole_stream(&events)
        }
        (true, false, false) => {
            let event = |of: &str, more: Value| format!("event: {of}\ndata: {}\n\n", merged(json!({"type": of, "output_index": 0, "content_index": 0}), more));
            let mut events: Vec<_> = said.chars().map(|letter| event("response.output_text.delta", json!({"delta": letter.to_string()}))).collect();
            events.push(event("response.output_text.done", json!({"text": said})));
            events.push(event("response.completed", json!({"response": {"id": "r", "model": "big", "status": "completed",
                "output": [{"type": "message", "content": [{"type": "output_text", "text": said}]}]}})));
            whole_stream(&events)
        }
    }
}

fn of_chat(delta: &Value) -> String {
    let event = json!({"id": "c", "object": "chat.completion.chunk", "model": "big", "choices": [{"index": 0, "delta": delta, "finish_reason": null}]});
    format!("data: {event}\n\n")
}

fn merged(mut one: Value, other: Value) -> Value {
    one.as_object_mut().unwrap().extend(other.as_object().unwrap().clone());
    one
}

/// The texts of a reply, put together by field where it is a stream.
fn texts(reply: &str) -> Vec<String> {
    let mut texts = std::collections::BTreeMap::<String, String>::new();
    let events = reply.lines().filter_map(|line| line.strip_prefix("data: "));
    let all: Vec<Value> = events.filter_map(|data| serde_json::from_str(data).ok()).collect();
    let all = if all.is_empty() { vec![serde_json::from_str(reply).unwrap()] } else { all };
    for value in &all {
        let of = value["type"].as_str().unwrap_or_default();
        collect(value, of, &mut texts);
    }
    texts.into_values().collect()
}

fn collect(value: &Value, path: &str, texts: &mut std::collections::BTreeMap<String, String>) {
    match value {
        Value::String(text) => texts.entry(path.to_owned()).or_default().push_str(text),
        Value::Array(list) => list.iter().for_each(|one| collect(one, path, texts)),
        Value::Object(object) => {
            object.iter().for_each(|(key, one)| collect(one, &format!("{path}.{key}"), texts));
        }
        _ => {}
    }
}

/// Sends every dialect through; gives what came of each: at the model, at the client.
async fn through(sinks: &[(&str, &str)], stream: bool) -> (Vec<(String, Vec<String>)>, Vec<Value>) {
    let upstream = Upstream::start(echo).await;
    let setup = sinks.iter().fold(Setup::main(&upstream), |setup, (key, value)| {
        setup.set(&format!("privacy.sinks.{key}"), value)
    });
    let server = Server::start(&setup).await;
    let mut seen = Vec::new();
    for (path, body) in planted(stream) {
        let reply = server.ask(&post_to(path, &body)).await.expect(200);
        let n = seen.len() + 1;
        let received = upstream.received(n).await.remove(n - 1).text();
        seen.push((received, texts(&reply.text())));
    }
    server.settled().await;
    let events = server.events(4).await;
    (seen, events)
}

#[track_caller]
fn holds(what: &str, text: &str, expect: bool) {
    assert_eq!(text.contains("jo.planted"), expect, "{what}: {text}");
}

async fn check(sinks: &[(&str, &str)], at_model: bool, at_client: bool) {
    for stream in [false, true] {
        let (seen, events) = through(sinks, stream).await;
        for (n, (received, reply)) in seen.iter().enumerate() {
            holds("the model's", received, at_model);
            // Vectors bring nothing back.
            holds("the client's", &reply.join("\n"), at_client && n != 2);
        }
        for event in events {
            assert_eq!(event["outcome"], "ok", "{event}");
            holds("the log's", &event.to_string(), false);
        }
    }
}

#[tokio::test]
async fn by_default_only_the_log_is_masked() {
    check(&[], true, true).await;
}

#[tokio::test]
async fn a_masked_model_sees_nothing_in_any_field() {
    check(&[("upstream", r#"{ default = "off", email = "mask" }"#)], false, false).await;
}

#[tokio::test]
async fn a_masked_client_sees_nothing_in_any_field() {
    check(&[("client", r#""mask""#)], true, false).await;
}

#[tokio::test]
async fn an_answer_that_was_asked_for_as_json_is_json_when_it_is_masked() {
    let upstream = Upstream::start(echo).await;
    let setup = Setup::main(&upstream).set("privacy.sinks.client", r#""mask""#);
    let server = Server::start(&setup).await;
    let answer = r#"{"card":4111111111111111,"to":"jo.planted@example.com"}"#;
    let expect = r#"{"card":"[CREDIT_CARD]","to":"[EMAIL]"}"#;
    for stream in [false, true] {
        let body = json!({"model": "aios-main", "stream": stream, "messages": [
            {"role": "user", "content": answer}], "response_format": {"type": "json_object"}});
        let reply = server.ask(&post_to("/v1/chat/completions", &body)).await.expect(200).text();
        let n_masked = texts(&reply).iter().filter(|text| *text == expect).count();
        // In a stream a tool is called with the same.
        assert_eq!(n_masked, if stream { 2 } else { 1 }, "{reply}");
    }
}

#[tokio::test]
async fn placeholders_come_back_to_the_client_but_not_to_its_tools() {
    for stream in [false, true] {
        let (seen, events) = through(&[("upstream", r#""placeholder""#)], stream).await;
        for (received, _) in &seen {
            holds("the model's", received, false);
            assert!(received.contains("<EMAIL_"), "{received}");
        }
        let (_, chat) = &seen[0];
        let back = chat.iter().filter(|text| text.contains(&format!("write to {MAIL}"))).count();
        assert_eq!(back, if stream { 2 } else { 3 }, "{chat:?}");
        // The tool's argument, and the word with its likelihood, which is the model's own.
        let hidden = chat.iter().filter(|text| text.contains("<EMAIL_")).count();
        assert_eq!(hidden, if stream { 1 } else { 2 }, "{chat:?}");
        for event in &events {
            holds("the log's", &event.to_string(), false);
        }
        assert_eq!(events[0]["response"], "write to [EMAIL]", "what the client got, masked");
    }
}

#[tokio::test]
async fn the_log_withholds_what_is_blocked_there() {
    let (seen, events) = through(&[("log", r#"{ email = "block" }"#)], false).await;
    holds("the client's", &seen[0].1.join("\n"), true);
    assert_eq!(events[0]["question"], "[WITHHELD]", "{}", events[0]);
    assert!(events[0]["redactions"]["email"].as_u64() > Some(0), "{}", events[0]);
    for event in &events {
        holds("the log's", &event.to_string(), false);
    }
}

#[tokio::test]
async fn the_log_counts_what_is_only_detected_there() {
    let upstream = Upstream::start(echo).await;
    let server =
        Server::start(&Setup::main(&upstream).set("privacy.sinks.log", r#""detect""#)).await;
    let [(path, body), ..] = planted(false);
    server.ask(&post_to(path, &body)).await.expect(200);
    server.settled().await;
    let page = server.admin("GET", "/metrics", "").await.text();
    let line = r#"aios_privacy_findings_total{kind="email",sink="log",action="detect"}"#;
    assert!(page.contains(line), "{page}");
    let event = server.events(1).await.remove(0);
    holds("the log's", &event.to_string(), true);
    assert_eq!(event.get("redactions"), None, "{event}");
}

#[tokio::test]
async fn what_is_blocked_reaches_no_model_and_leaves_one_event() {
    let upstream = Upstream::start(echo).await;
    let setup = Setup::main(&upstream).set("privacy.sinks.upstream", r#"{ email = "block" }"#);
    let server = Server::start(&setup).await;
    for (path, body) in planted(true) {
        let reply = server.ask(&post_to(path, &body)).await.expect(400);
        assert_eq!(reply.error_code(), "pii_blocked");
        let message = reply.json()["error"]["message"].as_str().unwrap().to_owned();
        assert!(message.contains("email") && !message.contains("planted"), "{message}");
    }
    let page = server.admin("GET", "/metrics", "").await.text();
    for line in [
        r#"aios_privacy_findings_total{kind="email",sink="upstream",action="block"} 4"#,
        r#"aios_privacy_scanned_bytes_total{sink="upstream"}"#,
    ] {
        assert!(page.contains(line), "{page}");
    }
    server.settled().await;
    let events = server.events(4).await;
    for event in &events {
        assert_eq!(
            (&event["outcome"], &event["error_code"]),
            (&json!("caller_error"), &json!("pii_blocked"))
        );
        holds("the log's", &event.to_string(), false);
    }
    assert_eq!(upstream.n_received(), 0);
}

#[tokio::test]
async fn values_come_back_to_tools_where_that_is_allowed() {
    for stream in [false, true] {
        let sinks = [("upstream", r#""placeholder""#), ("restore_in_tools", "true")];
        let (seen, _) = through(&sinks, stream).await;
        let (_, chat) = &seen[0];
        let hidden = chat.iter().filter(|text| text.contains("<EMAIL_")).count();
        assert_eq!(hidden, usize::from(!stream), "a word with its likelihood: {chat:?}");
    }
}

#[tokio::test]
async fn what_another_turn_has_hidden_comes_back_to_no_request_but_one_that_holds_it() {
    // The model answers each turn with the placeholder that it saw in the first.
    let first = std::sync::Mutex::new(String::new());
    let upstream = Upstream::start(move |request: &Received| {
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let mut first = first.lock().unwrap();
        if first.is_empty() {
            first.push_str(body["input"].as_str().unwrap());
        }
        let output = json!([{"type": "message", "role": "assistant", "content": [
            {"type": "output_text", "text": *first}]}]);
        ok(&json!({"id": "resp_1", "object": "response", "model": "big", "status": "completed",
            "previous_response_id": body["previous_response_id"], "output": output})
        .to_string())
    })
    .await;
    let setup = Setup::main(&upstream).set("privacy.sinks.upstream", r#""placeholder""#);
    let server = Server::start(&setup).await;
    let ask = async |input: &str, previous: Value| {
        let body = json!({"model": "aios-main", "input": input, "conversation": "chat-1",
            "previous_response_id": previous});
        let reply = server.ask(&post_to("/v1/responses", &body)).await.expect(200).json();
        (reply["output"][0]["content"][0]["text"].as_str().unwrap().to_owned(), reply)
    };
    assert_eq!(ask(MAIL, Value::Null).await.0, MAIL);
    // The server keeps the conversation, and this turn does not hold the value.
    let (text, reply) = ask("go on", json!("resp_1")).await;
    assert!(text.starts_with("<EMAIL_"), "{text}");
    assert_eq!(reply["previous_response_id"], "resp_1");
    let received = upstream.received(2).await.remove(1).text();
    assert!(received.contains("\"previous_response_id\":\"resp_1\""), "{received}");
    // Sent again in the same conversation it has the same name, and comes back.
    assert_eq!(ask(&format!("and {MAIL}?"), json!("resp_1")).await.0, MAIL);
    for event in server.events(3).await {
        holds("the log's", &event.to_string(), false);
    }
}

#[tokio::test]
async fn an_answer_that_is_blocked_ends_before_the_value() {
    for stream in [false, true] {
        let upstream = Upstream::start(echo).await;
        let setup = Setup::main(&upstream)
            .set("privacy.sinks.client", r#"{ default = "detect", email = "block" }"#);
        let server = Server::start(&setup).await;
        let [chat, completion, _, response] = planted(stream);
        for (path, body) in [chat, completion, response] {
            let reply = server.ask(&post_to(path, &body)).await;
            let reply = reply.expect(if stream { 200 } else { 502 }).text();
            assert!(reply.contains("pii_blocked") && reply.contains("email"), "{reply}");
            assert!(!reply.contains("[DONE]"), "{reply}");
            holds("the client's", &texts(&reply).join("\n"), false);
        }
        server.settled().await;
        for event in server.events(3).await {
            assert_eq!(event["error_code"], "pii_blocked", "{event}");
            holds("the log's", &event.to_string(), false);
        }
    }
}

#[tokio::test]
async fn what_is_only_detected_in_answers_is_counted_and_stays() {
    for stream in [false, true] {
        let upstream = Upstream::start(echo).await;
        let setup = Setup::main(&upstream).set("privacy.sinks.client", r#""detect""#);
        let server = Server::start(&setup).await;
        let [_, (path, body), ..] = planted(stream);
        let reply = server.ask(&post_to(path, &body)).await.expect(200);
        holds("the client's", &texts(&reply.text()).join("\n"), true);
        server.settled().await;
        let page = server.admin("GET", "/metrics", "").await.text();
        let line = r#"aios_privacy_findings_total{kind="email",sink="client",action="detect"} 1"#;
        assert!(page.contains(line), "{page}");
    }
}

#[tokio::test]
async fn an_endpoint_that_repeats_the_request_in_its_error_is_masked() {
    let error = json!({"error": {"message": format!("no such user: {MAIL}"), "type": "invalid_request_error",
        "param": null, "code": "bad"}});
    let upstream = Upstream::always(crate::rig::reply(400, "", &error.to_string())).await;
    let setup = Setup::main(&upstream).set("privacy.sinks.client", r#""mask""#);
    let server = Server::start(&setup).await;
    let reply = server.chat("aios-main", "x").await.expect(400);
    assert_eq!(reply.json()["error"]["message"], "no such user: [EMAIL]");
}

#[tokio::test]
async fn a_broken_stream_gives_out_no_half_of_a_value() {
    let acts =
        vec![stream_head(), crate::rig::chunk(delta("write to jo.planted@exam")), Act::Close];
    let upstream = Upstream::always(acts).await;
    let server =
        Server::start(&Setup::main(&upstream).set("privacy.sinks.client", r#""mask""#)).await;
    let reply = server.ask(&post(&crate::rig::chat("aios-main", "x", true))).await.expect(200);
    holds("the client's", &reply.text(), false);
    assert!(reply.text().contains("write to"), "{}", reply.text());
    assert!(
        reply.text().contains("upstream_connection_lost")
            || reply.text().contains("upstream_stream_cut"),
        "{}",
        reply.text()
    );
    let events = server.events(1).await;
    assert_eq!(events[0]["outcome"], "stream_cut");
}

#[tokio::test]
async fn a_reload_turns_a_sink_on() {
    let upstream = Upstream::start(echo).await;
    let setup = Setup::main(&upstream);
    let server = Server::start(&setup).await;
    let [(path, body), ..] = planted(false);
    server.ask(&post_to(path, &body)).await.expect(200);
    let before = server.status().await["config"]["generation"].as_u64().unwrap();
    server.configure(&setup.set("privacy.sinks.upstream", r#""mask""#).toml());
    crate::rig::eventually("the reload", async || {
        (server.status().await["config"]["generation"].as_u64().unwrap() > before).then_some(())
    })
    .await;
    server.ask(&post_to(path, &body)).await.expect(200);
    let received = upstream.received(2).await;
    holds("the model's", &received[0].text(), true);
    holds("the model's", &received[1].text(), false);
}
