use proptest::prelude::*;

use super::*;

fn observer(operation: Operation) -> Observer {
    Observer::new(operation, "qwen".to_owned(), 100, true)
}

fn event(text: &str) -> SseEvent {
    SseEvent::new(Bytes::copy_from_slice(text.as_bytes()))
}

/// Feeds each text as the data of an event; all must be forwarded.
fn forward(operation: Operation, chunks: &[&str]) -> Observed {
    let mut observer = observer(operation);
    for chunk in chunks {
        let action = observer.on_event(&event(&format!("data: {chunk}\n\n")));
        assert_eq!(action, EventAction::Forward, "{chunk}");
    }
    observer.observed()
}

fn reported(input: u64, output: u64) -> Tokens {
    Tokens { input_tokens: Some(input), output_tokens: Some(output), tokens_estimated: false }
}

#[test]
fn a_chat_stream_is_read_while_it_passes() {
    let seen = forward(
        Operation::Chat,
        &[
            r#"{"id":"x","model":"qwen","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":null}"#,
            r#"{"model":"qwen","choices":[{"index":0,"delta":{"reasoning_content":"Hm"}}]}"#,
            r#"{"model":"qwen","choices":[{"index":0,"delta":{"content":"Grü"}}]}"#,
            r#"{"model":"qwen","choices":[{"index":1,"delta":{"content":"other"},"finish_reason":"length"}]}"#,
            r#"{"model":"qwen","choices":[{"index":0,"delta":{"content":"\u00dfe\n"}}]}"#,
            r#"{"model":"qwen","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":3}}"#,
        ],
    );
    let expect = Observed {
        response_model: Some("qwen".to_owned()),
        finish_reason: Some(FinishReason::Stop),
        tokens: reported(9, 3),
        text: "Grüße\n".to_owned(),
        ..Observed::default()
    };
    assert_eq!(seen, expect);
}

#[test]
fn content_begins_with_text_or_a_tool_call() {
    let cases = [
        (false, r#"{"choices":[{"delta":{"role":"assistant","content":""}}]}"#),
        (false, r#"{"choices":[{"delta":{"role":"assistant","content":null,"tool_calls":[]}}]}"#),
        (false, r#"{"choices":[{"delta":{"reasoning":"Let me think"}}]}"#),
        (true, r#"{"choices":[{"delta":{"content":"a"}}]}"#),
        (
            true,
            r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":""}}]}}]}"#,
        ),
        (true, r#"{"choices":[{"text":"a"}]}"#),
    ];
    for (expect, chunk) in cases {
        let mut observer = observer(Operation::Chat);
        observer.on_event(&event(&format!("data: {chunk}\n\n")));
        assert_eq!(observer.content_seen(), expect, "{chunk}");
    }
}

#[test]
fn usage_with_each_chunk_is_kept_and_the_last_counts() {
    let seen = forward(
        Operation::Completions,
        &[
            r#"{"choices":[{"text":"a"}],"usage":{"prompt_tokens":5,"completion_tokens":1}}"#,
            r#"{"choices":[{"text":"b","finish_reason":"length"}],"usage":{"prompt_tokens":5,"completion_tokens":2}}"#,
        ],
    );
    assert_eq!((seen.text.as_str(), seen.tokens), ("ab", reported(5, 2)));
    assert_eq!(seen.finish_reason, Some(FinishReason::Length));
}

#[test]
fn only_a_usage_chunk_of_our_own_asking_is_taken_out() {
    let usage = r#"{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}"#;
    let filters = r#"{"choices":[],"prompt_filter_results":[]}"#;
    let cases = [
        (true, usage, EventAction::Strip),
        (false, usage, EventAction::Forward),
        (true, filters, EventAction::Forward),
    ];
    for (strip_usage, chunk, expect) in cases {
        let mut observer = Observer::new(Operation::Chat, "m".to_owned(), 0, strip_usage);
        assert_eq!(observer.on_event(&event(&format!("data: {chunk}\n\n"))), expect, "{chunk}");
        let counted = if chunk == usage { Some(2) } else { Some(0) };
        assert_eq!(observer.observed().tokens.output_tokens, counted);
    }
}

#[test]
fn events_that_say_nothing_are_told_from_the_end() {
    let cases = [
        (": ping\n\n", EventAction::Comment),
        ("\n", EventAction::Comment),
        ("data:\n\n", EventAction::Comment),
        ("data: [DONE]\n\n", EventAction::Done),
        ("data:[DONE] \r\n\r\n", EventAction::Done),
        ("event: ping\ndata: {\"type\":\"ping\"}\n\n", EventAction::Forward),
    ];
    for (text, expect) in cases {
        assert_eq!(observer(Operation::Chat).on_event(&event(text)), expect, "{text:?}");
    }
}

fn check_error(
    operation: Operation,
    text: &str,
    expect_code: Option<&str>,
    expect_wire: Option<&str>,
) {
    let action = observer(operation).on_event(&event(text));
    let EventAction::Error { detail, code, wire, .. } = action else {
        panic!("{text}: {action:?}")
    };
    assert_eq!(code.as_deref(), expect_code, "{text}");
    assert_eq!(wire.unwrap(), expect_wire.unwrap_or(text), "{text}");
    assert!(!detail.contains("secret"), "{detail}");
}

#[test]
fn errors_in_a_stream_reach_the_client_in_a_form_it_knows() {
    let chat = Operation::Chat;
    let object =
        "data: {\"error\":{\"message\":\"secret\",\"type\":\"server_error\",\"code\":503}}\n\n";
    check_error(chat, object, Some("503"), None);
    check_error(
        chat,
        "data: {\"error\":\"secret\"}\n\n",
        None,
        Some(
            "data: {\"error\":{\"message\":\"secret\",\"type\":\"server_error\",\"param\":null,\"code\":null}}\n\n",
        ),
    );
    check_error(
        chat,
        "error: {\"code\":500,\"message\":\"secret\",\"type\":\"exceed\"}\n\n",
        Some("500"),
        Some(
            "data: {\"error\":{\"message\":\"secret\",\"type\":\"exceed\",\"param\":null,\"code\":\"500\"}}\n\n",
        ),
    );
    check_error(
        chat,
        "event: error\ndata: out of secret memory\n\n",
        None,
        Some(
            "data: {\"error\":{\"message\":\"out of secret memory\",\"type\":\"server_error\",\"param\":null,\"code\":null}}\n\n",
        ),
    );
    check_error(
        chat,
        "event: error\ndata: {\"message\":\"secret\",\"code\":\"oom\"}\n\n",
        Some("oom"),
        Some(
            "data: {\"error\":{\"message\":\"secret\",\"type\":\"server_error\",\"param\":null,\"code\":\"oom\"}}\n\n",
        ),
    );
}

/// Whoever relays the stream says it in the words of all other breaks.
#[test]
fn what_is_no_json_is_not_said_in_words_of_the_models() {
    let action = observer(Operation::Chat).on_event(&event("data: <html>secret</html>\n\n"));
    let expect = EventAction::Error {
        outcome: AttemptOutcome::BadReply,
        detail: "an event of the stream is not JSON".to_owned(),
        code: None,
        body: Bytes::new(),
        wire: None,
    };
    assert_eq!(action, expect);
}

#[test]
fn failures_of_a_responses_stream_pass_as_they_are() {
    for (text, code) in [
        (
            "event: error\ndata: {\"type\":\"error\",\"code\":\"rate_limit\",\"message\":\"secret\"}\n\n",
            Some("rate_limit"),
        ),
        (
            "data: {\"type\":\"response.failed\",\"response\":{\"status\":\"failed\",\"error\":{\"code\":\"server_error\",\"message\":\"secret\"}}}\n\n",
            Some("server_error"),
        ),
        ("data: {\"type\":\"response.failed\",\"response\":{\"error\":null}}\n\n", None),
    ] {
        check_error(Operation::Responses, text, code, None);
    }
}

#[test]
fn an_error_code_that_could_hide_something_private_is_not_kept() {
    let text = "data: {\"error\":{\"message\":\"m\",\"type\":\"a b\",\"code\":\"secret@example.org\"}}\n\n";
    check_error(Operation::Chat, text, None, None);
}

#[test]
fn a_responses_stream_is_read_while_it_passes() {
    let seen = forward(
        Operation::Responses,
        &[
            r#"{"type":"response.created","response":{"model":"other","status":"in_progress","output":[],"usage":null,"error":null}}"#,
            r#"{"type":"response.output_text.delta","delta":"Hel"}"#,
            r#"{"type":"response.output_text.delta","delta":"lo"}"#,
            r#"{"type":"response.output_text.done","text":"Hello"}"#,
            r#"{"type":"response.completed","response":{"model":"other","status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":"Hello"}]}],"usage":{"input_tokens":4,"output_tokens":2}}}"#,
        ],
    );
    let expect = Observed {
        response_model: Some("other".to_owned()),
        model_mismatch: true,
        finish_reason: Some(FinishReason::Stop),
        tokens: reported(4, 2),
        text: "Hello".to_owned(),
        ..Observed::default()
    };
    assert_eq!(seen, expect);
    let cut = r#"{"type":"response.incomplete","response":{"incomplete_details":{"reason":"max_output_tokens"}}}"#;
    assert_eq!(forward(Operation::Responses, &[cut]).finish_reason, Some(FinishReason::Length));
}

fn whole(operation: Operation, body: &str) -> Result<Observed, WholeFault> {
    let mut observer = observer(operation);
    observer.on_whole(body.as_bytes())?;
    Ok(observer.observed())
}

#[test]
fn whole_replies_are_read() {
    let chat = r#"{"model":"Qwen:latest","choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}"#;
    let seen = whole(Operation::Chat, chat).unwrap();
    assert_eq!((seen.text.as_str(), seen.model_mismatch), ("Hi", false));
    assert_eq!((seen.tokens, seen.finish_reason), (reported(1, 2), Some(FinishReason::Stop)));

    let tools = r#"{"choices":[{"message":{"content":null,"tool_calls":[{"id":"c"}]},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":1,"completion_tokens":2}}"#;
    let seen = whole(Operation::Chat, tools).unwrap();
    assert_eq!((seen.tool_calls, seen.finish_reason), (true, Some(FinishReason::ToolCalls)));

    let embeddings = r#"{"object":"list","data":[{"embedding":[0.1,-2e-3]}],"model":"qwen","usage":{"prompt_tokens":7,"total_tokens":7}}"#;
    let seen = whole(Operation::Embeddings, embeddings).unwrap();
    assert_eq!(
        seen.tokens,
        Tokens { input_tokens: Some(7), output_tokens: None, tokens_estimated: false }
    );

    let response = r#"{"model":"qwen","status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},"error":null,"output":[{"type":"reasoning","summary":[]},{"type":"message","content":[{"type":"output_text","text":"Hello"}]}],"usage":{"input_tokens":4,"output_tokens":2}}"#;
    let seen = whole(Operation::Responses, response).unwrap();
    assert_eq!((seen.text.as_str(), seen.tokens), ("Hello", reported(4, 2)));
    assert_eq!(seen.finish_reason, Some(FinishReason::Length));
}

#[test]
fn a_reply_that_is_none_is_refused() {
    let error = |code: Option<&str>, detail: &str| {
        let detail = format!("the model reported an error inside its reply ({detail})");
        ("error_in_reply", detail, code.map(str::to_owned))
    };
    let missing = |key: &str| ("no reply", key.to_owned(), None);
    let cases = [
        (Operation::Chat, "<html>", ("not JSON", String::new(), None)),
        (Operation::Chat, "", ("not JSON", String::new(), None)),
        (Operation::Chat, "{}", missing("choices")),
        (Operation::Embeddings, "{\"object\":\"list\"}", missing("data")),
        (Operation::Responses, "{\"id\":\"r\"}", missing("output")),
        (
            Operation::Responses,
            "{\"status\":\"failed\",\"output\":[]}",
            error(None, "no type, no code"),
        ),
        (Operation::Chat, "{\"error\":\"boom\"}", error(None, "no type, no code")),
        (
            Operation::Embeddings,
            "{\"error\":{\"message\":\"m\",\"type\":\"t\",\"code\":\"c\"}}",
            error(Some("c"), "t, c"),
        ),
    ];
    for (operation, body, expect) in cases {
        let Err(fault) = whole(operation, body) else { panic!("{body}") };
        assert_eq!(told(fault), expect, "{body}");
    }
}

/// A fault in words: kind, what may be logged, code.
fn told(fault: WholeFault) -> (&'static str, String, Option<String>) {
    match fault {
        WholeFault::NotJson => ("not JSON", String::new(), None),
        WholeFault::NotAReply { missing } => ("no reply", missing.to_owned(), None),
        WholeFault::ErrorInReply { outcome, detail, code, .. } => (outcome.name(), detail, code),
    }
}

#[test]
fn a_callers_fault_inside_a_reply_is_the_callers() {
    let cases = [
        (true, r#"{"message":"m","type":"invalid_request_error"}"#),
        (true, r#"{"message":"m","code":"context_length_exceeded"}"#),
        (true, r#"{"message":"m","code":400}"#),
        (false, r#"{"message":"m","type":"server_error","code":500}"#),
        (false, r#""boom""#),
    ];
    for (is_callers, error) in cases {
        let Err(WholeFault::ErrorInReply { outcome, body, .. }) =
            whole(Operation::Chat, &format!("{{\"error\":{error}}}"))
        else {
            panic!("{error}")
        };
        assert_eq!(outcome == AttemptOutcome::CallerError, is_callers, "{error}");
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        let keys: Vec<_> = body["error"].as_object().unwrap().keys().collect();
        assert_eq!(keys, ["code", "message", "param", "type"], "{error}");
    }
}

#[test]
fn a_reply_has_finished_when_each_choice_has() {
    let mut observer = observer(Operation::Chat);
    let mut seen = Vec::new();
    for (index, finish) in [(0, "null"), (1, "null"), (0, "\"stop\""), (1, "\"length\"")] {
        let chunk =
            format!("data: {{\"choices\":[{{\"index\":{index},\"finish_reason\":{finish}}}]}}\n\n");
        observer.on_event(&event(&chunk));
        seen.push(observer.has_finished());
    }
    assert_eq!(seen, [false, false, false, true]);
    assert_eq!(observer.observed().finish_reason, Some(FinishReason::Stop));
}

#[test]
fn kept_text_ends_on_a_character_and_has_no_gap() {
    let mut observer = Observer::new(Operation::Chat, "m".to_owned(), 5, false);
    for piece in ["abc", "dü", "e"] {
        let chunk =
            format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{piece}\"}}}}]}}\n\n");
        observer.on_event(&event(&chunk));
    }
    assert_eq!(observer.observed().text, "abcd");
}

#[test]
fn tokens_are_estimated_where_none_are_reported() {
    let mut observer = observer(Operation::Chat).with_prompt_bytes(41);
    observer.on_event(&event(
        "data: {\"choices\":[{\"delta\":{\"content\":\"12345678\",\"reasoning\":\"1\"}}]}\n\n",
    ));
    let expect = Tokens { input_tokens: Some(11), output_tokens: Some(3), tokens_estimated: true };
    assert_eq!(observer.observed().tokens, expect);
}

/// The data of an event: a text and what stands around it.
fn chunk_data() -> impl Strategy<Value = String> {
    let text = prop::sample::select(vec!["a", " sea", "", "ß", r"\n", r#"\""#, "\t", "1234567"]);
    let around = prop::sample::select(vec![
        r#"{"created":1700000000,"choices":[{"index":0,"delta":{"content":"~"},"finish_reason":null}]}"#,
        r#"{"created":1700000001,"choices":[{"index":0,"delta":{"content":"~"},"finish_reason":null}]}"#,
        r#"{"created":0700000001,"choices":[{"index":0,"delta":{"content":"~"},"finish_reason":null}]}"#,
        r#"{"created":1700000000,"choices":[{"index":1,"delta":{"content":"~"},"finish_reason":null}]}"#,
        r#"{"created":1700000000,"choices":[{"index":0,"delta":{"content":"~"},"finish_reason":"stop"}]}"#,
        r#"{"choices":[{"index":0,"delta":{"reasoning":"~"}}]}"#,
        r#"{"choices":[{"index":0,"delta":{"reasoning":"b","reasoning_content":"~"}}]}"#,
        r#"{"choices":[{"text":"~"}],"usage":null}"#,
        r#"{"choices":[{"text":"~"}],"usage":{"completion_tokens":1}}"#,
        r#"{"choices":[{"text":"~"}],"error":null}"#,
        r#"{"choices":[{"text":"~"}],"error":"x"}"#,
    ]);
    (text, around).prop_map(|(text, around)| around.replace('~', text))
}

proptest! {
    /// A stream is read as it would be if each event were parsed.
    #[test]
    fn comparing_events_comes_to_the_same_as_parsing_them(
        chunks in prop::collection::vec(chunk_data(), 1..12),
    ) {
        let (mut quick, mut slow) = (observer(Operation::Chat), observer(Operation::Chat));
        for chunk in chunks {
            let event = event(&format!("data: {chunk}\n\n"));
            slow.pattern = Pattern::default();
            prop_assert_eq!(quick.on_event(&event), slow.on_event(&event), "{}", chunk);
            prop_assert_eq!(quick.observed(), slow.observed());
        }
    }
}
