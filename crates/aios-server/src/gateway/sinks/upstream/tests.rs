//! What models get in place of a request's texts, wherever these stand.

use aios_privacy::{Action, PiiKind, Policy, Redactor, corpus};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::gateway::sinks::{OnUnscannable, SinkOptions};

fn sinks(policy: Policy, on_unscannable: OnUnscannable) -> Sinks {
    let options = SinkOptions { on_unscannable, restore_in_tools: false };
    Sinks::new(policy, |_| Redactor::default(), options).unwrap()
}

fn all(action: Action) -> Policy {
    Policy::default().with_default(Sink::Upstream, action)
}

fn send(sinks: &Sinks, body: &str, own: &[Range<usize>]) -> Result<Sent, GatewayError> {
    sinks.upstream(body, own, || KeyMaterial::new([7; 32]), &Metrics::new())
}

/// The body with its edits.
fn sent(policy: Policy, body: &str) -> String {
    let sent = send(&sinks(policy, OnUnscannable::Block), body, &[]).unwrap();
    edited(body, sent.edits)
}

fn edited(body: &str, edits: Vec<Edit>) -> String {
    let mut text = body.to_owned();
    for (at, with) in edits.into_iter().rev().map(Edit::into_parts) {
        text.replace_range(at, std::str::from_utf8(&with).unwrap());
    }
    text
}

fn check(body: &Value, expect: &Value) {
    let masked: Value = serde_json::from_str(&sent(all(Action::Mask), &body.to_string())).unwrap();
    assert_eq!(masked, *expect);
}

#[test]
fn every_text_of_every_dialect_is_masked() {
    let jo = "jo@example.com";
    check(
        &json!({"messages": [
            {"role": "system", "name": jo, "content": format!("I am {jo}")},
            {"role": "user", "content": [{"type": "text", "text": jo}, {"type": "new", "x": {"y": [jo]}}]},
            {"role": "assistant", "tool_calls": [{"id": "c", "function": {"name": "f", "arguments": json!({"to": jo, jo: 1}).to_string()}}]},
        ], "tools": [{"function": {"description": jo, "parameters": {"properties": {jo: {"enum": [jo]}}}}}]}),
        &json!({"messages": [
            {"role": "system", "name": "[EMAIL]", "content": "I am [EMAIL]"},
            {"role": "user", "content": [{"type": "text", "text": "[EMAIL]"}, {"type": "new", "x": {"y": ["[EMAIL]"]}}]},
            {"role": "assistant", "tool_calls": [{"id": "c", "function": {"name": "f", "arguments": json!({"to": "[EMAIL]", "[EMAIL]": 1}).to_string()}}]},
        ], "tools": [{"function": {"description": "[EMAIL]", "parameters": {"properties": {"[EMAIL]": {"enum": ["[EMAIL]"]}}}}}]}),
    );
    check(
        &json!({"prompt": [jo, "x"], "suffix": jo, "input": jo, "instructions": jo, "metadata": {"a": jo}, "user": jo}),
        &json!({"prompt": ["[EMAIL]", "x"], "suffix": "[EMAIL]", "input": "[EMAIL]", "instructions": "[EMAIL]", "metadata": {"a": "[EMAIL]"}, "user": "[EMAIL]"}),
    );
}

#[test]
fn arguments_stay_json_and_their_keys_are_cues() {
    let word = ["hunter", "22", "x"].concat();
    let arguments = format!(r#"{{ "password": "{word}", "card": 4111111111111111, "n": [1, 2] }}"#);
    check(&json!({"metadata": {"password": word}}), &json!({"metadata": {"password": "[SECRET]"}}));
    check(
        &json!({"arguments": arguments}),
        &json!({"arguments": r#"{ "password": "[SECRET]", "card": "[CREDIT_CARD]", "n": [1, 2] }"#}),
    );
}

#[test]
fn bytes_that_hold_nothing_stay_as_they_came() {
    let body =
        r#"{ "a" : 1.50, "b":"\u0041\/ jo@example.com", "seed":4111111111111111,"c":"\u0041" }"#;
    let expect = r#"{ "a" : 1.50, "b":"A/ [EMAIL]", "seed":4111111111111111,"c":"\u0041" }"#;
    assert_eq!(sent(all(Action::Mask), body), expect);
    assert_eq!(sent(all(Action::Detect), body), body);
}

#[test]
fn placeholders_come_back_and_others_are_escaped() {
    let body = r#"{"a":"jo@example.com, again jo@example.com","b":"<=EMAIL_7QK2>"}"#;
    let sent = send(&sinks(all(Action::Placeholder), OnUnscannable::Block), body, &[]).unwrap();
    let hidden = edited(body, sent.edits);
    assert!(!hidden.contains("jo@") && hidden.contains("<==EMAIL_7QK2>"), "{hidden}");
    assert_eq!(hidden.matches("<EMAIL_").count(), 2);
    assert_eq!(sent.vault.unwrap().restore(&hidden), body);
}

#[track_caller]
fn check_refused(policy: Policy, body: &str, code: &str, words: &[&str]) {
    let Err(error) = send(&sinks(policy, OnUnscannable::Block), body, &[]) else {
        panic!("it was sent: {body}")
    };
    assert_eq!((error.code(), error.status().as_u16()), (code, 400));
    let answer = String::from_utf8(error.answer().body.to_vec()).unwrap();
    assert!(words.iter().all(|word| answer.contains(word)), "{answer}");
    assert!(!answer.contains("example.com"), "{answer}");
}

#[test]
fn what_is_blocked_is_named_by_kind_and_field() {
    let policy = Policy::default().with(Sink::Upstream, PiiKind::Email, Action::Block);
    let body =
        r#"{"messages":[{"content":"from 81.2.69.142"},{"content":[{"text":"jo@example.com"}]}]}"#;
    check_refused(policy.clone(), body, "pii_blocked", &["email", "messages[1].content[0].text"]);
    let key = r#"{"metadata":{"jo@example.com":"x"}}"#;
    check_refused(policy, key, "pii_blocked", &["email", "metadata.*"]);
}

#[test]
fn too_much_text_is_refused_or_passed_as_it_is_set() {
    let body = json!({"input": "so it goes on ".repeat(SCANNED_MAX as usize / 14 + 1)}).to_string();
    check_refused(all(Action::Mask), &body, "pii_unscannable", &["upstream", "too_large"]);
    let sent = send(&sinks(all(Action::Mask), OnUnscannable::Pass), &body, &[]).unwrap();
    assert!(sent.edits.is_empty());
    // Where findings are only counted, a missing count is no reason to refuse.
    assert!(send(&sinks(all(Action::Detect), OnUnscannable::Block), &body, &[]).is_ok());
}

proptest! {
    #[test]
    fn whatever_stands_in_a_body_it_stays_json_with_each_text_masked(
        texts in proptest::collection::vec(any::<String>(), 1..5),
        seed: u64,
    ) {
        // Text that is JSON itself is masked within, which is another test's matter.
        let plain = |text: &String| format!("- {text} {}", corpus::sample(seed).text);
        let texts: Vec<_> = texts.iter().map(plain).collect();
        let body = json!({"a": texts, "b": {"c": texts[0]}}).to_string();
        let redactor = Redactor::default();
        let masked: Vec<_> =
            texts.iter().map(|text| redactor.redact(text).text.as_str().to_owned()).collect();
        let read: Value = serde_json::from_str(&sent(all(Action::Mask), &body)).unwrap();
        prop_assert_eq!(read, json!({"a": masked, "b": {"c": masked[0]}}));
    }
}

#[test]
fn images_pass_and_what_only_looks_like_one_does_not() {
    let image = format!("data:image/png;base64,{}", "QUJD".repeat(100));
    let metrics = Metrics::new();
    let body = json!({"image_url": {"url": image}}).to_string();
    let on = sinks(all(Action::Block), OnUnscannable::Block);
    assert!(on.upstream(&body, &[], || KeyMaterial::new([7; 32]), &metrics).is_ok());
    let counted = format!(r#"sink="upstream",reason="data"}} {}"#, image.len());
    assert!(metrics.scrape().contains(&counted), "{}", metrics.scrape());
    let policy = all(Action::Block);
    for body in [
        json!({"content": "data:x;base64,jo@example.com"}),
        json!({"url": "data:x;base64,jo@example.com"}),
        json!({"data": "jo@example.com"}),
    ] {
        check_refused(policy.clone(), &body.to_string(), "pii_blocked", &["email"]);
    }
}

#[test]
fn where_the_gateway_writes_nothing_is_changed() {
    let body = r#"{"model":"jo@example.com"}"#;
    let on = sinks(all(Action::Block), OnUnscannable::Block);
    assert!(send(&on, body, std::slice::from_ref(&(9..25))).unwrap().edits.is_empty());
}
