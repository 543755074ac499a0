//! A request as it goes out: its head in one piece, then its body.

use std::fmt;
use std::io::IoSlice;

use http::header::CONTENT_LENGTH;
use http::{HeaderMap, Method};

use crate::body::Pieces;

/// How a head begins that many requests share: the request line and the headers that never change.
#[derive(Clone)]
pub(crate) struct HeadStart(Vec<u8>);

/// A request, as far as it is not sent yet.
pub(crate) struct Message {
    head: Vec<u8>,
    /// How much of the head is sent.
    at: usize,
    body: Pieces,
}

impl HeadStart {
    /// For requests with this method to this path, which is one that a URL may have.
    pub(crate) fn new(method: &Method, path: &str, headers: &HeaderMap) -> Self {
        let mut head = Vec::with_capacity(256);
        for part in [method.as_str(), " ", path, " HTTP/1.1\r\n"] {
            head.extend_from_slice(part.as_bytes());
        }
        push_headers(&mut head, headers);
        Self(head)
    }

    /// A request that begins so and has these headers besides.
    pub(crate) fn message(&self, headers: &HeaderMap, body: Pieces) -> Message {
        /// What most requests add.
        const MORE_BYTES: usize = 192;
        let mut head = Vec::with_capacity(self.0.len() + MORE_BYTES);
        head.extend_from_slice(&self.0);
        push_headers(&mut head, headers);
        // Without a length an empty body is none; a request that has one must say so.
        if body.len() > 0 || self.0.starts_with(b"POST") {
            push_header(&mut head, CONTENT_LENGTH.as_str(), body.len().to_string().as_bytes());
        }
        head.extend_from_slice(b"\r\n");
        Message { head, at: 0, body }
    }
}

fn push_headers(head: &mut Vec<u8>, headers: &HeaderMap) {
    for (name, value) in headers {
        push_header(head, name.as_str(), value.as_bytes());
    }
}

fn push_header(head: &mut Vec<u8>, name: &str, value: &[u8]) {
    for part in [name.as_bytes(), b": ", value, b"\r\n"] {
        head.extend_from_slice(part);
    }
}

impl Message {
    /// Nothing of it is sent, so that it can go elsewhere.
    pub(crate) const fn is_unsent(&self) -> bool {
        self.at == 0
    }

    /// All of it is sent.
    pub(crate) fn is_sent(&self) -> bool {
        self.at == self.head.len() && self.body.len() == 0
    }

    /// What goes next, as much as goes together.
    pub(crate) fn next(&self) -> [IoSlice<'_>; 2] {
        let head = self.head.get(self.at..).unwrap_or_default();
        [IoSlice::new(head), IoSlice::new(self.body.front())]
    }

    /// So many bytes went out.
    pub(crate) fn advance(&mut self, n: usize) {
        let of_head = n.min(self.head.len() - self.at);
        self.at += of_head;
        self.body.advance(n - of_head);
    }
}

/// The head may hold a key.
impl fmt::Debug for HeadStart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HeadStart({} bytes)", self.0.len())
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Message({} of {} bytes of its head sent)", self.at, self.head.len())
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::HeaderValue;

    use super::*;

    /// What goes out, if each time `n` bytes do.
    fn sent(method: Method, body: &'static str, n: usize) -> String {
        let mut fixed = HeaderMap::new();
        fixed.insert("host", HeaderValue::from_static("h:1"));
        let mut more = HeaderMap::new();
        more.insert("x-request-id", HeaderValue::from_static("r"));
        let start = HeadStart::new(&method, "/v1/x", &fixed);
        let mut message = start.message(&more, Pieces::from(Bytes::from_static(body.as_bytes())));
        assert!(message.is_unsent());
        let mut out = Vec::new();
        while !message.is_sent() {
            let next: Vec<u8> =
                message.next().iter().flat_map(|part| part.to_vec()).take(n).collect();
            out.extend_from_slice(&next);
            message.advance(next.len());
            assert!(!message.is_unsent());
        }
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_message_goes_out_whole_however_it_is_taken() {
        let post =
            "POST /v1/x HTTP/1.1\r\nhost: h:1\r\nx-request-id: r\r\ncontent-length: 4\r\n\r\nbody";
        for n in 1..=post.len() {
            assert_eq!(sent(Method::POST, "body", n), post);
        }
        assert!(sent(Method::POST, "", 9).ends_with("content-length: 0\r\n\r\n"));
        assert!(sent(Method::GET, "", 9).ends_with("x-request-id: r\r\n\r\n"));
    }

    #[test]
    fn what_it_says_of_itself_holds_no_header() {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", HeaderValue::from_static("Bearer of-somebody"));
        let start = HeadStart::new(&Method::GET, "/", &headers);
        let message = start.message(&headers, Pieces::default());
        assert!(!format!("{start:?} {message:?}").contains("somebody"));
    }
}
