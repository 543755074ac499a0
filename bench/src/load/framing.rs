//! Where an HTTP/1.1 answer ends: a counted body or chunks.

use anyhow::{Context, Result, bail, ensure};
use bytes::{Buf, BytesMut};

/// What matters of a response's head.
pub(crate) struct Head {
    pub(crate) status: u16,
    pub(crate) framing: Framing,
}

/// How much of the body is still to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// This many bytes.
    Counted(usize),
    /// A chunk's size line.
    ChunkSize,
    /// This many bytes of a chunk and its line end.
    Chunk(usize),
    /// The empty line after the last chunk.
    LastLine,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    /// More bytes are needed.
    Partial,
    /// The answer has ended.
    Whole,
}

impl Head {
    /// Takes a whole head off the buffer; `None` while it is not whole.
    pub(crate) fn take(buffer: &mut BytesMut) -> Result<Option<Self>> {
        let Some(end) = memchr::memmem::find(buffer, b"\r\n\r\n") else { return Ok(None) };
        let bytes = buffer.split_to(end + 4);
        let status = bytes.get(9..12).and_then(number).context("not an HTTP/1.1 status line")?;
        let framing = bytes.as_ref().split(|byte| *byte == b'\n').find_map(framing_in);
        let framing = framing.context("the answer says neither its length nor chunks")??;
        Ok(Some(Self { status: u16::try_from(status)?, framing }))
    }
}

fn framing_in(line: &[u8]) -> Option<Result<Framing>> {
    let at = memchr::memchr(b':', line)?;
    let (name, value) = line.split_at(at);
    let value = value.get(1..)?.trim_ascii();
    if name.eq_ignore_ascii_case(b"content-length") {
        return Some(number(value).map(Framing::Counted).context("content-length is no number"));
    }
    let chunked = name.eq_ignore_ascii_case(b"transfer-encoding");
    (chunked && value.eq_ignore_ascii_case(b"chunked")).then_some(Ok(Framing::ChunkSize))
}

fn number(digits: &[u8]) -> Option<usize> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

impl Framing {
    /// Goes on as far as the buffer reaches.
    pub(crate) fn advance(
        &mut self,
        buffer: &mut BytesMut,
        on_payload: &mut impl FnMut(&[u8]),
    ) -> Result<Progress> {
        loop {
            match self {
                Self::Counted(left) => return Ok(take(left, buffer, on_payload)),
                Self::ChunkSize => {
                    let Some(line) = take_line(buffer) else { return Ok(Progress::Partial) };
                    *self = chunk(&line)?;
                }
                Self::Chunk(left) => {
                    if take(left, buffer, on_payload) == Progress::Partial || buffer.len() < 2 {
                        return Ok(Progress::Partial);
                    }
                    ensure!(buffer.starts_with(b"\r\n"), "a chunk is longer than its size");
                    buffer.advance(2);
                    *self = Self::ChunkSize;
                }
                Self::LastLine => {
                    let Some(line) = take_line(buffer) else { return Ok(Progress::Partial) };
                    if line.is_empty() {
                        return Ok(Progress::Whole);
                    }
                }
            }
        }
    }
}

fn chunk(line: &[u8]) -> Result<Framing> {
    let digits = line.split(|byte| *byte == b';').next().unwrap_or_default();
    let Ok(digits) = std::str::from_utf8(digits) else { bail!("a chunk's size is not text") };
    let size = usize::from_str_radix(digits.trim(), 16).context("a chunk's size is no number")?;
    Ok(if size == 0 { Framing::LastLine } else { Framing::Chunk(size) })
}

fn take(left: &mut usize, buffer: &mut BytesMut, on_payload: &mut impl FnMut(&[u8])) -> Progress {
    let n = buffer.len().min(*left);
    if let Some(payload) = buffer.get(..n).filter(|payload| !payload.is_empty()) {
        on_payload(payload);
        buffer.advance(n);
        *left -= n;
    }
    if *left == 0 { Progress::Whole } else { Progress::Partial }
}

fn take_line(buffer: &mut BytesMut) -> Option<BytesMut> {
    let end = memchr::memmem::find(buffer, b"\r\n")?;
    let line = buffer.split_to(end);
    buffer.advance(2);
    Some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads `bytes` in pieces of `step` and gives status and body back.
    fn check(bytes: &[u8], step: usize) -> (u16, Vec<u8>) {
        let (mut buffer, mut body) = (BytesMut::new(), Vec::new());
        let mut head: Option<Head> = None;
        for piece in bytes.chunks(step) {
            buffer.extend_from_slice(piece);
            if head.is_none() {
                head = Head::take(&mut buffer).unwrap();
            }
            let Some(head) = &mut head else { continue };
            let mut keep = |payload: &[u8]| body.extend_from_slice(payload);
            if head.framing.advance(&mut buffer, &mut keep).unwrap() == Progress::Whole {
                assert!(buffer.is_empty());
                return (head.status, body);
            }
        }
        panic!("the answer never ended")
    }

    #[test]
    fn answers_end_where_their_framing_says_however_they_are_cut() {
        let counted = b"HTTP/1.1 503 Busy\r\ncontent-LENGTH: 5\r\n\r\nhello";
        let chunks = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhe\r\n\r\nA;x=1\r\n0123456789\r\n0\r\n\r\n";
        for step in 1..=chunks.len() {
            assert_eq!(check(counted, step), (503, b"hello".to_vec()), "{step}");
            assert_eq!(check(chunks, step), (200, b"he\r\n0123456789".to_vec()), "{step}");
        }
    }

    #[test]
    fn a_chunk_longer_than_its_size_is_an_error() {
        let mut buffer = BytesMut::from(&b"2\r\nabc\r\n"[..]);
        assert!(Framing::ChunkSize.advance(&mut buffer, &mut |_: &[u8]| ()).is_err());
    }
}
