//! A client on a raw connection: it can be slow, wrong, and gone at any moment.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::soon;

/// One connection.
pub(crate) struct Client {
    stream: TcpStream,
    /// Read, but not looked at yet.
    pending: Vec<u8>,
}

/// An answer, or as much of it as has come.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// The body came to its proper end.
    pub(crate) is_whole: bool,
}

impl Client {
    pub(crate) async fn connect(address: &str) -> Self {
        let stream = soon("a connection", TcpStream::connect(address)).await.unwrap();
        // What is tested is the other side's delay, not ours.
        stream.set_nodelay(true).unwrap();
        Self { stream, pending: Vec::new() }
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.try_send(bytes).await.unwrap();
    }

    /// For servers that may hang up before they have everything.
    pub(crate) async fn try_send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        soon("to send", self.stream.write_all(bytes)).await
    }

    /// Reads a whole answer.
    pub(crate) async fn reply(&mut self) -> Reply {
        self.try_reply().await.expect("the head of an answer")
    }

    /// Reads a whole answer; `None` where the server was gone before its head had come.
    pub(crate) async fn try_reply(&mut self) -> Option<Reply> {
        let mut reply = self.try_head().await?;
        while let Some(piece) = self.piece(&mut reply).await {
            reply.body.extend_from_slice(&piece);
        }
        Some(reply)
    }

    /// Reads the head of an answer.
    pub(crate) async fn head(&mut self) -> Reply {
        self.try_head().await.expect("the head of an answer")
    }

    async fn try_head(&mut self) -> Option<Reply> {
        let head = self.until(b"\r\n\r\n").await?;
        Some(Reply::from_head(&String::from_utf8(head).unwrap()))
    }

    /// The next piece of the body; `None` at its end, or where the connection broke.
    pub(crate) async fn piece(&mut self, reply: &mut Reply) -> Option<Vec<u8>> {
        if reply.is_whole {
            return None;
        }
        let length = reply.header("content-length").map(|length| length.parse().unwrap());
        let piece = match length {
            Some(length) => self.exactly(length).await,
            None => self.chunk().await,
        }?;
        reply.is_whole = length.is_some() || piece.is_empty();
        (!piece.is_empty()).then_some(piece)
    }

    /// Reads on until the body so far holds `text`.
    pub(crate) async fn read_until(&mut self, reply: &mut Reply, text: &str) {
        while !reply.text().contains(text) {
            let piece = self.piece(reply).await;
            let piece = piece.unwrap_or_else(|| panic!("no `{text}` in {:?}", reply.text()));
            reply.body.extend_from_slice(&piece);
        }
    }

    /// Whether nothing has come so far. A server that is slow may be taken for a silent one, so this
    /// only adds to a test that would fail without it.
    pub(crate) async fn is_silent(&mut self) -> bool {
        const LOOK: Duration = Duration::from_millis(100);
        tokio::time::timeout(LOOK, self.stream.readable()).await.is_err()
    }

    /// Leaves with a reset.
    pub(crate) fn reset(self) {
        self.stream.set_zero_linger().unwrap();
    }

    /// Whether the server closes the connection, and what it says before it does.
    pub(crate) async fn closed(&mut self) -> Vec<u8> {
        while self.fill().await {}
        std::mem::take(&mut self.pending)
    }

    async fn chunk(&mut self) -> Option<Vec<u8>> {
        let size = self.until(b"\r\n").await?;
        let size = String::from_utf8(size).unwrap();
        let size = usize::from_str_radix(size.trim(), 16).unwrap();
        let mut data = self.exactly(size + 2).await?;
        data.truncate(size);
        Some(data)
    }

    async fn until(&mut self, mark: &[u8]) -> Option<Vec<u8>> {
        loop {
            let at = self.pending.windows(mark.len()).position(|bytes| bytes == mark);
            if let Some(at) = at {
                return Some(self.pending.drain(..at + mark.len()).collect());
            }
            if !self.fill().await {
                return None;
            }
        }
    }

    async fn exactly(&mut self, n: usize) -> Option<Vec<u8>> {
        while self.pending.len() < n {
            if !self.fill().await {
                return None;
            }
        }
        Some(self.pending.drain(..n).collect())
    }

    /// False at the end of the connection, however it ended.
    async fn fill(&mut self) -> bool {
        matches!(soon("bytes", self.stream.read_buf(&mut self.pending)).await, Ok(1..))
    }
}

impl Reply {
    fn from_head(head: &str) -> Self {
        let mut lines = head.trim_end().split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let header = |line: &str| {
            let (name, value) = line.split_once(':').unwrap();
            (name.to_ascii_lowercase(), value.trim().to_owned())
        };
        Self { status, headers: lines.map(header).collect(), body: Vec::new(), is_whole: false }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        let body = self.text();
        serde_json::from_str(&body)
            .unwrap_or_else(|error| panic!("{error}: {} {body}", self.status))
    }

    /// The `code` of the error that it is.
    #[track_caller]
    pub(crate) fn error_code(&self) -> String {
        let json = self.json();
        let error = json["error"].as_object().unwrap();
        for key in ["message", "type", "param", "code"] {
            assert!(error.contains_key(key), "no {key} in {json}");
        }
        error["code"].as_str().unwrap_or_default().to_owned()
    }

    /// Fails the test unless it is a whole answer with this status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{:?} {}", self.headers, self.text());
        assert!(self.is_whole, "cut: {}", self.text());
        self
    }
}

/// The body of a chat request.
pub(crate) fn chat(model: &str, text: &str, stream: bool) -> String {
    let messages = json!([{ "role": "user", "content": text }]);
    json!({ "model": model, "stream": stream, "messages": messages }).to_string()
}

/// A whole request to the chat API.
pub(crate) fn post(body: &str) -> Vec<u8> {
    post_with("", body.as_bytes())
}

/// The same with more headers, each ending in CRLF.
pub(crate) fn post_with(headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let mut request = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: aios\r\ncontent-type: application/json\r\n\
         {headers}content-length: {length}\r\n\r\n"
    )
    .into_bytes();
    request.extend_from_slice(body);
    request
}

/// A whole GET request.
pub(crate) fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").into_bytes()
}
