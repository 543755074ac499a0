//! A reply as it comes, free of any IO: its head, then the pieces of its body.
//!
//! The head is read by `httparse`; how long a body is follows RFC 9112, section 6.3. Bodies are handed
//! on as the memory they were read into.

use std::mem::MaybeUninit;

use bytes::{Bytes, BytesMut};
use http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::chunked::Chunked;

/// Longest head of a reply, in bytes.
pub(super) const HEAD_BYTES_MAX: usize = 64 * 1024;
/// Most headers of a reply.
const HEADERS_MAX: usize = 128;

/// What came is no HTTP, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("what came back is not HTTP: {0}")]
pub struct NotHttp(pub(super) &'static str);

/// Status and headers of a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplyHead {
    /// Its status, from 200 on.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
}

/// Reads one reply after the other from the bytes of a connection.
#[derive(Debug, Default)]
pub struct ReplyReader {
    buffer: BytesMut,
    body: Body,
    /// Nothing can come behind this reply.
    is_last: bool,
}

/// What is still to come of a body.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Body {
    #[default]
    End,
    Length(u64),
    Chunked(Chunked),
    UntilClosed,
}

impl ReplyReader {
    /// Where what comes next is to be put.
    pub fn buffer(&mut self) -> &mut BytesMut {
        &mut self.buffer
    }

    /// The head of the next reply, if all of it is there. What only says that one will come is passed over.
    ///
    /// # Errors
    /// When what is there can never become a head.
    pub fn head(&mut self) -> Result<Option<ReplyHead>, NotHttp> {
        while !self.buffer.is_empty() {
            let Some(parsed) = Parsed::read(&mut self.buffer)? else { break };
            if parsed.status.is_informational() {
                // Nobody asked for another protocol.
                if parsed.status == StatusCode::SWITCHING_PROTOCOLS {
                    return Err(NotHttp("it turns to another protocol"));
                }
                continue;
            }
            self.body = Body::of(&parsed)?;
            self.is_last = !parsed.keeps_connection();
            return Ok(Some(ReplyHead { status: parsed.status, headers: parsed.headers }));
        }
        if self.buffer.len() > HEAD_BYTES_MAX {
            return Err(NotHttp("its head is too long"));
        }
        Ok(None)
    }

    /// The next piece of the body; `None` if more bytes are needed, or it [has ended](Self::is_ended).
    ///
    /// # Errors
    /// When its chunks are none.
    pub fn data(&mut self) -> Result<Option<Bytes>, NotHttp> {
        let buffer = &mut self.buffer;
        match &mut self.body {
            Body::Chunked(chunked) => {
                let data = chunked.next(buffer)?;
                if data.is_none() && *chunked == Chunked::End {
                    self.body = Body::End;
                }
                Ok(data)
            }
            Body::End => Ok(None),
            Body::Length(_) | Body::UntilClosed if buffer.is_empty() => Ok(None),
            Body::Length(left) => {
                let n = usize::try_from(*left).map_or(buffer.len(), |n| n.min(buffer.len()));
                *left -= n as u64;
                if *left == 0 {
                    self.body = Body::End;
                }
                Ok(Some(buffer.split_to(n).freeze()))
            }
            Body::UntilClosed => Ok(Some(buffer.split().freeze())),
        }
    }

    /// All of the body has been taken.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.body == Body::End
    }

    /// The exact length that is still to come, if it is known.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        match self.body {
            Body::End => Some(0),
            Body::Length(left) => Some(left),
            Body::Chunked(_) | Body::UntilClosed => None,
        }
    }

    /// The connection was closed: whether that is the end of the body.
    pub fn closed(&mut self) -> bool {
        if self.body == Body::UntilClosed {
            self.body = Body::End;
        }
        self.is_ended()
    }

    /// Whether another reply may come over the same connection, and nothing has come of it yet.
    #[must_use]
    pub fn is_reusable(&self) -> bool {
        self.is_ended() && !self.is_last && self.buffer.is_empty()
    }

    /// Lets go of memory while nothing is expected.
    pub(super) fn rest(&mut self) {
        self.buffer = BytesMut::new();
    }
}

impl Body {
    fn of(head: &Parsed) -> Result<Self, NotHttp> {
        if matches!(head.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
            return Ok(Self::End);
        }
        let mut codings = head.headers.get_all(TRANSFER_ENCODING).iter();
        if let Some(coding) = codings.next() {
            let only = codings.next().is_none();
            // Another coding in front of it would have to be undone, and nobody asked for one.
            return if only && coding.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked") {
                Ok(Self::Chunked(Chunked::Size))
            } else {
                Err(NotHttp("its transfer coding is not `chunked`"))
            };
        }
        let mut lengths = head.headers.get_all(CONTENT_LENGTH).iter();
        let Some(length) = lengths.next() else { return Ok(Self::UntilClosed) };
        if lengths.any(|other| other != length) {
            return Err(NotHttp("it has two lengths"));
        }
        match digits(length.as_bytes()) {
            Some(0) => Ok(Self::End),
            Some(length) => Ok(Self::Length(length)),
            None => Err(NotHttp("its length is no number")),
        }
    }
}

/// A number as `Content-Length` has it: digits, nothing else.
fn digits(text: &[u8]) -> Option<u64> {
    let is_digits = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(text).ok().filter(|_| is_digits)?.parse().ok()
}

/// A head that is there as a whole.
struct Parsed {
    status: StatusCode,
    headers: HeaderMap,
    is_http_1_1: bool,
}

impl Parsed {
    /// Takes a head from the front of the buffer.
    fn read(buffer: &mut BytesMut) -> Result<Option<Self>, NotHttp> {
        let mut room = [const { MaybeUninit::uninit() }; HEADERS_MAX];
        let mut response = httparse::Response::new(&mut []);
        let parsed = httparse::ParserConfig::default()
            .parse_response_with_uninit_headers(&mut response, buffer, &mut room)
            .map_err(|_| NotHttp("its head cannot be read"))?;
        let httparse::Status::Complete(length) = parsed else { return Ok(None) };
        let status = response.code.and_then(|code| StatusCode::from_u16(code).ok());
        let status = status.ok_or(NotHttp("it has no status"))?;
        let is_http_1_1 = response.version == Some(1);
        // Names are known or short; values stay in the memory that they were read into.
        let mut names = Vec::with_capacity(response.headers.len());
        let start = buffer.as_ptr() as usize;
        for header in &*response.headers {
            let name = HeaderName::from_bytes(header.name.as_bytes())
                .map_err(|_| NotHttp("a header's name is none"))?;
            let at = header.value.as_ptr() as usize - start;
            names.push((name, at..at + header.value.len()));
        }
        let head = buffer.split_to(length).freeze();
        let mut headers = HeaderMap::with_capacity(names.len());
        for (name, at) in names {
            let value = HeaderValue::from_maybe_shared(head.slice(at))
                .map_err(|_| NotHttp("a header's value is none"))?;
            headers.append(name, value);
        }
        Ok(Some(Self { status, headers, is_http_1_1 }))
    }

    /// HTTP/1.1 keeps a connection unless it is told not to, HTTP/1.0 only if it is told to.
    fn keeps_connection(&self) -> bool {
        let asks = |option: &[u8]| {
            let values = self.headers.get_all(CONNECTION).iter();
            values
                .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
                .any(|one| one.trim_ascii().eq_ignore_ascii_case(option))
        };
        // Which of two lengths the server meant cannot be known.
        let is_doubtful = self.headers.contains_key(TRANSFER_ENCODING)
            && self.headers.contains_key(CONTENT_LENGTH);
        !is_doubtful && if self.is_http_1_1 { !asks(b"close") } else { asks(b"keep-alive") }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What is read of `bytes` that come in pieces of `n`: a line per reply, with what it ends in.
    fn read(bytes: &[u8], n: usize) -> String {
        let (mut reader, mut seen, mut in_body) = (ReplyReader::default(), String::new(), false);
        let mut take = |reader: &mut ReplyReader| -> Result<(), NotHttp> {
            loop {
                if !in_body {
                    let Some(head) = reader.head()? else { return Ok(()) };
                    seen.push_str(&format!("{} ", head.status.as_u16()));
                    in_body = true;
                }
                while let Some(data) = reader.data()? {
                    seen.push_str(&String::from_utf8_lossy(&data));
                }
                if !reader.is_ended() {
                    return Ok(());
                }
                in_body = false;
                seen.push_str(if reader.is_last { "; last." } else { "; " });
                if reader.is_last {
                    return Ok(());
                }
            }
        };
        let mut whole = Ok(());
        for piece in bytes.chunks(n) {
            reader.buffer().extend_from_slice(piece);
            whole = whole.and_then(|()| take(&mut reader));
        }
        if let Err(error) = whole {
            return error.to_string();
        }
        if in_body && !reader.is_ended() {
            seen.push_str(if reader.closed() { "; closed." } else { "; cut." });
        }
        seen
    }

    fn check(bytes: &str, expect: &str) {
        for n in 1..=bytes.len() {
            assert_eq!(read(bytes.as_bytes(), n), expect, "{bytes:?} by {n}");
        }
    }

    #[test]
    fn a_body_is_as_long_as_its_head_says() {
        check("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nHello", "200 Hello; ");
        check(
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabHTTP/1.1 204 \r\n\r\n",
            "200 ab; 204 ; ",
        );
        check(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n",
            "200 abcd; ",
        );
        check("HTTP/1.1 500 Oh\r\n\r\nuntil the end", "500 until the end; closed.");
        check("HTTP/1.1 304 Same\r\ncontent-length: 10\r\n\r\n", "304 ; ");
        check("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nHel", "200 Hel; cut.");
        check("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n", "200 abc; cut.");
    }

    #[test]
    fn a_connection_is_kept_where_both_sides_know_of_it() {
        check(
            "HTTP/1.1 200 OK\r\nconnection: a, Close\r\ncontent-length: 1\r\n\r\nx",
            "200 x; last.",
        );
        check("HTTP/1.0 200 OK\r\ncontent-length: 1\r\n\r\nx", "200 x; last.");
        check("HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 1\r\n\r\nx", "200 x; ");
        let both =
            "HTTP/1.1 200 OK\r\ncontent-length: 9\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n";
        check(both, "200 ; last.");
    }

    #[test]
    fn what_only_announces_a_reply_is_passed_over() {
        check(
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
            "200 ; ",
        );
        let other = "HTTP/1.1 101 Other\r\nupgrade: x\r\n\r\n";
        check(other, "what came back is not HTTP: it turns to another protocol");
    }

    #[test]
    fn what_is_not_http_is_named() {
        let refused = |bytes: &str| read(bytes.as_bytes(), bytes.len());
        let head = |headers: &str| refused(&format!("HTTP/1.1 200 OK\r\n{headers}\r\n\r\n"));
        for (seen, why) in [
            (refused("SSH-2.0-OpenSSH_9.6\r\n"), "its head cannot be read"),
            (head("content-length: 1\r\ncontent-length: 2"), "it has two lengths"),
            (head("content-length: +1"), "its length is no number"),
            (head("content-length: 99999999999999999999999"), "its length is no number"),
            (head("transfer-encoding: gzip, chunked"), "its transfer coding is not `chunked`"),
            (head(&"a: b\r\n".repeat(HEADERS_MAX + 1)), "its head cannot be read"),
            (
                refused(&format!("HTTP/1.1 200 OK\r\na: {}", "b".repeat(HEAD_BYTES_MAX))),
                "its head is too long",
            ),
        ] {
            assert_eq!(seen, format!("what came back is not HTTP: {why}"));
        }
    }

    proptest! {
        #[test]
        fn a_body_comes_out_as_it_went_in(body in any::<Vec<u8>>(), sizes in prop::collection::vec(1_usize..40, 1..20), n in 1_usize..64) {
            let mut bytes = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
            let (mut rest, mut sizes) = (body.as_slice(), sizes.iter().cycle());
            while !rest.is_empty() {
                let (chunk, behind) = rest.split_at(rest.len().min(*sizes.next().unwrap()));
                bytes.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                bytes.extend_from_slice(chunk);
                bytes.extend_from_slice(b"\r\n");
                rest = behind;
            }
            bytes.extend_from_slice(b"0\r\n\r\n");
            let (mut reader, mut seen) = (ReplyReader::default(), Vec::new());
            let mut has_head = false;
            for piece in bytes.chunks(n) {
                reader.buffer().extend_from_slice(piece);
                has_head = has_head || reader.head().unwrap().is_some();
                while has_head && let Some(data) = reader.data().unwrap() {
                    seen.extend_from_slice(&data);
                }
            }
            prop_assert_eq!(seen, body);
            prop_assert!(reader.is_reusable());
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in any::<Vec<u8>>(), n in 1_usize..64) {
            read(&bytes, n);
            read(&[b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".as_slice(), &bytes].concat(), n);
        }
    }
}
