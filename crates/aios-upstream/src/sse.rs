//! Finds the events in a stream of server-sent events, and passes their bytes on as they came.
//!
//! Rewriting events is where gateways break streams, so an event here is a range of the bytes that
//! were received: reading it copies nothing, and neighbors in one chunk are sent on as one slice
//! (see [`SseBlock`]). Only an event that arrives in pieces is put together, once, in a buffer of
//! its own. Each byte is looked at once to find the blank line that ends an event, and once more
//! to read the event's fields.
//!
//! Lines end with LF or CRLF. The format also knows a lone CR, which no model server sends: it
//! would hold back every event whose CRLF is split between two chunks.

use std::borrow::Cow;

use bytes::{Bytes, BytesMut};
use memchr::memchr_iter;

/// Longest event that is accepted, in bytes.
pub const EVENT_BYTES_MAX: usize = 8 * 1024 * 1024;

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// An event is longer than [`EVENT_BYTES_MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an event of the stream is longer than {EVENT_BYTES_MAX} bytes")]
pub struct EventTooLarge;

/// Cuts a byte stream into events.
///
/// ```
/// # use aios_upstream::SseScanner;
/// let mut scanner = SseScanner::default();
/// scanner.push("data: a\n\nda".into());
/// assert_eq!(scanner.next_event()?.unwrap().raw(), "data: a\n\n");
/// assert_eq!(scanner.next_event()?, None);
/// assert_eq!(scanner.pending(), b"da");
/// # Ok::<_, aios_upstream::EventTooLarge>(())
/// ```
#[derive(Debug, Default)]
pub struct SseScanner {
    /// Start of an event whose end has not arrived yet; it precedes `chunk[at..]`.
    carry: BytesMut,
    /// The chunk being cut.
    chunk: Bytes,
    /// How much of the chunk has been handed out.
    at: usize,
    /// What the line under the cursor holds so far.
    line: Line,
}

/// What a line holds so far: enough to know a blank one whatever the chunks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Line {
    #[default]
    Empty,
    CarriageReturn,
    Text,
}

impl SseScanner {
    /// Takes the next chunk. Take out all events before: what is left would have to be copied.
    pub fn push(&mut self, chunk: Bytes) {
        if self.at < self.chunk.len() {
            let mut joined = BytesMut::from(self.chunk.get(self.at..).unwrap_or_default());
            joined.extend_from_slice(&chunk);
            self.chunk = joined.freeze();
        } else {
            self.chunk = chunk;
        }
        self.at = 0;
    }

    /// The next complete event; `None` when more bytes are needed.
    ///
    /// # Errors
    /// When the event under way is too long. The stream cannot be read any further then.
    pub fn next_event(&mut self) -> Result<Option<SseEvent>, EventTooLarge> {
        let rest = self.chunk.get(self.at..).unwrap_or_default();
        let end = self.line.find_event_end(rest);
        let taken = end.unwrap_or(rest.len());
        if self.carry.len() + taken > EVENT_BYTES_MAX {
            return Err(EventTooLarge);
        }
        let start = self.at;
        self.at += taken;
        if end.is_some() && self.carry.is_empty() {
            return Ok(Some(SseEvent { segment: self.chunk.clone(), start, end: self.at }));
        }
        self.carry.extend_from_slice(self.chunk.get(start..self.at).unwrap_or_default());
        if end.is_some() {
            return Ok(self.take_carry());
        }
        // Lets the connection reuse its buffer.
        self.chunk = Bytes::new();
        self.at = 0;
        Ok(None)
    }

    /// Bytes of an event whose end has not arrived.
    ///
    /// Complete only after [`Self::next_event`] has returned `None`.
    #[must_use]
    pub fn pending(&self) -> &[u8] {
        &self.carry
    }

    /// What is left at the end of the stream, as an event with the blank line that some servers leave out
    /// there. `None` if the stream ended between two events, or what is left says nothing: whatever is sent
    /// after it would become a part of it.
    pub fn finish(&mut self) -> Option<SseEvent> {
        let missing: &[u8] = if self.carry.ends_with(b"\n") { b"\n" } else { b"\n\n" };
        self.carry.extend_from_slice(missing);
        self.take_carry().filter(|event| {
            let fields = event.fields();
            fields.data.is_some() || fields.error.is_some()
        })
    }

    fn take_carry(&mut self) -> Option<SseEvent> {
        let segment = self.carry.split().freeze();
        (!segment.is_empty()).then(|| SseEvent { start: 0, end: segment.len(), segment })
    }
}

impl Line {
    /// Where the first event of `bytes` ends; the state is that of the line after it, or of the
    /// unfinished line at the end.
    fn find_event_end(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut start = 0;
        for newline in memchr_iter(b'\n', bytes) {
            let line = self.and(bytes.get(start..newline).unwrap_or_default());
            *self = Self::Empty;
            start = newline + 1;
            if line != Self::Text {
                return Some(start);
            }
        }
        *self = self.and(bytes.get(start..).unwrap_or_default());
        None
    }

    const fn and(self, more: &[u8]) -> Self {
        match (self, more) {
            (_, []) => self,
            (Self::Empty, b"\r") => Self::CarriageReturn,
            (Self::Empty | Self::CarriageReturn | Self::Text, _) => Self::Text,
        }
    }
}

/// One event: its bytes as they came, blank line included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SseEvent {
    segment: Bytes,
    start: usize,
    end: usize,
}

impl SseEvent {
    /// An event of our own making. `bytes` must be a whole event with its blank line.
    #[must_use]
    pub fn new(bytes: Bytes) -> Self {
        Self { start: 0, end: bytes.len(), segment: bytes }
    }

    /// The bytes as they came; shares memory with the chunk.
    #[must_use]
    pub fn raw(&self) -> Bytes {
        self.segment.slice(self.start..self.end)
    }

    /// The bytes as they came.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.segment.get(self.start..self.end).unwrap_or_default()
    }

    /// Reads the fields that matter here.
    #[must_use]
    pub fn fields(&self) -> SseFields<'_> {
        let bytes = self.as_bytes();
        let mut fields = SseFields::default();
        let mut start = 0;
        for newline in memchr_iter(b'\n', bytes).chain([bytes.len()]) {
            fields.add(bytes.get(start..newline).unwrap_or_default());
            start = newline + 1;
        }
        fields
    }

    /// Whether `next` starts where this ends. Both hold their segment alive, so the same address
    /// and length mean the same segment.
    fn is_followed_by(&self, next: &Self) -> bool {
        self.end == next.start
            && self.segment.as_ptr() == next.segment.as_ptr()
            && self.segment.len() == next.segment.len()
    }
}

/// The fields of an event. An event with none of them is a comment or keep-alive.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct SseFields<'a> {
    /// The `data` lines, joined by LF where there are several.
    pub data: Option<Cow<'a, [u8]>>,
    /// The `event` line: the event's type.
    pub event: Option<&'a [u8]>,
    /// The `error` line: not part of the format, but llama.cpp reports failures there.
    pub error: Option<&'a [u8]>,
}

impl<'a> SseFields<'a> {
    fn add(&mut self, line: &'a [u8]) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
        if let Some(value) = value_of(line, b"data") {
            self.add_data(value);
        } else if let Some(value) = value_of(line, b"event") {
            self.event = Some(value);
        } else if let Some(value) = value_of(line, b"error") {
            self.error = Some(value);
        }
    }

    fn add_data(&mut self, value: &'a [u8]) {
        match &mut self.data {
            None => self.data = Some(Cow::Borrowed(value)),
            Some(data) => {
                let data = data.to_mut();
                data.push(b'\n');
                data.extend_from_slice(value);
            }
        }
    }
}

/// The value of a line of the form `name`, `name:value` or `name: value`.
fn value_of<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let rest = line.strip_prefix(name)?;
    if rest.is_empty() {
        return Some(rest);
    }
    let value = rest.strip_prefix(b":")?;
    Some(value.strip_prefix(b" ").unwrap_or(value))
}

/// Events on their way to the client, in as few slices as possible.
///
/// Events that lie side by side in one chunk become one slice again, so that they go out in one
/// write.
#[derive(Debug, Default)]
pub struct SseBlock {
    slices: Vec<Bytes>,
    run: Option<SseEvent>,
    bytes: usize,
}

impl SseBlock {
    /// Adds an event.
    pub fn push(&mut self, event: SseEvent) {
        self.bytes += event.end - event.start;
        match &mut self.run {
            Some(run) if run.is_followed_by(&event) => run.end = event.end,
            Some(_) | None => {
                self.close_run();
                self.run = Some(event);
            }
        }
    }

    /// Sum of the events' lengths.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.bytes
    }

    /// Whether there is nothing to send.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// Takes everything out as one piece: without a copy if there is only one slice.
    pub fn take(&mut self) -> Bytes {
        self.close_run();
        self.bytes = 0;
        match self.slices.as_slice() {
            [_] | [] => self.slices.pop().unwrap_or_default(),
            many => {
                let joined = many.concat();
                self.slices.clear();
                joined.into()
            }
        }
    }

    fn close_run(&mut self) {
        self.slices.extend(self.run.take().map(|run| run.raw()));
    }
}

#[cfg(test)]
mod tests;
