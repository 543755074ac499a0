//! What model servers say.

use bytes::Bytes;
use serde_json::{Value, json};

use super::Act;

/// The event that ends a stream.
pub(crate) const DONE: &str = "data: [DONE]\n\n";

/// A whole chat answer.
pub(crate) fn chat_json(model: &str, text: &str) -> String {
    json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": model,
        "choices": [{
            "index": 0, "finish_reason": "stop",
            "message": { "role": "assistant", "content": text },
        }],
        "usage": { "prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5 },
    })
    .to_string()
}

/// A 200 with this JSON.
pub(crate) fn ok(json: &str) -> Vec<Act> {
    reply(200, "", json)
}

/// A reply with this status; `headers` each end in CRLF.
pub(crate) fn reply(status: u16, headers: &str, body: &str) -> Vec<Act> {
    let length = body.len();
    vec![Act::send(format!(
        "HTTP/1.1 {status} Status\r\ncontent-type: application/json\r\n{headers}\
         content-length: {length}\r\n\r\n{body}"
    ))]
}

/// The head of a stream in chunks.
pub(crate) fn stream_head() -> Act {
    Act::send(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n",
    )
}

/// One chunk of a body.
pub(crate) fn chunk(bytes: impl AsRef<[u8]>) -> Act {
    let bytes = bytes.as_ref();
    let mut chunk = format!("{:x}\r\n", bytes.len()).into_bytes();
    chunk.extend_from_slice(bytes);
    chunk.extend_from_slice(b"\r\n");
    Act::Send(Bytes::from(chunk))
}

/// The proper end of a body in chunks.
pub(crate) fn last_chunk() -> Act {
    Act::send("0\r\n\r\n")
}

/// A stream's head and one chunk per event.
pub(crate) fn events<T: AsRef<[u8]>>(events: impl IntoIterator<Item = T>) -> Vec<Act> {
    std::iter::once(stream_head()).chain(events.into_iter().map(chunk)).collect()
}

/// A stream with its proper end.
pub(crate) fn whole_stream<T: AsRef<[u8]>>(all: impl IntoIterator<Item = T>) -> Vec<Act> {
    let mut acts = events(all);
    acts.push(last_chunk());
    acts
}

/// An event with a piece of the answer.
pub(crate) fn delta(text: &str) -> String {
    event(json!([{ "index": 0, "delta": { "content": text }, "finish_reason": null }]))
}

/// An event that says why the model stopped.
pub(crate) fn finish() -> String {
    event(json!([{ "index": 0, "delta": {}, "finish_reason": "stop" }]))
}

/// The event with the usage that `include_usage` brings.
pub(crate) fn usage() -> String {
    let usage = json!({ "prompt_tokens": 7, "completion_tokens": 11, "total_tokens": 18 });
    let chunk = json!({
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "big",
        "choices": [], "usage": usage,
    });
    format!("data: {chunk}\n\n")
}

fn event(choices: Value) -> String {
    let chunk = json!({
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "big",
        "choices": choices,
    });
    format!("data: {chunk}\n\n")
}
