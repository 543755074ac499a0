use std::sync::{Arc, OnceLock};

use aios_core::Timestamp;
use aios_privacy::KeyMaterial;
use aios_route::BucketKey;
use proptest::prelude::*;

use super::*;

fn keys(byte: u8) -> Keys {
    let key = KeyMaterial::new([byte; 32]);
    let older = vec![Pseudonymizer::new(1, &KeyMaterial::new([9; 32]))];
    Keys { pseudonyms: Pseudonymizer::new(2, &key), older, bucket: BucketKey::new(&key) }
}

fn found(texts: &[&str]) -> Vec<Recalled> {
    let fragment = |(n, text): (usize, &&str)| RecalledFragment {
        shown: OnceLock::new(),
        number: n as i64,
        id: format!("m{n}"),
        also: Vec::new(),
        home: "c1".to_owned(),
        speaker: Some("user".to_owned()),
        text: (*text).to_owned(),
        ts: Timestamp::from_micros(1_800_000_000_000_000),
        norm_hash: [0; 16],
    };
    let fragments = texts.iter().enumerate().map(fragment).map(Arc::new).collect();
    vec![Recalled { fragments, best: 0, score: 1.0, share: 1.0 }]
}

/// The block as a client reads it.
fn read(keys: &Keys, found: &[Recalled]) -> String {
    serde_json::from_str(&format!("\"{}\"", block(keys, found))).unwrap()
}

fn sent(body: &Value) -> Value {
    let body = Bytes::from(body.to_string());
    serde_json::from_slice(&without_own(&keys(1), Operation::Chat, body)).unwrap()
}

fn user(content: &str) -> Value {
    json!({"role": "user", "content": content})
}

#[test]
fn a_block_says_who_said_what_and_when_as_data() {
    let block = read(&keys(1), &found(&["It leaves at noon.\nFrom the harbor."]));
    let lines: Vec<&str> = block.lines().collect();
    assert!(lines[0].starts_with(OPEN) && lines[1] == PREFACE);
    let shown: Value = serde_json::from_str(lines[2]).unwrap();
    let expect = json!({"id": "m0", "by": "user", "said": "2027-01-15T08:00:00.000Z",
        "text": "It leaves at noon.\nFrom the harbor."});
    assert_eq!(shown, expect);
    assert_eq!(lines[3..], [CLOSE]);
}

#[test]
fn a_block_stands_before_the_last_turn_or_in_it() {
    let check = |content: &str, place, expect: &str| {
        let body = format!(r#"{{"messages":[{{"role":"user","content":{content}}}]}}"#);
        let (turn, _) = Chat::read(body.as_bytes()).unwrap().turns().unwrap();
        let with = replaced(body.as_bytes(), vec![put("B\\\"", body.as_bytes(), &turn, place)]);
        assert_eq!(std::str::from_utf8(&with).unwrap(), format!(r#"{{"messages":[{expect}]}}"#));
    };
    check(
        r#""x""#,
        MemoryPlace::Message,
        r#"{"role":"user","content":"B\""},{"role":"user","content":"x"}"#,
    );
    check(r#""x""#, MemoryPlace::Turn, r#"{"role":"user","content":"B\"\n\nx"}"#);
    let part = r#"{"type":"text","text":"B\""}"#;
    check("[]", MemoryPlace::Turn, &format!(r#"{{"role":"user","content":[{part}]}}"#));
    check(" [ 1]", MemoryPlace::Turn, &format!(r#"{{"role":"user","content": [{part}, 1]}}"#));
    check(
        "null",
        MemoryPlace::Turn,
        r#"{"role":"user","content":"B\""},{"role":"user","content":null}"#,
    );
}

#[test]
fn our_own_block_is_taken_out_wherever_it_comes_back() {
    let block = read(&keys(1), &found(&["At noon."]));
    let asked = json!({"model": "m", "messages": [user("When?")]});
    let with = |messages: Value| json!({"model": "m", "messages": messages});
    for messages in [
        json!([user(&block), user("When?")]),
        json!([user("When?"), user(&block)]),
        json!([user(&format!("{block}\n\nWhen?"))]),
        json!([{"role": "user", "content": [{"type": "text", "text": block}]}, user("When?")]),
    ] {
        assert_eq!(sent(&with(messages.clone())), asked, "{messages}");
    }
    let parts = json!([{"role": "user", "content": [
        {"type": "text", "text": block}, {"type": "text", "text": "When?"}]}]);
    assert_eq!(
        sent(&with(parts))["messages"][0]["content"],
        json!([{"type": "text", "text": "When?"}])
    );
    let alone = with(json!([user(&block)]));
    assert_eq!(sent(&alone), alone);
}

#[test]
fn a_message_that_calls_tools_or_answers_for_one_stays() {
    let block = read(&keys(1), &found(&["At noon."]));
    let call =
        json!({"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}});
    let with = |said: Value, told: Value| {
        json!({"messages": [user("When?"),
            {"role": "assistant", "content": said, "tool_calls": [call], "refusal": null},
            {"role": "tool", "tool_call_id": "c1", "content": told}]})
    };
    assert_eq!(sent(&with(json!(block), json!(block))), with(Value::Null, json!("")));
    let plain = json!({"role": "assistant", "content": block, "tool_calls": null});
    assert_eq!(sent(&json!({"messages": [plain, user("x")]})), json!({"messages": [user("x")]}));
}

#[test]
fn a_block_that_a_model_quotes_is_no_part_of_what_it_said() {
    let fragments = found(&["It leaves at noon.\nFrom the \"old\" harbor.", "a < b"]);
    let (shown, quoted) = (block(&keys(1), &fragments), read(&keys(1), &fragments));
    let left = |said: &str| without_quoted(said.to_owned(), &shown);
    assert_eq!(left(&quoted), "");
    assert_eq!(left(&format!("At noon.\n\n{quoted}\n\nSee above.")), "At noon.\n\n\nSee above.");
    let line = quoted.lines().nth(2).unwrap();
    assert_eq!(left(&format!("```json\n  {line}\n```\nthere")), "```json\n```\nthere");
    let cut = quoted.split_at(quoted.len() - CLOSE.len() - 9).0;
    assert_eq!(left(&format!("Noon.\n{cut}")), "Noon.");
    let own = "{\n  \"said\": \"it is mine\"\n}\n\n{\"said\":1}";
    assert_eq!(left(own), own);
}

#[test]
fn what_only_looks_like_a_block_is_the_clients_own() {
    let ours = read(&keys(1), &found(&["At noon."]));
    for text in [
        ours.replace("noon", "nine"),
        read(&keys(2), &found(&["At noon."])),
        "<aios-memory id=\"\"></aios-memory>".to_owned(),
        format!("{OPEN}{OPEN}{CLOSE}"),
    ] {
        let body = json!({"messages": [user(&text), user("When?")]});
        assert_eq!(sent(&body), body);
    }
    // One under an older key of ours still is ours.
    let older = Keys { pseudonyms: Pseudonymizer::new(1, &KeyMaterial::new([9; 32])), ..keys(3) };
    let body = json!({"messages": [user(&read(&older, &found(&["x"]))), user("When?")]});
    assert_eq!(sent(&body)["messages"], json!([user("When?")]));
}

#[test]
fn a_text_of_nothing_but_openings_is_looked_at_once() {
    let digits = "0".repeat(DIGITS);
    let looked_at = |text: &str| {
        let (mut n_calls, mut n_bytes) = (0, 0);
        let left = without_blocks(text, |_, inside| {
            n_calls += 1;
            n_bytes += inside.len();
            false
        });
        assert_eq!(left, None);
        (n_calls, n_bytes)
    };
    let close_at_last = |opening: &str| opening.repeat(1000) + CLOSE;
    assert_eq!(looked_at(&close_at_last(&format!("{OPEN}{OPENED}"))), (0, 0));
    assert_eq!(looked_at(&close_at_last(&format!("{OPEN}{digits}0{OPENED}x"))), (0, 0));
    assert_eq!(looked_at(&close_at_last(&format!("{OPEN}{digits}{OPENED}x"))), (1, 1));
    assert_eq!(looked_at(&format!("{OPEN}{digits}{OPENED}xy{CLOSE}").repeat(1000)), (1000, 2000));
}

#[test]
fn every_block_of_a_text_is_taken_out() {
    let block = read(&keys(1), &found(&["At noon."]));
    let mut text = format!("{block}a {OPEN}{block}b{block}{block} c");
    assert!(take_out(&keys(1), &mut text));
    assert_eq!(text, format!("a {OPEN}b c"));
}

#[test]
fn a_body_keeps_every_other_byte() {
    let block = read(&keys(1), &found(&["At noon."]));
    let block = json!(block).to_string().replace('<', "\\u003c");
    let body = format!(
        r#"{{ "x":1.0,"messages" : [ {{"role":"user","content":{block}}} , {{"content":"b","role":"user"}} ] }}"#
    );
    let left = without_own(&keys(1), Operation::Chat, Bytes::from(body));
    let expect = r#"{ "x":1.0,"messages" : [  {"content":"b","role":"user"} ] }"#;
    assert_eq!(std::str::from_utf8(&left).unwrap(), expect);
}

proptest! {
    #[test]
    fn no_text_gets_out_of_its_line(text in "(?s).{0,40}(</aios-memory>)?(\n\\{\"id\":)?.{0,40}") {
        let block = read(&keys(1), &found(&[&text, "next"]));
        prop_assert_eq!(block.matches('<').count(), 2);
        prop_assert_eq!(block.lines().count(), 5);
        let mut whole = format!("before {block} after");
        prop_assert!(take_out(&keys(1), &mut whole));
        prop_assert_eq!(whole, "before  after");
    }
}
