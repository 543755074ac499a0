//! What is asked, and what came of it.

use std::time::Duration;

use aios_core::{EventId, Tier};
use aios_eval::load::Cause;
use aios_server::load::{Said, fault};
use aios_upstream::{CallError, CallReply, Caller};
use serde_json::{Value, json};
use tokio::time::Instant;

/// Longest wait for an answer.
const ANSWER_MAX: Duration = Duration::from_secs(60);

/// Most tokens of an answer: nobody reads it, and a real model would write for minutes.
const TOKENS_MAX: u64 = 64;

/// Belongs to main, wherever the boundary is.
const HARD: &str = "Two threads in my Rust server each hold a lock and wait for the other. How do I find and fix the \
                    deadlock, step by step, and how do I prove that it cannot come back?";

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ask {
    Whole,
    Stream,
}

/// What came of a request.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) took: Duration,
    /// Its status; none where nothing whole came.
    pub(super) status: Option<u16>,
    /// Who answered.
    pub(super) source: Option<Tier>,
    pub(super) event_id: Option<EventId>,
    /// Calls to endpoints that it took.
    pub(super) n_attempts: u64,
    /// A stream was broken off, and says so in the end.
    pub(super) ends_with_error: bool,
    /// Why it is no answer, if it is none.
    pub(super) failed: Option<String>,
}

/// Asks main something hard.
pub(super) async fn ask(caller: &Caller, how: Ask) -> Seen {
    let began = Instant::now();
    let stream = how == Ask::Stream;
    let body = json!({
        "model": "aios-auto", "stream": stream, "max_tokens": TOKENS_MAX,
        "messages": [{ "role": "user", "content": HARD }],
    });
    let body = body.to_string().into_bytes();
    let reply = caller.post("/chat/completions", body, ANSWER_MAX).await;
    Seen::of(reply, how, began.elapsed())
}

/// Says of an answer that it was good; the event of that, or why there is none.
pub(super) async fn praise(caller: &Caller, about: EventId) -> Result<EventId, String> {
    let body = json!({ "event_id": about.to_string(), "score": 1.0 }).to_string().into_bytes();
    let reply = caller.post("/feedback", body, ANSWER_MAX).await;
    let reply = reply.map_err(|error| error.to_string())?;
    if reply.status != 200 {
        return Err(why(Cause::Status(reply.status)));
    }
    let told: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let id = told["id"].as_str().and_then(|id| EventId::parse(id).ok());
    id.ok_or_else(|| "it was taken without an event".to_owned())
}

impl Seen {
    pub(super) fn of(reply: Result<CallReply, CallError>, how: Ask, took: Duration) -> Self {
        let reply = match reply {
            Ok(reply) => reply,
            Err(error) => {
                return Self {
                    took,
                    status: None,
                    source: None,
                    event_id: None,
                    n_attempts: 0,
                    ends_with_error: false,
                    failed: Some(error.to_string()),
                };
            }
        };
        let header = |name: &str| reply.headers.get(name).and_then(|value| value.to_str().ok());
        let source = header("x-aios-route");
        let said = (how == Ask::Stream).then(|| Said::of(&reply.body));
        Self {
            took,
            status: Some(reply.status),
            source: Tier::ALL.into_iter().find(|tier| source == Some(tier.name())),
            event_id: header("x-aios-event-id").and_then(|id| EventId::parse(id).ok()),
            n_attempts: header("x-aios-attempts").and_then(|n| n.parse().ok()).unwrap_or(0),
            ends_with_error: said.as_ref().is_some_and(Said::ends_with_error),
            failed: fault(&reply, said.as_ref()).map(why),
        }
    }

    pub(super) fn is_answered(&self) -> bool {
        self.failed.is_none()
    }

    pub(super) fn is_answered_by(&self, tier: Tier) -> bool {
        self.is_answered() && self.source == Some(tier)
    }
}

fn why(cause: Cause) -> String {
    match cause {
        Cause::Status(status) => format!("status {status}"),
        Cause::BrokenStream => "the stream has no proper ending".to_owned(),
        Cause::BadReply => "there are no words in the answer".to_owned(),
        cause => cause.name(),
    }
}

/// Whether all are answered.
pub(super) fn are_answered(all: &[Seen]) -> bool {
    all.iter().all(Seen::is_answered)
}

/// How many are answered, and the first reason why one is not.
pub(super) fn told(all: &[Seen]) -> String {
    let n = all.iter().filter(|seen| seen.is_answered()).count();
    let why = all.iter().find_map(|seen| seen.failed.as_deref());
    let why = why.map_or_else(String::new, |why| format!("; {why}"));
    format!("{n} of {} answered{why}", all.len())
}

/// What is seen of replies that nobody sent.
#[cfg(test)]
pub(super) mod tests {
    use bytes::Bytes;

    use super::*;

    pub(in super::super) const WORD: &str =
        "data: {\"choices\":[{\"delta\":{\"content\":\"Yes\"}}]}\n\n";
    pub(in super::super) const ERROR: &str = "data: {\"error\":{\"message\":\"cut\"}}\n\n";
    pub(in super::super) const DONE: &str = "data: [DONE]\n\n";
    pub(in super::super) const ANSWER: &str = r#"{"choices":[{"message":{"content":"Yes."}}]}"#;

    /// Main's reply, with the event's id where it has one.
    pub(in super::super) fn seen(
        how: Ask,
        status: u16,
        event_id: Option<EventId>,
        body: &str,
    ) -> Seen {
        let mut headers = http::HeaderMap::new();
        headers.insert("x-aios-route", "main".parse().unwrap());
        if let Some(id) = event_id {
            headers.insert("x-aios-event-id", id.to_string().parse().unwrap());
        }
        let (body, took) = (Bytes::from(body.to_owned()), Duration::ZERO);
        Seen::of(Ok(CallReply { status, headers, body, took }), how, took)
    }

    /// A connection that broke.
    pub(in super::super) fn lost(how: Ask) -> Seen {
        Seen::of(Err(CallError::Lost("reset".to_owned())), how, Duration::ZERO)
    }

    #[test]
    fn only_words_are_an_answer() {
        let check = |how: Ask, body: &str, expect: bool| {
            assert_eq!(seen(how, 200, None, body).is_answered_by(Tier::Main), expect, "{body}");
        };
        check(Ask::Whole, ANSWER, true);
        check(Ask::Whole, r#"{"choices":[{"message":{"content":""}}]}"#, false);
        check(Ask::Whole, "{}", false);
        check(Ask::Stream, &[WORD, DONE].concat(), true);
        check(Ask::Stream, DONE, false);
        check(Ask::Stream, &[WORD, ERROR, DONE].concat(), false);
        assert_eq!(told(&[seen(Ask::Whole, 503, None, ANSWER)]), "0 of 1 answered; status 503");
    }
}
