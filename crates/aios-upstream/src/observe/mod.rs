//! Reads replies on the side while their bytes pass through untouched.
//!
//! From a reply we need its text, tokens, model and ending, for the event and for telling a good
//! answer from a broken one. A chunk is parsed once, into borrowed fields, or only compared with the one
//! before; what we do not need is skipped. Nothing here changes a byte, with two exceptions that clients depend on: a usage chunk
//! that we asked for on our own account is taken out, and an error in a form that clients ignore is
//! put into the form they know.

mod fault;
mod lenient;
mod model_name;
mod notes;
mod pattern;
mod repair;
#[cfg(test)]
mod tests;
mod wire;

use aios_core::{AttemptOutcome, FinishReason, Operation, Tokens};
use bytes::Bytes;
use serde::Deserialize;
use tokio::time::Instant;

use fault::Found;
pub use fault::WholeFault;
use lenient::Text;
use notes::Notes;
use pattern::{Pattern, Piece};
pub use repair::repaired_json;
use wire::{Chunk, Response, ResponseEvent};

use crate::SseEvent;

/// What is known of a reply, complete or not.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Observed {
    /// The model named in the reply.
    pub response_model: Option<String>,
    /// The reply names another model than was asked for.
    pub model_mismatch: bool,
    /// Why the model stopped; none if it has not.
    pub finish_reason: Option<FinishReason>,
    /// Tokens as reported, else estimated.
    pub tokens: Tokens,
    /// The answer's text, cut at the configured length.
    pub text: String,
    /// The model called tools.
    pub tool_calls: bool,
    /// When the first content came. The observer has no clock: whoever has it fills this in.
    pub first_token_at: Option<Instant>,
}

/// What is to be done with an event of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventAction {
    /// Pass it on.
    Forward,
    /// Leave it out: it is the usage chunk that the client did not ask for.
    Strip,
    /// Pass it on; it says nothing (a comment, a keep-alive).
    Comment,
    /// The stream's proper end. Pass it on.
    Done,
    /// The stream has failed. Nothing after it may be passed on, `[DONE]` least of all.
    Error {
        /// Whether the model reported it, or could not be understood.
        outcome: AttemptOutcome,
        /// What may be logged: type and code, without the server's message.
        detail: String,
        /// The error's code, or its type if it has none.
        code: Option<String>,
        /// The error as an error reply has it.
        body: Bytes,
        /// What to pass on in the event's place: the event itself where clients understand it; none where
        /// the model said nothing of an error.
        wire: Option<Bytes>,
    },
}

/// Watches one reply.
#[derive(Debug)]
pub struct Observer {
    operation: Operation,
    strip_usage: bool,
    notes: Notes,
    pattern: Pattern,
}

impl Observer {
    /// A watch over the reply to one call. `capture_max` bounds the kept text, in bytes;
    /// `strip_usage` says that the usage chunk was asked for by us, not by the client.
    #[must_use]
    pub fn new(
        operation: Operation,
        requested_model: String,
        capture_max: usize,
        strip_usage: bool,
    ) -> Self {
        let (notes, pattern) = (Notes::new(requested_model, capture_max), Pattern::default());
        Self { operation, strip_usage, notes, pattern }
    }

    /// Tells the prompt's length in bytes, for the estimate where no usage is reported.
    #[must_use]
    pub const fn with_prompt_bytes(mut self, prompt_bytes: u64) -> Self {
        self.notes.prompt_bytes = prompt_bytes;
        self
    }

    /// Whether the answer has begun: text or a tool call was seen. Reasoning does not count.
    #[must_use]
    pub const fn content_seen(&self) -> bool {
        self.notes.content_seen
    }

    /// Whether the model said of every choice seen why it stopped: all that may follow is usage
    /// and the stream's end.
    #[must_use]
    pub const fn has_finished(&self) -> bool {
        self.notes.has_finished()
    }

    /// What is known so far. Tokens are estimated from lengths if none were reported.
    #[must_use]
    pub fn observed(&self) -> Observed {
        self.notes.observed(self.operation)
    }

    /// What is known in the end; takes the text along instead of copying it.
    #[must_use]
    pub fn into_observed(self) -> Observed {
        self.notes.into_observed(self.operation)
    }

    /// Whether the reply names another model than was asked for.
    #[must_use]
    pub const fn model_mismatch(&self) -> bool {
        self.notes.model_mismatch()
    }

    /// Reads one event of a stream.
    pub fn on_event(&mut self, event: &SseEvent) -> EventAction {
        match self.pattern.read(event.as_bytes()) {
            Some(Piece::Answer(text)) => self.notes.add_text(text),
            Some(Piece::Reasoning(text)) => self.notes.add_reasoning(text),
            None => return self.parse_event(event),
        }
        EventAction::Forward
    }

    fn parse_event(&mut self, event: &SseEvent) -> EventAction {
        let fields = event.fields();
        if let Some(error) = fields.error {
            return Self::error(&Found::in_text(&String::from_utf8_lossy(error)), None);
        }
        let Some(data) = fields.data.as_deref() else { return EventAction::Comment };
        match data.trim_ascii() {
            b"" => EventAction::Comment,
            b"[DONE]" => EventAction::Done,
            json if fields.event == Some(b"error") => self.on_error_event(json, event),
            json => self.on_data(json, event).unwrap_or_else(|_| {
                let repaired = repaired_json(json);
                self.on_data(repaired.as_bytes(), event).unwrap_or_else(|_| unreadable())
            }),
        }
    }

    /// Reads a whole reply.
    ///
    /// # Errors
    /// When the body is not an answer, whatever its status said.
    pub fn on_whole(&mut self, body: &[u8]) -> Result<(), WholeFault> {
        match self.read_whole(body) {
            Err(WholeFault::NotJson) => self.read_whole(repaired_json(body).as_bytes()),
            read => read,
        }
    }

    fn read_whole(&mut self, body: &[u8]) -> Result<(), WholeFault> {
        match self.operation {
            Operation::Responses => {
                let response = from_json(body).map_err(|_| WholeFault::NotJson)?;
                self.on_whole_response(&response)
            }
            Operation::Chat | Operation::Completions | Operation::Embeddings => {
                let chunk = from_json(body).map_err(|_| WholeFault::NotJson)?;
                self.on_whole_chunk(&chunk)
            }
        }
    }

    fn on_data(&mut self, json: &[u8], event: &SseEvent) -> serde_json::Result<EventAction> {
        Ok(match self.operation {
            Operation::Responses => self.on_response_event(&from_json(json)?, event),
            Operation::Chat | Operation::Completions | Operation::Embeddings => {
                self.on_chunk(&from_json(json)?, event)
            }
        })
    }

    fn on_chunk(&mut self, chunk: &Chunk<'_>, event: &SseEvent) -> EventAction {
        if let Some(error) = Found::in_field(chunk.error) {
            return Self::error(&error, Some(event));
        }
        self.notes.add_chunk(chunk);
        self.pattern.learn(event.as_bytes(), chunk);
        let no_choices = chunk.choices.as_ref().is_some_and(|choices| choices.n == 0);
        if self.strip_usage && no_choices && chunk.usage.is_some() {
            EventAction::Strip
        } else {
            EventAction::Forward
        }
    }

    fn on_response_event(&mut self, event: &ResponseEvent<'_>, raw: &SseEvent) -> EventAction {
        if let Some(response) = &event.response {
            self.notes.add_response(response);
        }
        let inner = event.response.as_ref().and_then(|response| response.error);
        if let Some(error) = Found::in_field(event.error).or_else(|| Found::in_field(inner)) {
            return Self::error(&error, Some(raw));
        }
        match event.kind.0.as_ref() {
            "response.output_text.delta" => self.notes.add_text(&event.delta.0),
            "response.function_call_arguments.delta" => self.notes.add_tool_calls(1),
            "response.completed" => self.notes.finish(FinishReason::Stop),
            "response.incomplete" => self.notes.finish(incomplete_reason(event.response.as_ref())),
            "response.failed" | "error" => return Self::failed_response(&event.code, raw),
            _ => {}
        }
        EventAction::Forward
    }

    /// `event: error`: whatever its data is, it reports an error.
    fn on_error_event(&mut self, json: &[u8], event: &SseEvent) -> EventAction {
        match self.on_data(json, event) {
            Ok(action @ EventAction::Error { .. }) => action,
            Ok(
                EventAction::Forward
                | EventAction::Strip
                | EventAction::Comment
                | EventAction::Done,
            )
            | Err(_) => Self::error(&Found::in_text(&String::from_utf8_lossy(json)), None),
        }
    }

    /// `event` is the event itself if it can be passed on where the error is well formed.
    fn error(found: &Found<'_>, event: Option<&SseEvent>) -> EventAction {
        let wire =
            event.filter(|_| found.well_formed).map_or_else(|| found.to_event(), SseEvent::raw);
        EventAction::Error {
            outcome: found.outcome(),
            detail: found.detail(),
            code: found.code(),
            body: found.to_body(),
            wire: Some(wire),
        }
    }

    fn failed_response(code: &Text<'_>, event: &SseEvent) -> EventAction {
        let json = serde_json::json!({ "code": code.0 }).to_string();
        let found = Found::in_text(&json);
        EventAction::Error {
            outcome: found.outcome(),
            detail: found.detail(),
            code: found.code(),
            body: found.to_body(),
            wire: Some(event.raw()),
        }
    }

    fn on_whole_chunk(&mut self, chunk: &Chunk<'_>) -> Result<(), WholeFault> {
        if let Some(error) = Found::in_field(chunk.error) {
            return Err(error_in_reply(&error));
        }
        let (present, missing) = match self.operation {
            Operation::Embeddings => (chunk.data.is_some(), "data"),
            Operation::Chat | Operation::Completions | Operation::Responses => {
                (chunk.choices.is_some(), "choices")
            }
        };
        if !present {
            return Err(WholeFault::NotAReply { missing });
        }
        self.notes.add_chunk(chunk);
        Ok(())
    }

    fn on_whole_response(&mut self, response: &Response<'_>) -> Result<(), WholeFault> {
        if let Some(error) = Found::in_field(response.error) {
            return Err(error_in_reply(&error));
        }
        if response.status.0 == "failed" {
            return Err(error_in_reply(&Found::in_text("{}")));
        }
        let Some(items) = &response.output else {
            return Err(WholeFault::NotAReply { missing: "output" });
        };
        self.notes.add_response(response);
        for item in items {
            match item.kind.0.as_ref() {
                "function_call" => self.notes.add_tool_calls(1),
                "message" => {
                    item.content.iter().flatten().for_each(|part| self.notes.add_text(&part.text.0))
                }
                _ => {}
            }
        }
        self.notes.finish(match response.status.0.as_ref() {
            "incomplete" => incomplete_reason(Some(response)),
            status => FinishReason::from_api(status),
        });
        Ok(())
    }
}

/// Reads JSON whose encoding is checked once: checking each string by itself costs many times more.
fn from_json<'a, T: Deserialize<'a>>(json: &'a [u8]) -> serde_json::Result<T> {
    let text = std::str::from_utf8(json).map_err(serde::de::Error::custom)?;
    serde_json::from_str(text)
}

fn error_in_reply(error: &Found<'_>) -> WholeFault {
    WholeFault::ErrorInReply {
        outcome: error.outcome(),
        body: error.to_body(),
        detail: error.detail(),
        code: error.code(),
    }
}

fn unreadable() -> EventAction {
    EventAction::Error {
        outcome: AttemptOutcome::BadReply,
        body: Bytes::new(),
        detail: "an event of the stream is not JSON".to_owned(),
        code: None,
        wire: None,
    }
}

fn incomplete_reason(response: Option<&Response<'_>>) -> FinishReason {
    let reason = response.and_then(|response| response.incomplete_details.as_ref());
    reason.map_or(FinishReason::Other, |details| FinishReason::from_api(&details.reason.0))
}
