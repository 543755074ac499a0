//! However a reply is streamed, the client gets what it would get in one piece.

use std::sync::Arc;

use aios_privacy::{Action, KeyMaterial, Policy, Redactor, Sink, Vault, corpus};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::gateway::sinks::{OnUnscannable, SinkOptions, Sinks};

/// Masks, and undoes the placeholders of `hidden`.
fn filter(hidden: &str) -> (ReplyFilter, String) {
    filter_of(hidden, false)
}

fn filter_of(hidden: &str, wants_json: bool) -> (ReplyFilter, String) {
    let policy = Policy::default().with_default(Sink::Client, Action::Mask);
    let options = SinkOptions { on_unscannable: OnUnscannable::Block, restore_in_tools: false };
    let sinks = Sinks::new(policy, |_| Redactor::default(), options).unwrap();
    let mut vault = Vault::new(&KeyMaterial::new([7; 32]));
    let placeholder = vault.hide(&Redactor::default(), hidden);
    (ReplyFilter::new(&Arc::new(sinks), Some(vault), wants_json).unwrap(), placeholder)
}

fn delta(choice: u64, delta: &Value) -> String {
    let event = json!({"id": "c", "model": "m", "choices": [{"index": choice, "delta": delta, "finish_reason": null}]});
    format!("data: {event}\n\n")
}

fn finish(choice: u64) -> String {
    let event =
        json!({"id": "c", "choices": [{"index": choice, "delta": {}, "finish_reason": "stop"}]});
    format!("data: {event}\n\n")
}

fn run(filter: &mut StreamFilter, blocks: impl IntoIterator<Item = String>) -> Vec<Value> {
    let out: Vec<u8> =
        blocks.into_iter().flat_map(|block| filter.block(Bytes::from(block)).unwrap()).collect();
    events(&out)
}

fn events(out: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(out).unwrap();
    let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
    data.filter(|data| *data != "[DONE]").map(|data| serde_json::from_str(data).unwrap()).collect()
}

/// What a client puts together of one field.
fn joined(events: &[Value], choice: u64, pointer: &str) -> String {
    let choices = events.iter().filter_map(|event| event["choices"].as_array()).flatten();
    let own = choices.filter(|one| one["index"] == choice);
    own.filter_map(|one| one.pointer(pointer)?.as_str()).collect()
}

fn pieces<'t>(text: &'t str, cuts: &[usize]) -> Vec<&'t str> {
    let (mut pieces, mut rest) = (Vec::new(), text);
    for n in cuts.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, after) = rest.split_at(rest.ceil_char_boundary((*n).min(rest.len())));
        pieces.push(piece);
        rest = after;
    }
    pieces
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn however_a_reply_is_cut_the_whole_is_the_same(
        seeds in proptest::collection::vec(any::<u64>(), 1..4),
        cuts in proptest::collection::vec(1..60usize, 1..20),
    ) {
        let (mut whole, placeholder) = filter("li@example.com");
        let text: String = seeds.iter().map(|seed| corpus::sample(*seed).text + &placeholder).collect();
        let mut body = json!({"choices": [{"message": {"content": text,
            "tool_calls": [{"function": {"arguments": text}}]}}]});
        whole.value(&mut body);
        let mut stream = StreamFilter::new(filter("li@example.com").0);
        let mut blocks = Vec::new();
        for piece in pieces(&text, &cuts) {
            // Two choices, and two fields of one, take turns.
            blocks.push(delta(0, &json!({"content": piece})));
            blocks.push(delta(1, &json!({"reasoning": piece})));
            blocks.push(delta(0, &json!({"tool_calls": [{"index": 3, "function": {"arguments": piece}}]})));
        }
        blocks.extend([finish(0), finish(1), "data: [DONE]\n\n".to_owned()]);
        let events = run(&mut stream, blocks);
        let message = &body["choices"][0]["message"];
        let expect = message["content"].as_str().unwrap();
        prop_assert!(expect.contains("li@example.com"));
        prop_assert_eq!(joined(&events, 0, "/delta/content"), expect);
        prop_assert_eq!(joined(&events, 1, "/delta/reasoning"), expect);
        let arguments = joined(&events, 0, "/delta/tool_calls/0/function/arguments");
        prop_assert_eq!(&arguments, message["tool_calls"][0]["function"]["arguments"].as_str().unwrap());
        prop_assert!(!arguments.contains("li@example.com"), "a tool gets no value back");
        let last = events.iter().rposition(|event| event["choices"][0]["finish_reason"] == "stop");
        prop_assert_eq!(last, Some(events.len() - 1), "nothing comes after the end");
    }
}

fn call(function: &Value) -> Value {
    json!({"tool_calls": [{"index": 0, "function": function}]})
}

/// What comes of a call in one piece.
fn called_with(arguments: &str) -> String {
    let mut body = json!({"message": call(&json!({"name": "pay", "arguments": arguments}))});
    filter("").0.value(&mut body);
    body["message"]["tool_calls"][0]["function"]["arguments"].as_str().unwrap().to_owned()
}

#[test]
fn a_tool_is_named_at_once_and_what_it_is_called_with_stays_json() {
    let arguments =
        r#"{ "card": 4111111111111111, "n": 7, "to": ["jo@example.com"], "jo@example.com": "x" }"#;
    let expect = r#"{ "card": "[CREDIT_CARD]", "n": 7, "to": ["[EMAIL]"], "[EMAIL]": "x" }"#;
    assert_eq!(called_with(arguments), expect);
    let mut blocks = vec![delta(0, &call(&json!({"name": "pay", "arguments": ""})))];
    let piece = |piece: &str| delta(0, &call(&json!({"arguments": piece})));
    blocks.extend(pieces(arguments, &[7]).into_iter().map(piece));
    blocks.push(finish(0));
    let out = run(&mut StreamFilter::new(filter("").0), blocks);
    let name = "/delta/tool_calls/0/function/name";
    assert_eq!(joined(&out[..1], 0, name), "pay", "{:?}", out[0]);
    assert_eq!(joined(&out, 0, name), "pay");
    assert_eq!(joined(&out, 0, "/delta/tool_calls/0/function/arguments"), expect);
    let typed = |of: &str, key: &str, text: &str| {
        let of = format!("response.function_call_arguments.{of}");
        format!("data: {}\n\n", json!({"type": of, "output_index": 0, key: text}))
    };
    let deltas = pieces(arguments, &[7]).into_iter().map(|piece| typed("delta", "delta", piece));
    let blocks = deltas.chain([typed("done", "arguments", arguments)]);
    let out = run(&mut StreamFilter::new(filter("").0), blocks);
    assert_eq!(out.iter().filter_map(|event| event["delta"].as_str()).collect::<String>(), expect);
    assert_eq!(out.last().unwrap()["arguments"], expect);
}

#[test]
fn what_is_blocked_in_a_call_ends_the_stream_and_so_does_what_is_too_long() {
    let policy = Policy::default().with_default(Sink::Client, Action::Block);
    let options = SinkOptions { on_unscannable: OnUnscannable::Block, restore_in_tools: false };
    let sinks = Arc::new(Sinks::new(policy, |_| Redactor::default(), options).unwrap());
    let code = |arguments: &str| {
        let mut stream = StreamFilter::new(ReplyFilter::new(&sinks, None, false).unwrap());
        let piece = delta(0, &call(&json!({"arguments": arguments})));
        let ended = stream.block(piece.into()).and_then(|_| stream.block(finish(0).into()));
        ended.map_err(|error| error.code())
    };
    assert_eq!(code(r#"{"card": 4111111111111111}"#), Err("pii_blocked"));
    assert_eq!(code(&format!("\"{}\"", "a ".repeat(3 << 20))), Err("pii_unscannable"));
    assert!(code(r#"{"card": 4}"#).is_ok());
}

#[test]
fn half_of_a_call_does_not_go_out() {
    let mut stream = StreamFilter::new(filter("").0);
    let half = json!({"arguments": r#"{"to": "all of them", "password": "correct horse"#});
    let out = run(&mut stream, [delta(0, &call(&half))]);
    assert_eq!(joined(&out, 0, "/delta/tool_calls/0/function/arguments"), "");
    assert_eq!(stream.broken(), "");
}

#[test]
fn what_a_tool_of_ones_own_is_called_with_keeps_its_placeholders() {
    let (mut filter, placeholder) = filter("li@example.com");
    let mut done = json!({"type": "response.custom_tool_call_input.done", "input": placeholder});
    filter.value(&mut done);
    assert_eq!(done["input"], placeholder);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn however_a_call_is_cut_it_is_the_same_json(
        seeds in proptest::collection::vec(any::<u64>(), 1..4),
        cuts in proptest::collection::vec(1..60usize, 1..20),
        number: u64,
    ) {
        let texts: Vec<_> = seeds.iter().map(|seed| corpus::sample(*seed).text).collect();
        let arguments = json!({"texts": texts, &texts[0]: number, "card": 4111111111111111u64}).to_string();
        let expect = called_with(&arguments);
        prop_assert!(serde_json::from_str::<Value>(&expect).is_ok(), "{}", expect);
        prop_assert!(!expect.contains("4111111111111111"));
        let piece = |piece: &str| delta(0, &call(&json!({"arguments": piece})));
        let blocks = pieces(&arguments, &cuts).into_iter().map(piece).chain([finish(0)]);
        let out = run(&mut StreamFilter::new(filter("").0), blocks);
        prop_assert_eq!(joined(&out, 0, "/delta/tool_calls/0/function/arguments"), expect);
    }
}

/// What comes of an answer in one piece, of which JSON was asked.
fn answered_with(text: &str) -> String {
    let mut body = json!({"choices": [{"index": 0, "message": {"content": text}}]});
    filter_of("", true).0.value(&mut body);
    body["choices"][0]["message"]["content"].as_str().unwrap().to_owned()
}

/// The same in pieces.
fn streamed(text: &str, cuts: &[usize]) -> String {
    let piece = |piece: &str| delta(0, &json!({"content": piece}));
    let blocks = pieces(text, cuts).into_iter().map(piece).chain([finish(0)]);
    joined(&run(&mut StreamFilter::new(filter_of("", true).0), blocks), 0, "/delta/content")
}

#[test]
fn an_answer_that_was_asked_for_as_json_stays_json() {
    let check = |text: &str, expect: &str| {
        assert_eq!(answered_with(text), expect, "{text}");
        assert_eq!(streamed(text, &[3]), expect, "{text}");
    };
    check(
        r#"{ "card": 4111111111111111, "n": 7, "to": ["jo@example.com"], "jo@example.com": null }"#,
        r#"{ "card": "[CREDIT_CARD]", "n": 7, "to": ["[EMAIL]"], "[EMAIL]": null }"#,
    );
    check(" 4111111111111111 ", r#" "[CREDIT_CARD]" "#);
    check(r#""jo@example.com""#, r#""[EMAIL]""#);
    // What was asked for need not come.
    check("Sorry, jo@example.com.", "Sorry, [EMAIL].");
    check(r#"{"card": 4111111111111111, "to": "#, r#"{"card": [CREDIT_CARD], "to": "#);
    check("", "");
    // What the model says besides is text, and comes as it can.
    let thinks = json!({"reasoning_content": "{\"card\": 4111111111111111}"});
    let mut stream = StreamFilter::new(filter_of("", true).0);
    let out = run(&mut stream, [delta(0, &thinks), finish(0)]);
    let thought = joined(&out, 0, "/delta/reasoning_content");
    assert_eq!(thought, r#"{"card": [CREDIT_CARD]}"#);
    let typed = |of: &str, key: &str, text: &str| {
        let of = format!("response.output_text.{of}");
        format!("data: {}\n\n", json!({"type": of, "output_index": 0, key: text}))
    };
    let text = r#"{"card": 4111111111111111}"#;
    let deltas = pieces(text, &[7]).into_iter().map(|piece| typed("delta", "delta", piece));
    let mut stream = StreamFilter::new(filter_of("", true).0);
    let out = run(&mut stream, deltas.chain([typed("done", "text", text)]));
    let expect = r#"{"card": "[CREDIT_CARD]"}"#;
    assert_eq!(out.iter().filter_map(|event| event["delta"].as_str()).collect::<String>(), expect);
    assert_eq!(out.last().unwrap()["text"], expect);
    assert_eq!(stream.filter().seen(text), expect, "the log has what the client got");
}

#[test]
fn of_json_that_broke_off_goes_out_what_is_whole() {
    let broken = |text: &str| {
        let mut stream = StreamFilter::new(filter_of("", true).0);
        run(&mut stream, [delta(0, &json!({"content": text}))]);
        joined(&events(&stream.broken()), 0, "/delta/content")
    };
    assert_eq!(broken(r#"{"card": 4111111111111111}"#), r#"{"card": "[CREDIT_CARD]"}"#);
    assert_eq!(
        broken(r#"{"say": "all is well", "to": "jo@exa"#),
        r#"{"say": "all is well", "to":"#
    );
    assert_eq!(broken("41111111"), "", "it may be the half of a number");
}

#[test]
fn in_json_that_was_asked_for_a_value_comes_back_as_json() {
    let hidden = "https://example.com/?q=a&password=x\\y";
    let (mut filter, placeholder) = filter_of(hidden, true);
    assert_ne!(placeholder, hidden);
    let mut body =
        json!({"choices": [{"message": {"content": json!({"of": placeholder}).to_string()}}]});
    filter.value(&mut body);
    let text = body["choices"][0]["message"]["content"].as_str().unwrap();
    let answer: Value = serde_json::from_str(text).unwrap();
    assert_eq!(answer["of"], hidden);
}

/// Any JSON, with what is masked in it here and there.
fn any_json() -> impl Strategy<Value = Value> {
    let text = any::<u64>().prop_map(|seed| corpus::sample(seed).text);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        Just(json!(4111111111111111u64)),
        Just(json!(2025550143u64)),
        any::<String>().prop_map(Value::from),
        text.clone().prop_map(Value::from),
    ];
    let key =
        prop_oneof![any::<String>(), text, Just("password".to_owned()), Just("data".to_owned())];
    leaf.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(key.clone(), inner.clone(), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
            // JSON in a text of JSON.
            inner.prop_map(|value| Value::from(value.to_string())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn whatever_json_an_answer_is_it_is_json_when_it_is_masked(
        value in any_json(),
        pretty: bool,
        cuts in proptest::collection::vec(1..60usize, 1..20),
    ) {
        let text = if pretty { format!("{value:#}") } else { value.to_string() };
        let expect = answered_with(&text);
        prop_assert!(serde_json::from_str::<Value>(&expect).is_ok(), "{} from {}", expect, text);
        prop_assert!(!expect.contains("4111111111111111"), "{}", expect);
        prop_assert_eq!(streamed(&text, &cuts), expect);
    }
}

#[test]
fn what_has_no_text_passes_as_it_came() {
    let mut stream = StreamFilter::new(filter("").0);
    for raw in [
        ": keep-alive\n\n",
        "data: {\"choices\":[], \"usage\" : {\"total_tokens\": 1.0}}\n\n",
        "data:{\"choices\":[{\"delta\":{\"role\":\"assistant\"} ,\"index\":0}]}\r\n\r\n",
        "data: [DONE]\n\n",
    ] {
        assert_eq!(stream.block(Bytes::from(raw)).unwrap(), raw);
    }
}

#[test]
fn what_was_held_goes_out_before_the_end_however_it_ends() {
    let text = json!({"content": "write to jo@example.com"});
    let mut stream = StreamFilter::new(filter("").0);
    let out = run(&mut stream, [delta(0, &text), "data: [DONE]\n\n".to_owned()]);
    assert_eq!(joined(&out, 0, "/delta/content"), "write to [EMAIL]");
    assert_eq!(out[1]["id"], "c", "it is like the event it came in");
    let mut stream = StreamFilter::new(filter("").0);
    run(&mut stream, [delta(0, &text)]);
    assert_eq!(joined(&events(&stream.ended().unwrap()), 0, "/delta/content"), "write to [EMAIL]");
    let mut stream = StreamFilter::new(filter("").0);
    run(&mut stream, [delta(0, &json!({"content": "write to jo@exa"}))]);
    let out = events(&stream.broken());
    assert_eq!(joined(&out, 0, "/delta/content"), "write to", "half a value does not go out");
}

#[test]
fn completions_and_several_choices_in_one_event_are_told_apart() {
    let mut stream = StreamFilter::new(filter("").0);
    let event = json!({"choices": [
        {"index": 1, "text": "jo@exam", "logprobs": {"tokens": ["jo"]}, "finish_reason": null},
        {"index": 0, "text": "li@example.com", "finish_reason": "length"}]});
    let more = json!({"choices": [{"index": 1, "text": "ple.com", "finish_reason": "stop"}]});
    let out = run(&mut stream, [format!("data: {event}\n\n"), format!("data: {more}\n\n")]);
    assert_eq!(joined(&out, 0, "/text"), "[EMAIL]");
    assert_eq!(joined(&out, 1, "/text"), "[EMAIL]");
    assert_eq!(out[0]["choices"][0]["logprobs"], Value::Null);
}

#[test]
fn words_with_their_likelihoods_stay_as_the_model_said_them_where_placeholders_are_undone() {
    let policy = Policy::default().with_default(Sink::Upstream, Action::Placeholder);
    let options = SinkOptions { on_unscannable: OnUnscannable::Block, restore_in_tools: false };
    let sinks = Arc::new(Sinks::new(policy, |_| Redactor::default(), options).unwrap());
    let restoring = || {
        let mut vault = Vault::new(&KeyMaterial::new([7; 32]));
        let placeholder = vault.hide(&Redactor::default(), "li@example.com");
        (ReplyFilter::new(&sinks, Some(vault), false).unwrap(), placeholder)
    };
    let (mut whole, placeholder) = restoring();
    let words = json!({"content": [
        {"token": placeholder, "logprob": -0.1, "top_logprobs": [{"token": "<EM"}, {"token": "AIL"}]}]});
    let mut body = json!({"choices": [{"message": {"content": placeholder}, "logprobs": words}]});
    whole.value(&mut body);
    assert_eq!(body["choices"][0]["message"]["content"], "li@example.com");
    assert_eq!(body["choices"][0]["logprobs"], words);
    let mut stream = StreamFilter::new(restoring().0);
    let event = |delta: &Value| {
        let choice = json!({"index": 0, "delta": delta, "logprobs": words, "finish_reason": null});
        format!("data: {}\n\n", json!({"choices": [choice]}))
    };
    let (head, tail) = placeholder.split_at(4);
    let blocks = [head, tail].map(|piece| event(&json!({"content": piece})));
    let out = run(&mut stream, blocks.into_iter().chain([finish(0)]));
    assert_eq!(joined(&out, 0, "/delta/content"), "li@example.com");
    assert!(out[..2].iter().all(|event| event["choices"][0]["logprobs"] == words), "{out:?}");
}

#[test]
fn typed_events_are_filtered_and_numbered_on() {
    let mut stream = StreamFilter::new(filter("").0);
    let typed = |n: u64, of: &str, more: Value| {
        let mut event =
            json!({"type": of, "sequence_number": n, "output_index": 0, "content_index": 0});
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        format!("event: {of}\ndata: {event}\n\n")
    };
    let out = run(
        &mut stream,
        [
            typed(0, "response.output_text.delta", json!({"delta": "mail jo@exa"})),
            typed(1, "response.output_text.delta", json!({"delta": "mple.com"})),
            typed(2, "response.output_text.done", json!({"text": "mail jo@example.com"})),
            typed(
                3,
                "response.completed",
                json!({"response": {"output": [{"content": [{"text": "mail jo@example.com"}]}]}}),
            ),
        ],
    );
    let deltas: String = out.iter().filter_map(|event| event["delta"].as_str()).collect();
    assert_eq!(deltas, "mail [EMAIL]");
    assert_eq!(out[3]["text"], "mail [EMAIL]");
    assert_eq!(out[4]["response"]["output"][0]["content"][0]["text"], "mail [EMAIL]");
    let numbers: Vec<_> = out.iter().map(|event| event["sequence_number"].as_u64()).collect();
    assert_eq!(numbers, [0, 1, 2, 3, 4].map(Some));
}

proptest! {
    #[test]
    fn whatever_an_endpoint_sends_the_filter_goes_on(blocks in proptest::collection::vec(any::<Vec<u8>>(), 1..6), lines: Vec<String>) {
        let mut stream = StreamFilter::new(filter("").0);
        let typed = lines.iter().map(|line| format!("data: {{\"type\":{line:?},\"delta\":{line:?}}}\n\n").into_bytes());
        for block in blocks.into_iter().chain(typed) {
            prop_assert!(stream.block(Bytes::from(block)).is_ok());
        }
        prop_assert!(stream.ended().is_ok());
    }
}

#[test]
fn audio_in_pieces_passes_as_it_came() {
    let event = json!({"type": "response.audio.delta", "delta": "QUJD".repeat(20)});
    let raw = format!("event: response.audio.delta\ndata: {event}\n\n");
    let mut stream = StreamFilter::new(filter("").0);
    assert_eq!(stream.block(Bytes::from(raw.clone())).unwrap(), raw);
    let raw = delta(0, &json!({"audio": {"data": "QUJD".repeat(20)}}));
    assert_eq!(stream.block(Bytes::from(raw.clone())).unwrap(), raw);
    let metrics = crate::metrics::Metrics::new();
    stream.filter().report(&metrics);
    let page = metrics.scrape();
    assert!(page.contains(r#"unscanned_bytes_total{sink="client",reason="data"} 160"#), "{page}");
}

#[test]
fn a_whole_reply_that_is_no_json_is_refused() {
    let error = filter("").0.whole(&Bytes::from("jo@example.com")).unwrap_err();
    assert_eq!((error.code(), error.status().as_u16()), ("pii_unscannable", 502));
    let half = Bytes::from(r#"{"a":"\ud83d jo@example.com"}"#);
    assert_eq!(filter("").0.whole(&half).unwrap(), "{\"a\":\"\u{fffd} [EMAIL]\"}");
}

#[test]
fn a_failure_in_a_line_of_its_own_is_masked() {
    let mut stream = StreamFilter::new(filter("").0);
    let out = stream.block(Bytes::from("error: {\"message\":\"no jo@example.com\"}\n\n"));
    assert_eq!(out.unwrap(), "error: {\"message\":\"no [EMAIL]\"}\n\n");
}

#[test]
fn what_is_no_json_goes_nowhere() {
    let mut stream = StreamFilter::new(filter("").0);
    assert_eq!(stream.block(Bytes::from("data: jo@example.com\n\n")).unwrap(), "");
}
