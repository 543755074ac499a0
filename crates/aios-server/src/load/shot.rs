//! One request of a load test.

use std::time::Duration;

use aios_core::Tier;
use aios_eval::load::{Cause, Sample};
use aios_upstream::{CallError, CallReply, SseScanner};
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::Volley;

/// What is posted to the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shot {
    whole: Vec<u8>,
    stream: Vec<u8>,
}

impl Shot {
    /// A chat request, in one piece or as a stream.
    #[must_use]
    pub fn chat(model: &str, messages: &Value, output_tokens_max: Option<u64>) -> Self {
        let body = |stream: bool| {
            let mut body = json!({ "model": model, "messages": messages, "stream": stream });
            if let Some(most) = output_tokens_max {
                body["max_tokens"] = most.into();
            }
            body.to_string().into_bytes()
        };
        Self { whole: body(false), stream: body(true) }
    }

    /// Sends it, which should have happened at `intended`, or just now. Whatever goes wrong is what was seen.
    pub(super) async fn fire(
        &self,
        is_stream: bool,
        volley: &Volley,
        began: Instant,
        intended: Option<Duration>,
    ) -> Sample {
        let sent = began.elapsed();
        let mut words = Words::new(began);
        let seen = |piece: &Bytes| {
            if is_stream {
                words.take(piece);
            }
        };
        let body = if is_stream { &self.stream } else { &self.whole }.clone();
        let path = "/chat/completions";
        let reply = volley.caller.post_watched(path, body, volley.timeout, seen).await;
        let ended = began.elapsed();
        let failed = match &reply {
            Ok(reply) => fault(is_stream, reply, &words),
            Err(error) => Some(cause(error, words.first.is_some())),
        };
        let header = |name: &str| reply.as_ref().ok()?.headers.get(name)?.to_str().ok();
        let source = header("x-aios-route").and_then(tier);
        let has_fallen_back = header("x-aios-fallback") == Some("true");
        Sample {
            intended: intended.unwrap_or(sent),
            sent,
            ended,
            first: words.first,
            gaps: words.gaps,
            failed,
            // Where it was routed, whoever answered in the end.
            tier: source.map(|tier| if has_fallen_back { tier.other() } else { tier }),
            fell_back: has_fallen_back,
            simulated: header("x-aios-simulated") == Some("true"),
        }
    }
}

/// What is wrong with an answer that came.
fn fault(is_stream: bool, reply: &CallReply, words: &Words) -> Option<Cause> {
    if reply.status != 200 {
        return Some(Cause::Status(reply.status));
    }
    if is_stream {
        return match () {
            () if !words.is_whole || words.has_error => Some(Cause::BrokenStream),
            () if !words.is_chat => Some(Cause::BadReply),
            () if words.first.is_none() => Some(Cause::NoWords),
            () => None,
        };
    }
    let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    match &body["choices"][0]["message"] {
        Value::Null => Some(Cause::BadReply),
        message if !says_something(message) => Some(Cause::NoWords),
        _ => None,
    }
}

fn cause(error: &CallError, has_begun: bool) -> Cause {
    match error {
        CallError::Url { .. } | CallError::NoSocket(_) => Cause::NotSent,
        CallError::Unreachable(_) => Cause::Unreachable,
        CallError::Lost(_) if has_begun => Cause::BrokenStream,
        CallError::Lost(_) => Cause::Lost,
        CallError::Timeout(_) => Cause::Timeout,
        CallError::TooLong => Cause::BadReply,
    }
}

fn tier(name: &str) -> Option<Tier> {
    Tier::ALL.into_iter().find(|tier| tier.name() == name)
}

/// When the words of a stream came.
struct Words {
    began: Instant,
    scanner: SseScanner,
    first: Option<Duration>,
    last: Duration,
    gaps: Vec<Duration>,
    /// It ended as a stream should.
    is_whole: bool,
    /// Something in it is a piece of a chat completion.
    is_chat: bool,
    /// Something in it says what went wrong.
    has_error: bool,
}

impl Words {
    fn new(began: Instant) -> Self {
        Self {
            began,
            scanner: SseScanner::default(),
            first: None,
            last: Duration::ZERO,
            gaps: Vec::new(),
            is_whole: false,
            is_chat: false,
            has_error: false,
        }
    }

    fn take(&mut self, piece: &Bytes) {
        self.scanner.push(piece.clone());
        while let Ok(Some(event)) = self.scanner.next_event() {
            match event.fields().data.as_deref() {
                Some(b"[DONE]") => self.is_whole = true,
                Some(data) => self.chunk(&serde_json::from_slice(data).unwrap_or_default()),
                None => {}
            }
        }
    }

    fn chunk(&mut self, chunk: &Value) {
        self.is_chat |= chunk["choices"].is_array();
        self.has_error |= !chunk["error"].is_null();
        // The first one often has only a role.
        if says_something(&chunk["choices"][0]["delta"]) {
            self.word();
        }
    }

    fn word(&mut self) {
        let now = self.began.elapsed();
        if self.first.is_none() {
            self.first = Some(now);
        } else {
            self.gaps.push(now.saturating_sub(self.last));
        }
        self.last = now;
    }
}

/// Whether a message, or a piece of one, holds something of an answer: thought, said, refused or called for.
fn says_something(message: &Value) -> bool {
    let holds = |name: &str| match &message[name] {
        Value::String(text) => !text.is_empty(),
        Value::Array(parts) => !parts.is_empty(),
        _ => false,
    };
    ["content", "reasoning_content", "refusal", "tool_calls"].into_iter().any(holds)
}
