//! Whether what came is an answer, in one piece or as a stream.

use aios_eval::load::Cause;
use aios_upstream::{CallReply, SseScanner};
use bytes::Bytes;
use serde_json::Value;

/// What a stream has said so far.
#[derive(Debug, Default)]
pub struct Said {
    scanner: SseScanner,
    /// Something in it is a piece of an answer.
    has_words: bool,
    /// Something in it says what went wrong.
    has_error: bool,
    last: Last,
}

/// What was said last.
#[derive(Debug, Default, PartialEq, Eq)]
enum Last {
    #[default]
    Piece,
    Error,
    Done,
}

impl Said {
    /// All that a stream has said.
    #[must_use]
    pub fn of(body: &Bytes) -> Self {
        let mut said = Self::default();
        said.take(body, || ());
        said
    }

    /// Takes what came next, and tells of each piece of an answer in it.
    pub fn take(&mut self, bytes: &Bytes, mut tell: impl FnMut()) {
        self.scanner.push(bytes.clone());
        while let Ok(Some(event)) = self.scanner.next_event() {
            self.last = match event.fields().data.as_deref() {
                Some(b"[DONE]") => Last::Done,
                Some(data) => {
                    let chunk: Value = serde_json::from_slice(data).unwrap_or_default();
                    if holds_words(&chunk["choices"][0]["delta"]) {
                        self.has_words = true;
                        tell();
                    }
                    if chunk["error"].is_null() { Last::Piece } else { Last::Error }
                }
                None => continue,
            };
            self.has_error |= self.last == Last::Error;
        }
    }

    /// Whether it was broken off and says so.
    #[must_use]
    pub fn ends_with_error(&self) -> bool {
        self.last == Last::Error
    }

    fn fault(&self) -> Option<Cause> {
        match () {
            () if self.last != Last::Done || self.has_error => Some(Cause::BrokenStream),
            () if !self.has_words => Some(Cause::BadReply),
            () => None,
        }
    }
}

/// What is wrong with a reply, and with what it said as a stream, where it should be one.
#[must_use]
pub fn fault(reply: &CallReply, stream: Option<&Said>) -> Option<Cause> {
    if reply.status != 200 {
        return Some(Cause::Status(reply.status));
    }
    if let Some(said) = stream {
        return said.fault();
    }
    let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let is_answer = body["error"].is_null() && holds_words(&body["choices"][0]["message"]);
    (!is_answer).then_some(Cause::BadReply)
}

/// Whether a message or a piece of one holds anything, thought, said, refused or called; the first piece often has only a role.
fn holds_words(message: &Value) -> bool {
    let holds = |name: &str| message[name].as_str().is_some_and(|text| !text.is_empty());
    holds("content")
        || holds("reasoning_content")
        || holds("reasoning")
        || holds("refusal")
        || message["tool_calls"].as_array().is_some_and(|calls| !calls.is_empty())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn reply(status: u16, body: &str) -> CallReply {
        let (headers, body) = (http::HeaderMap::new(), Bytes::from(body.to_owned()));
        CallReply { status, headers, body, took: Duration::ZERO }
    }

    #[test]
    fn an_answer_in_one_piece_has_words() {
        let check = |status: u16, body: &str, expect: Option<Cause>| {
            assert_eq!(fault(&reply(status, body), None), expect, "{body}");
        };
        let says = |message: &str| format!(r#"{{"choices":[{{"message":{message}}}]}}"#);
        check(200, &says(r#"{"content":"Yes."}"#), None);
        check(200, &says(r#"{"content":null,"reasoning":"Well"}"#), None);
        check(200, &says(r#"{"content":null,"tool_calls":[{"id":"1"}]}"#), None);
        check(200, &says(r#"{"content":null,"refusal":"No."}"#), None);
        check(503, &says(r#"{"content":"Yes."}"#), Some(Cause::Status(503)));
        for message in [r#"{"content":""}"#, r#"{"content":null,"tool_calls":[]}"#, "null"] {
            check(200, &says(message), Some(Cause::BadReply));
        }
        for body in ["", "<html>", "{}", r#"{"error":{"message":"no"}}"#] {
            check(200, body, Some(Cause::BadReply));
        }
        let both = r#"{"error":{},"choices":[{"message":{"content":"Yes."}}]}"#;
        check(200, both, Some(Cause::BadReply));
    }

    #[test]
    fn a_stream_has_words_and_a_proper_end() {
        const WORD: &str = "data: {\"choices\":[{\"delta\":{\"content\":\"Yes\"}}]}\n\n";
        const ROLE: &str = "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\"}}]}\n\n";
        const ERROR: &str = "data: {\"error\":{\"message\":\"cut\"}}\n\n";
        const DONE: &str = "data: [DONE]\n\n";
        let check = |parts: &[&str], expect: Option<Cause>, is_told: bool| {
            let reply = reply(200, &parts.concat());
            let said = Said::of(&reply.body);
            assert_eq!((fault(&reply, Some(&said)), said.ends_with_error()), (expect, is_told));
        };
        check(&[ROLE, WORD, DONE], None, false);
        check(&[ROLE, WORD, DONE, ": bye\n\n"], None, false);
        check(&[ROLE, DONE], Some(Cause::BadReply), false);
        check(&[ROLE, WORD], Some(Cause::BrokenStream), false);
        check(&[ROLE, WORD, ERROR], Some(Cause::BrokenStream), true);
        check(&[WORD, ERROR, DONE], Some(Cause::BrokenStream), false);
        check(&[WORD, DONE, ERROR], Some(Cause::BrokenStream), true);
        check(&[WORD, "data: [DONE]"], Some(Cause::BrokenStream), false);
        check(&[], Some(Cause::BrokenStream), false);
    }
}
