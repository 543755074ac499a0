use http_body_util::BodyExt;

use super::*;
use crate::{EventAction, Observed, Observer, SseScanner};

const CHAT: &str =
    r#"{"model":"m","messages":[{"role":"user","content":"Why do volcanoes erupt?"}]}"#;

fn model(query: &str) -> SimModel {
    SimModel::from_url(&format!("sim://main?{query}")).unwrap()
}

/// The request with more fields.
fn with(fields: &str) -> String {
    CHAT.replacen('{', &format!("{{{fields},"), 1)
}

/// Status and what came of the body; false if it broke.
async fn call(model: &SimModel, operation: Operation, request: &str) -> (u16, String, bool) {
    let response = model.respond(operation, request.to_owned().into()).await.unwrap();
    let status = response.status().as_u16();
    let mut body = response.into_body();
    let mut text = String::new();
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return (status, text, false) };
        text.push_str(std::str::from_utf8(&frame.into_data().unwrap()).unwrap());
    }
    (status, text, true)
}

async fn call_json(model: &SimModel, operation: Operation, request: &str) -> Value {
    let (_, text, _) = call(model, operation, request).await;
    serde_json::from_str(&text).unwrap()
}

/// What the observer makes of a stream, and the last action.
fn observe(operation: Operation, stream: &str) -> (Observed, EventAction) {
    let mut observer = Observer::new(operation, "m".to_owned(), 10_000, false);
    let mut scanner = SseScanner::default();
    scanner.push(stream.to_owned().into());
    let mut last = EventAction::Comment;
    while let Some(event) = scanner.next_event().unwrap() {
        last = observer.on_event(&event);
    }
    assert_eq!(scanner.pending(), b"");
    (observer.observed(), last)
}

#[tokio::test]
async fn a_stream_says_the_same_as_the_whole_reply() {
    let model = model("instant");
    for (operation, request, ending) in [
        (Operation::Chat, CHAT.to_owned(), EventAction::Done),
        (
            Operation::Completions,
            r#"{"model":"m","prompt":"Name three colors"}"#.to_owned(),
            EventAction::Done,
        ),
        (
            Operation::Responses,
            r#"{"model":"m","input":"Name three colors"}"#.to_owned(),
            EventAction::Forward,
        ),
        (Operation::Chat, with(r#""max_tokens":5"#), EventAction::Done),
        (
            Operation::Responses,
            r#"{"model":"m","input":"Hi","max_output_tokens":3}"#.to_owned(),
            EventAction::Forward,
        ),
    ] {
        let (status, whole, _) = call(&model, operation, &request).await;
        let mut observer = Observer::new(operation, "m".to_owned(), 10_000, false);
        observer.on_whole(whole.as_bytes()).unwrap();
        let streamed =
            request.replacen('{', r#"{"stream":true,"stream_options":{"include_usage":true},"#, 1);
        let (_, stream, _) = call(&model, operation, &streamed).await;
        let (observed, last) = observe(operation, &stream);
        assert_eq!((status, last), (200, ending));
        assert_eq!(observed, observer.observed());
        assert!(
            observed.text.len() > 5
                && observed.finish_reason.is_some()
                && !observed.tokens.tokens_estimated
        );
    }
}

#[tokio::test]
async fn the_shapes_are_those_of_the_api() {
    let model = model("instant");
    let request = with(r#""stream":true,"max_tokens":1,"stream_options":{"include_usage":true}"#);
    let (_, stream, _) = call(&model, Operation::Chat, &request).await;
    insta::assert_snapshot!(stream, @r#"
    data: {"choices":[{"delta":{"content":"","role":"assistant"},"finish_reason":null,"index":0,"logprobs":null}],"created":1767225600,"id":"chatcmpl-sim6113350d386f4b1f","model":"m","object":"chat.completion.chunk","system_fingerprint":"aios-simulated","usage":null}

    data: {"choices":[{"delta":{"content":"The"},"finish_reason":null,"index":0,"logprobs":null}],"created":1767225600,"id":"chatcmpl-sim6113350d386f4b1f","model":"m","object":"chat.completion.chunk","system_fingerprint":"aios-simulated","usage":null}

    data: {"choices":[{"delta":{},"finish_reason":"length","index":0,"logprobs":null}],"created":1767225600,"id":"chatcmpl-sim6113350d386f4b1f","model":"m","object":"chat.completion.chunk","system_fingerprint":"aios-simulated","usage":null}

    data: {"choices":[],"created":1767225600,"id":"chatcmpl-sim6113350d386f4b1f","model":"m","object":"chat.completion.chunk","system_fingerprint":"aios-simulated","usage":{"completion_tokens":1,"prompt_tokens":7,"total_tokens":8}}

    data: [DONE]
    "#);
    let (_, whole, _) = call(&model, Operation::Chat, &with(r#""max_tokens":1"#)).await;
    insta::assert_snapshot!(whole, @r#"{"choices":[{"finish_reason":"length","index":0,"logprobs":null,"message":{"content":"The","refusal":null,"role":"assistant"}}],"created":1767225600,"id":"chatcmpl-sim3f22328084a9cc20","model":"m","object":"chat.completion","system_fingerprint":"aios-simulated","usage":{"completion_tokens":1,"prompt_tokens":7,"total_tokens":8}}"#);
}

#[tokio::test]
async fn tools_are_called_when_demanded_or_spoken_of() {
    let tools = r#""tools":[{"type":"function","function":{"name":"get_weather","parameters":{"type":"object","properties":{"city":{"type":"string"}}}}}]"#;
    let model = model("instant");
    let demanded = with(&format!(r#"{tools},"tool_choice":"required""#));
    let named = with(&format!(
        r#"{tools},"tool_choice":{{"type":"function","function":{{"name":"get_weather"}}}}"#
    ));
    let spoken_of = with(tools).replace("Why do volcanoes erupt?", "Get the weather in Paris");
    let forbidden = spoken_of.replacen('{', r#"{"tool_choice":"none","#, 1);
    let answered = spoken_of.replace("}]}", r#"},{"role":"tool","content":"sunny"}]}"#);
    for (expect, request) in [
        (true, demanded),
        (true, named),
        (true, spoken_of),
        (false, forbidden),
        (false, with(tools)),
        (false, answered),
    ] {
        let reply = call_json(&model, Operation::Chat, &request).await;
        let call = &reply["choices"][0]["message"]["tool_calls"][0]["function"];
        assert_eq!(call["name"] == "get_weather", expect, "{request}\n{reply}");
        if expect {
            let arguments: Value =
                serde_json::from_str(call["arguments"].as_str().unwrap()).unwrap();
            assert!(arguments["city"].is_string(), "{reply}");
        }
        let streamed = request.replacen('{', r#"{"stream":true,"#, 1);
        let (_, stream, _) = self::call(&model, Operation::Chat, &streamed).await;
        assert_eq!(observe(Operation::Chat, &stream).0.tool_calls, expect, "{stream}");
    }
}

#[tokio::test]
async fn a_bad_request_is_refused_in_the_shape_of_the_api() {
    let model = model("instant");
    let cases = [
        (Operation::Chat, r#"{"model":"m"}"#, "messages"),
        (Operation::Chat, r#"{"messages":[]}"#, "messages"),
        (Operation::Completions, "{}", "prompt"),
        (Operation::Responses, "{}", "input"),
        (Operation::Embeddings, "{}", "input"),
        (Operation::Embeddings, r#"{"input":"a","dimensions":0}"#, "dimensions"),
        (Operation::Embeddings, r#"{"input":"a","encoding_format":"hex"}"#, "encoding_format"),
    ];
    for (operation, request, param) in cases {
        let (status, body, _) = call(&model, operation, request).await;
        let error = &serde_json::from_str::<Value>(&body).unwrap()["error"];
        assert_eq!((status, error["param"].as_str()), (400, Some(param)), "{request}");
        let keys: Vec<&String> = error.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["code", "message", "param", "type"]);
    }
    assert_eq!(call(&model, Operation::Chat, "nonsense").await.0, 400);
}

#[tokio::test]
async fn embeddings_come_in_both_encodings() {
    let model = model("instant");
    let floats = call_json(&model, Operation::Embeddings, r#"{"input":["a","b"]}"#).await;
    assert_eq!(floats["data"][1]["embedding"].as_array().unwrap().len(), 384);
    let text = r#"{"input":"a","dimensions":3,"encoding_format":"base64"}"#;
    let text = call_json(&model, Operation::Embeddings, text).await;
    assert_eq!(text["data"][0]["embedding"].as_str().unwrap().len(), 16);
}

#[tokio::test]
async fn the_path_may_have_a_prefix_or_not() {
    let model = model("instant&model=a/b");
    for (method, path, expect) in [
        (Method::GET, "/v1/models", 200),
        (Method::GET, "/models/", 200),
        (Method::GET, "/v1/models/a/b", 200),
        (Method::GET, "/v1/models/other", 404),
        (Method::GET, "/health", 200),
        (Method::GET, "/v1/chat/completions", 404),
        (Method::POST, "/v1/chat/completions", 200),
        (Method::POST, "/chat/completions/", 200),
        (Method::POST, "/v1/nothing", 404),
    ] {
        let response = model.serve_request(&method, path, CHAT.into()).await.unwrap();
        assert_eq!(response.status().as_u16(), expect, "{method} {path}");
    }
}

#[tokio::test(start_paused = true)]
async fn time_passes_as_the_settings_say() {
    let model = model("ttft_ms=400&tps=100");
    let start = Instant::now();
    let response = model.respond(Operation::Chat, with(r#""stream":true"#).into()).await.unwrap();
    assert_eq!(start.elapsed(), Duration::ZERO);
    let mut body = response.into_body();
    body.frame().await.unwrap().unwrap();
    let first = start.elapsed();
    assert!((200..900).contains(&first.as_millis()), "{first:?}");
    let mut n = 0;
    while body.frame().await.is_some() {
        n += 1;
    }
    let per_chunk = (start.elapsed() - first) / n;
    assert!((7..14).contains(&per_chunk.as_millis()), "{per_chunk:?}");
}

#[tokio::test(start_paused = true)]
async fn requests_beyond_the_slots_wait_until_one_is_free() {
    let model = model("slots=1&ttft_ms=1000");
    let first = model.respond(Operation::Chat, with(r#""stream":true"#).into()).await.unwrap();
    let second = model.respond(Operation::Chat, with(r#""stream":true,"n":1"#).into());
    let mut second = std::pin::pin!(second);
    assert!(tokio::time::timeout(Duration::from_secs(60), &mut second).await.is_err());
    drop(first);
    assert!(tokio::time::timeout(Duration::ZERO, second).await.is_ok());
}

#[tokio::test]
async fn each_fault_does_what_it_says() {
    let stream = with(r#""stream":true"#);
    let chat = Operation::Chat;
    assert!(model("instant&refuse").respond(chat, CHAT.into()).await.is_err());
    assert_eq!(call(&model("instant&status=503"), chat, CHAT).await.0, 503);
    assert_eq!(call(&model("instant&error_rate=1"), chat, CHAT).await.0, 500);
    assert_eq!(call(&model("instant&loading_ms=60000"), chat, CHAT).await.0, 503);

    let (_, text, whole) = call(&model("instant&cut_after=3"), chat, &stream).await;
    assert_eq!((text.matches("data: ").count(), whole), (3, false));
    let (_, text, whole) = call(&model("instant&cut_after=999"), chat, CHAT).await;
    assert!(!whole && serde_json::from_str::<Value>(&text).is_err());

    let (_, text, whole) = call(&model("instant&no_done"), chat, &stream).await;
    let (observed, last) = observe(chat, &text);
    assert_eq!((last, whole, observed.finish_reason.is_some()), (EventAction::Forward, true, true));

    for (fault, request) in [("garbage", &stream), ("error_in_200=2", &stream)] {
        let (status, text, _) = call(&model(&format!("instant&{fault}")), chat, request).await;
        let (_, last) = observe(chat, &text);
        assert!(status == 200 && matches!(last, EventAction::Error { .. }), "{fault}: {text}");
    }
    for fault in ["garbage", "error_in_200"] {
        let (status, text, _) = call(&model(&format!("instant&{fault}")), chat, CHAT).await;
        let mut observer = Observer::new(chat, "m".to_owned(), 0, false);
        assert!(status == 200 && observer.on_whole(text.as_bytes()).is_err(), "{fault}: {text}");
    }
    let (_, text, _) = call(&model("instant&wrong_model"), chat, &stream).await;
    assert!(observe(chat, &text).0.model_mismatch);
}

#[tokio::test(start_paused = true)]
async fn a_hanging_model_never_answers_and_recovers_when_switched() {
    let model = model("hang");
    let hour = Duration::from_secs(3_600);
    assert!(tokio::time::timeout(hour, model.respond(Operation::Chat, CHAT.into())).await.is_err());
    model.faults().set(FaultPlan::default());
    assert!(tokio::time::timeout(hour, model.respond(Operation::Chat, CHAT.into())).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn loading_and_rate_limits_pass_with_time() {
    let model = model("instant&loading_ms=5000&rate_limit=2");
    assert_eq!(call(&model, Operation::Chat, CHAT).await.0, 503);
    tokio::time::advance(Duration::from_secs(5)).await;
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(call(&model, Operation::Chat, CHAT).await.0);
    }
    assert_eq!(statuses, [200, 200, 429]);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(call(&model, Operation::Chat, CHAT).await.0, 200);
}

#[tokio::test(start_paused = true)]
async fn a_slow_drip_stretches_streams_and_whole_replies() {
    for request in [CHAT.to_owned(), with(r#""stream":true"#)] {
        let start = Instant::now();
        call(&model("instant&slow_drip_ms=2000"), Operation::Chat, &request).await;
        assert!(start.elapsed() > Duration::from_secs(10), "{:?}", start.elapsed());
    }
}

#[tokio::test]
async fn half_a_character_is_refused_as_any_other_bad_json() {
    for (operation, body) in [
        (Operation::Chat, r#"{"messages":[{"role":"user","content":"\ud800"}]}"#),
        (Operation::Embeddings, r#"{"input":"\ud800"}"#),
    ] {
        let (status, text, _) = call(&model("instant"), operation, body).await;
        let error: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((status, &error["error"]["code"]), (400, &"invalid_json".into()), "{text}");
        let message = error["error"]["message"].as_str().unwrap();
        assert!(
            message.starts_with("We could not parse the JSON body of your request: "),
            "{text}"
        );
    }
}
