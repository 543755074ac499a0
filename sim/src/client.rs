//! Clients: what they send, how long they stay, what they get.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use serde_json::{Value, json};

use crate::step::{Ask, Kind, Sent};
use crate::text;

/// What a client got before it left or the answer was over.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) event_id: Option<String>,
    /// The other tier than the one it was routed to has answered.
    pub(crate) fell_back: bool,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// What it says: the text of a whole answer or of all pieces of a stream, or what is no answer as it came.
    pub(crate) fn text(&self) -> String {
        let body = String::from_utf8_lossy(&self.body);
        let of = |json: &str, part: &str| {
            let value: Value = serde_json::from_str(json).ok()?;
            Some(value["choices"][0][part]["content"].as_str()?.to_owned())
        };
        let pieces = body.lines().filter_map(|line| of(line.strip_prefix("data: ")?, "delta"));
        let stream: String = pieces.collect();
        of(&body, "message").or((!stream.is_empty()).then_some(stream)).unwrap_or(body.into())
    }

    /// Whether this is the code of its error.
    pub(crate) fn is(&self, code: &str) -> bool {
        self.status != 200 && String::from_utf8_lossy(&self.body).contains(code)
            || self.status == 200
                && String::from_utf8_lossy(&self.body).contains(&format!("\"code\":\"{code}\""))
    }
}

/// A client that waits for its answer.
pub(crate) struct Client {
    pub(crate) ask: Ask,
    /// How often it had its turn.
    pub(crate) n_turns: u64,
    /// It had a turn at the server.
    pub(crate) has_come: bool,
    pub(crate) exchange: Pin<Box<dyn Future<Output = Answer>>>,
}

/// The request of an ask, with this client's key.
pub(crate) fn request(ask: &Ask, seed: u64, client: u64) -> Request<Upload> {
    let said = text::question(seed, ask);
    let messages = json!([{ "role": "user", "content": said }]);
    let tool = json!({ "type": "function", "function": { "name": "look_up", "parameters": {
        "type": "object", "properties": { "city": { "type": "string" } } } } });
    let (path, body) = match ask.kind {
        Kind::Chat => ("chat/completions", json!({ "model": "aios-auto", "messages": messages })),
        Kind::Stream => (
            "chat/completions",
            json!({ "model": "aios-auto", "messages": messages, "stream": true }),
        ),
        Kind::Tools => (
            "chat/completions",
            json!({ "model": "aios-auto", "messages": messages, "tools": [tool] }),
        ),
        Kind::Embeddings => ("embeddings", json!({ "model": "aios-embedder", "input": said })),
        Kind::Nonsense => ("chat/completions", json!({ "messages": said })),
    };
    post(&format!("/v1/{path}"), client)
        .header("x-request-id", text::request_id(ask.n))
        .header("x-conversation-id", text::conversation_id(seed, ask.talk))
        .body(Upload::new(body.to_string().into(), ask.body))
        .expect("it is a request")
}

/// A request of a client, with its key if it has one.
pub(crate) fn post(path: &str, client: u64) -> http::request::Builder {
    let request = Request::post(path).header("content-type", "application/json");
    match text::client_key(client) {
        Some(key) => request.header("authorization", format!("Bearer {key}")),
        None => request,
    }
}

/// Takes an answer in to its end.
pub(crate) async fn take<B>(response: Response<B>) -> Answer
where
    B: Body<Data = Bytes, Error = Infallible>,
{
    let (head, body) = response.into_parts();
    let event_id = head.headers.get("x-aios-event-id");
    let event_id = event_id.and_then(|id| id.to_str().ok()).map(str::to_owned);
    let fell_back = head.headers.get("x-aios-fallback").is_some_and(|value| value == "true");
    let mut answer = Answer { status: head.status.as_u16(), event_id, fell_back, body: Vec::new() };
    let mut body = std::pin::pin!(body);
    while let Some(Ok(frame)) = body.frame().await {
        answer.body.extend_from_slice(frame.data_ref().unwrap_or(&Bytes::new()));
    }
    answer
}

/// A request's body on its way.
pub(crate) struct Upload {
    pieces: std::vec::IntoIter<Bytes>,
    end: Sent,
    /// The planted bug: whoever reads it panics.
    pub(crate) is_deadly: bool,
}

impl Upload {
    fn new(body: Bytes, how: Sent) -> Self {
        let half = body.len() / 2;
        let pieces = match how {
            Sent::Whole => vec![body],
            Sent::Pieces => vec![body.slice(..half), body.slice(half..)],
            Sent::Broken | Sent::Stuck => vec![body.slice(..half)],
        };
        Self { pieces: pieces.into_iter(), end: how, is_deadly: false }
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        assert!(!self.is_deadly, "a planted bug");
        if let Some(piece) = self.pieces.next() {
            return Poll::Ready(Some(Ok(Frame::data(piece))));
        }
        match self.end {
            Sent::Whole | Sent::Pieces => Poll::Ready(None),
            Sent::Broken => Poll::Ready(Some(Err(io::ErrorKind::ConnectionReset.into()))),
            // Whoever drives the client polls it again after each step of time.
            Sent::Stuck => Poll::Pending,
        }
    }
}
