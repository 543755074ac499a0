//! Answers in the form of `/chat/completions` and of `/completions`.

use aios_core::Operation;
use bytes::Bytes;
use serde_json::{Value, json};

use super::answer::{Answer, Content};
use super::ask::Ask;
use super::faults::FaultPlan;
use super::frames::{Frames, data_event};

/// What all parts of one reply have in common.
#[derive(Debug, Clone)]
pub(super) struct Identity {
    /// Without the API's prefix.
    pub(super) id: String,
    /// Seconds since 1970.
    pub(super) created: u64,
    pub(super) model: String,
}

/// Writes one reply.
#[derive(Debug)]
pub(super) struct Writer<'a> {
    pub(super) identity: &'a Identity,
    pub(super) ask: &'a Ask,
    pub(super) answers: &'a [Answer],
    /// `/completions`, which has text where chat has messages.
    pub(super) plain: bool,
}

impl<'a> Writer<'a> {
    /// A writer for the operation.
    pub(super) fn new(
        operation: Operation,
        identity: &'a Identity,
        ask: &'a Ask,
        answers: &'a [Answer],
    ) -> Self {
        Self { identity, ask, answers, plain: operation == Operation::Completions }
    }

    /// The reply in one piece.
    pub(super) fn whole(&self) -> Value {
        let choices: Vec<Value> =
            self.answers.iter().enumerate().map(|(i, answer)| self.choice(i, answer)).collect();
        let mut reply =
            self.envelope(if self.plain { "text_completion" } else { "chat.completion" }, choices);
        reply["usage"] = self.usage();
        reply
    }

    /// The reply as a stream.
    pub(super) fn stream(&self, faults: &FaultPlan) -> Frames {
        let mut events = Vec::new();
        for (index, answer) in self.answers.iter().enumerate() {
            let chunks = if self.plain { text_chunks(answer) } else { deltas(answer) };
            events.extend(chunks.into_iter().map(|chunk| self.chunk(index, chunk)));
        }
        if self.ask.include_usage {
            let mut chunk = self.envelope(self.chunk_object(), Vec::new());
            chunk["usage"] = self.usage();
            events.push(data_event(&chunk));
        }
        Frames::stream(events, Bytes::from_static(b"data: [DONE]\n\n"), faults)
    }

    fn choice(&self, index: usize, answer: &Answer) -> Value {
        let mut choice = json!({"index": index, "finish_reason": answer.finish, "logprobs": null});
        match &answer.content {
            Content::Text(pieces) if self.plain => choice["text"] = json!(pieces.concat()),
            Content::Text(pieces) => {
                choice["message"] =
                    json!({"role": "assistant", "content": pieces.concat(), "refusal": null});
            }
            Content::Call { id, name, arguments } => {
                let function = json!({"name": name, "arguments": arguments.concat()});
                let call = json!({"id": id, "type": "function", "function": function});
                choice["message"] =
                    json!({"role": "assistant", "content": null, "tool_calls": [call]});
            }
        }
        choice
    }

    fn chunk(&self, index: usize, mut choice: Value) -> Bytes {
        choice["index"] = json!(index);
        let mut chunk = self.envelope(self.chunk_object(), vec![choice]);
        if self.ask.include_usage {
            chunk["usage"] = Value::Null;
        }
        data_event(&chunk)
    }

    const fn chunk_object(&self) -> &'static str {
        if self.plain { "text_completion" } else { "chat.completion.chunk" }
    }

    fn envelope(&self, object: &str, choices: Vec<Value>) -> Value {
        let Identity { id, created, model } = self.identity;
        let prefix = if self.plain { "cmpl" } else { "chatcmpl" };
        json!({
            "id": format!("{prefix}-{id}"),
            "object": object,
            "created": created,
            "model": model,
            "system_fingerprint": "aios-simulated",
            "choices": choices,
        })
    }

    fn usage(&self) -> Value {
        let input = self.ask.prompt_tokens;
        let output: usize = self.answers.iter().map(Answer::n_tokens).sum();
        json!({"prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output as u64})
    }
}

/// The choices of a `/completions` stream.
fn text_chunks(answer: &Answer) -> Vec<Value> {
    let pieces: &[String] = match &answer.content {
        Content::Text(pieces) => pieces,
        Content::Call { arguments, .. } => arguments,
    };
    let chunk = |text: &str, finish: Option<&str>| json!({"text": text, "finish_reason": finish, "logprobs": null});
    let mut chunks: Vec<Value> = pieces.iter().map(|piece| chunk(piece, None)).collect();
    chunks.push(chunk("", Some(answer.finish)));
    chunks
}

/// The choices of a chat stream: the role first, the finish reason last.
fn deltas(answer: &Answer) -> Vec<Value> {
    let mut deltas = match &answer.content {
        Content::Text(pieces) => {
            let first = json!({"role": "assistant", "content": ""});
            let rest = pieces.iter().map(|piece| json!({"content": piece}));
            std::iter::once(first).chain(rest).collect::<Vec<_>>()
        }
        Content::Call { id, name, arguments } => {
            let call = json!({"index": 0, "id": id, "type": "function", "function": {"name": name, "arguments": ""}});
            let first = json!({"role": "assistant", "content": null, "tool_calls": [call]});
            let piece =
                |piece| json!({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]});
            std::iter::once(first).chain(arguments.iter().map(piece)).collect()
        }
    };
    deltas.push(json!({}));
    let last = deltas.len() - 1;
    let finish = |i: usize| (i == last).then_some(answer.finish);
    let choice = |(i, delta)| json!({"delta": delta, "finish_reason": finish(i), "logprobs": null});
    deltas.into_iter().enumerate().map(choice).collect()
}
