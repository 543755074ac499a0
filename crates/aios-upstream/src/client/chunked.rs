//! The chunked transfer coding (RFC 9112, section 7.1), read from what has come so far.

use bytes::{Buf as _, Bytes, BytesMut};

use super::reply::NotHttp;

/// Longest line with a chunk's size or a trailer, in bytes.
const LINE_BYTES_MAX: usize = 4 * 1024;
/// Most bytes of trailers, which are passed over.
const TRAILER_BYTES_MAX: usize = 16 * 1024;

/// Where in a chunked body the reader stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chunked {
    /// Before a line with a size.
    Size,
    /// Within a chunk of which so many bytes are still to come.
    Data(u64),
    /// Behind a chunk, before its line end.
    DataEnd,
    /// Behind the last chunk, with so many bytes of trailers behind.
    Trailers(usize),
    /// Behind the end.
    End,
}

impl Chunked {
    /// The next piece of data in `buffer`, which it is taken from; `None` if more bytes are needed, or
    /// none come any more.
    pub(super) fn next(&mut self, buffer: &mut BytesMut) -> Result<Option<Bytes>, NotHttp> {
        loop {
            *self = match *self {
                Self::Size => {
                    let Some(line) = take_line(buffer)? else { return Ok(None) };
                    match size_of(&line)? {
                        0 => Self::Trailers(0),
                        size => Self::Data(size),
                    }
                }
                Self::Data(_) if buffer.is_empty() => return Ok(None),
                Self::Data(left) => {
                    let n = usize::try_from(left).map_or(buffer.len(), |n| n.min(buffer.len()));
                    let data = buffer.split_to(n).freeze();
                    let left = left - n as u64;
                    *self = if left == 0 { Self::DataEnd } else { Self::Data(left) };
                    return Ok(Some(data));
                }
                Self::DataEnd => {
                    let Some(line) = take_line(buffer)? else { return Ok(None) };
                    if !line.is_empty() {
                        return Err(NotHttp("a chunk is longer than its size"));
                    }
                    Self::Size
                }
                Self::Trailers(n) => {
                    let Some(line) = take_line(buffer)? else { return Ok(None) };
                    match n + line.len() {
                        _ if line.is_empty() => Self::End,
                        TRAILER_BYTES_MAX.. => return Err(NotHttp("its trailers have no end")),
                        n => Self::Trailers(n),
                    }
                }
                Self::End => return Ok(None),
            }
        }
    }
}

/// A whole line without its end. The end may be a line feed alone, as everybody takes it.
fn take_line(buffer: &mut BytesMut) -> Result<Option<Bytes>, NotHttp> {
    let Some(at) = memchr::memchr(b'\n', buffer) else {
        return if buffer.len() > LINE_BYTES_MAX {
            Err(NotHttp("a chunk's size has no end"))
        } else {
            Ok(None)
        };
    };
    let mut line = buffer.split_to(at).freeze();
    buffer.advance(1);
    if line.last() == Some(&b'\r') {
        line.truncate(at - 1);
    }
    Ok(Some(line))
}

/// The size in hexadecimal digits; what follows behind a semicolon is passed over.
fn size_of(line: &[u8]) -> Result<u64, NotHttp> {
    let end = line.iter().position(|byte| !byte.is_ascii_hexdigit()).unwrap_or(line.len());
    let (digits, rest) = line.split_at(end);
    let extension = rest.trim_ascii_start();
    let is_size = extension.is_empty() || extension.starts_with(b";");
    let size = std::str::from_utf8(digits).ok().and_then(|text| u64::from_str_radix(text, 16).ok());
    size.filter(|_| is_size).ok_or(NotHttp("a chunk has no size"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The data that comes of `body` in pieces of `n` bytes, and where the reader stands then.
    fn read(body: &str, n: usize) -> Result<(String, Chunked), NotHttp> {
        let (mut chunked, mut buffer, mut data) = (Chunked::Size, BytesMut::new(), Vec::new());
        for piece in body.as_bytes().chunks(n) {
            buffer.extend_from_slice(piece);
            while let Some(more) = chunked.next(&mut buffer)? {
                data.extend_from_slice(&more);
            }
        }
        Ok((String::from_utf8(data).unwrap(), chunked))
    }

    fn check(body: &str, expect: &str, end: Chunked) {
        for n in 1..=body.len() {
            assert_eq!(read(body, n), Ok((expect.to_owned(), end)), "{body:?} by {n}");
        }
    }

    #[test]
    fn chunks_are_put_together_however_they_are_cut() {
        check("5\r\nHello\r\n0\r\n\r\n", "Hello", Chunked::End);
        check("5;a=b\r\nHello\r\n7 ; x\r\n, world\r\n000\r\n\r\n", "Hello, world", Chunked::End);
        check("A\nten bytes.\n0\nx-trailer: 1\ny: 2\n\n", "ten bytes.", Chunked::End);
        check("5\r\nHel", "Hel", Chunked::Data(2));
        check("5\r\nHello", "Hello", Chunked::DataEnd);
        check("5\r\nHello\r\n0\r\n", "Hello", Chunked::Trailers(0));
    }

    #[test]
    fn what_is_not_chunked_is_refused() {
        let too_long = format!("5{}", "x".repeat(LINE_BYTES_MAX + 1));
        let no_end = format!("0\r\n{}", "a: b\r\n".repeat(TRAILER_BYTES_MAX));
        for body in
            ["\r\n", "x\r\n", "-1\r\n", "5 6\r\n", "5\r\nHello!\r\n", "11111111111111111\r\n"]
        {
            assert!(read(body, body.len()).is_err(), "{body:?}");
        }
        assert!(read(&too_long, 64).is_err());
        assert!(read(&no_end, 64).is_err());
    }
}
