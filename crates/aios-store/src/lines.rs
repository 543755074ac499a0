//! Lines of a segment from the first to the last, in one buffer that is used again.
//!
//! At the end of the file the reader keeps the beginning of a line that has no newline yet, and goes on
//! when asked again. So it cannot give out a torn line, and following a file is asking again.

use std::fmt;
use std::io::{self, BufRead};
use std::path::{Path, PathBuf};

use aios_core::{Event, ResponseEvent};
use memchr::memchr;
use serde::Serialize;

/// Longest line that is read, in bytes. Far above what the text limits of an event allow.
pub const LINE_MAX: usize = 16 * 1024 * 1024;

/// An event as it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// The line as it stands in the file, without its newline.
    pub raw: String,
    /// What it says.
    pub event: Event,
}

/// A line that is not an event. Reading goes on behind it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BadLine {
    /// The segment.
    pub path: PathBuf,
    /// Its number, from 1; unknown if the file was not read from its start.
    pub number: Option<u64>,
    /// Where it begins, in bytes.
    pub offset: u64,
    /// What is wrong with it.
    pub why: String,
}

/// An event cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// One line is bad; the next can be read.
    #[error("{0}")]
    Bad(BadLine),
    /// The rest of a file cannot be read; what comes next is from another.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// The segment.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl fmt::Display for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.path.display())?;
        match self.number {
            Some(number) => write!(f, "line {number}")?,
            None => write!(f, "the line at byte {}", self.offset)?,
        }
        write!(f, ": {}", self.why)
    }
}

/// Where a line stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) number: Option<u64>,
    pub(crate) offset: u64,
}

/// Reads whole lines.
#[derive(Debug)]
pub(crate) struct Lines<R> {
    reader: R,
    line: Vec<u8>,
    /// Bytes of the line, also those that were not kept because it is too long.
    length: usize,
    line_max: usize,
    /// Whether `line` was given out and has to be begun anew.
    whole: bool,
    place: Place,
}

/// One line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Read<'a> {
    /// Without its newline.
    Line { place: Place, bytes: &'a [u8] },
    /// Longer than is read.
    TooLong { place: Place },
}

impl<R: BufRead> Lines<R> {
    /// Reads from `place` on.
    pub(crate) fn new(reader: R, place: Place) -> Self {
        Self::with_line_max(reader, place, LINE_MAX)
    }

    fn with_line_max(reader: R, place: Place, line_max: usize) -> Self {
        Self { reader, line: Vec::new(), length: 0, line_max, whole: false, place }
    }

    /// The next whole line; `None` when there is none yet.
    pub(crate) fn next(&mut self) -> io::Result<Option<Read<'_>>> {
        if std::mem::take(&mut self.whole) {
            self.place.offset += self.length as u64 + 1;
            self.place.number = self.place.number.map(|number| number + 1);
            self.restart();
        }
        if !self.fill()? {
            return Ok(None);
        }
        self.whole = true;
        let place = self.place;
        if self.length > self.line_max {
            return Ok(Some(Read::TooLong { place }));
        }
        Ok(Some(Read::Line { place, bytes: &self.line }))
    }

    /// How far the file has been read, in bytes.
    pub(crate) fn position(&self) -> u64 {
        self.place.offset + self.length as u64 + u64::from(self.whole)
    }

    /// Whether what follows the last line can never become one of ours: each begins with a brace, and none is longer than
    /// is read. What can is still being written.
    pub(crate) fn has_scrap(&self) -> bool {
        let begins_otherwise = self.line.first().is_some_and(|first| *first != b'{');
        !self.whole && (begins_otherwise || self.length > self.line_max)
    }

    pub(crate) fn reader_mut(&mut self) -> &mut R {
        &mut self.reader
    }

    /// Forgets a line that was begun: the reader stands at `offset` now.
    pub(crate) fn moved_to(&mut self, offset: u64) {
        self.restart();
        self.whole = false;
        self.place = Place { number: (offset == 0).then_some(1), offset };
    }

    fn restart(&mut self) {
        self.line.clear();
        self.length = 0;
    }

    /// Adds to the line up to its newline; false if the file ends before.
    fn fill(&mut self) -> io::Result<bool> {
        loop {
            let chunk = match self.reader.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if chunk.is_empty() {
                return Ok(false);
            }
            let newline = memchr(b'\n', chunk);
            let part = newline.map_or(chunk, |at| &chunk[..at]);
            self.length += part.len();
            if self.length <= self.line_max {
                self.line.extend_from_slice(part);
            }
            let used = part.len() + usize::from(newline.is_some());
            self.reader.consume(used);
            if newline.is_some() {
                return Ok(true);
            }
        }
    }
}

/// Reads a line as an event.
pub(crate) fn parse(path: &Path, place: Place, bytes: &[u8]) -> Result<Line, BadLine> {
    let bad = |why: String| bad(path, place, why);
    let event = event(bytes).map_err(bad)?;
    Ok(Line { raw: String::from_utf8_lossy(bytes).into_owned(), event })
}

/// The event that a line holds, or why it holds none. Whoever wants to know whether a line is an event asks here: two
/// that ask differently would call one log sound and damaged.
pub(crate) fn event(line: &[u8]) -> Result<Event, String> {
    let text = std::str::from_utf8(line).map_err(|_| "not UTF-8".to_owned())?;
    // Where the type stands first, the rest need not be kept until it is known.
    let read = if text.starts_with(RESPONSE_START) {
        serde_json::from_str::<ResponseEvent>(text).map(|event| Event::Response(Box::new(event)))
    } else {
        serde_json::from_str(text)
    };
    read.map_err(|error| explain(&error))
}

/// How each request's line begins.
const RESPONSE_START: &str = r#"{"event_type":"response","#;

pub(crate) fn too_long(path: &Path, place: Place) -> BadLine {
    bad(path, place, format!("longer than {LINE_MAX} bytes"))
}

fn bad(path: &Path, place: Place, why: String) -> BadLine {
    BadLine { path: path.to_owned(), number: place.number, offset: place.offset, why }
}

/// The parser sees one line only, so its "at line 1" would mislead beside the number in the file.
fn explain(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let why = text.rsplit_once(" at line ").map_or(text.as_str(), |(why, _)| why);
    format!("not an event: {why} (column {})", error.column())
}

#[cfg(test)]
mod agree;

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Cursor};

    use super::*;

    const START: Place = Place { number: Some(1), offset: 0 };

    /// Each line as `number@offset text`, through a buffer so small that it cuts every line.
    fn check(content: &str, expect: &[&str]) {
        let reader = BufReader::with_capacity(3, content.as_bytes());
        let mut lines = Lines::with_line_max(reader, START, 8);
        let mut seen = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            seen.push(match line {
                Read::Line { place, bytes } => show(place, &String::from_utf8_lossy(bytes)),
                Read::TooLong { place } => show(place, "(too long)"),
            });
        }
        assert_eq!(seen, expect, "{content:?}");
    }

    fn show(place: Place, text: &str) -> String {
        format!("{}@{} {text}", place.number.unwrap_or(0), place.offset)
    }

    #[test]
    fn whole_lines_are_read_with_their_places() {
        check("", &[]);
        check("one\n\nthree\n", &["1@0 one", "2@4 ", "3@5 three"]);
        check("one\ntorn", &["1@0 one"]);
        check("12345678\n123456789\nend\n", &["1@0 12345678", "2@9 (too long)", "3@19 end"]);
    }

    #[test]
    fn a_line_that_grows_is_given_out_once_it_is_whole() {
        let mut lines = Lines::new(Cursor::new(b"one\ntw".to_vec()), START);
        assert!(lines.next().unwrap().is_some());
        assert_eq!(lines.next().unwrap(), None);
        assert_eq!(lines.position(), 6);
        lines.reader_mut().get_mut().extend_from_slice(b"o\nth");
        let place = Place { number: Some(2), offset: 4 };
        assert_eq!(lines.next().unwrap(), Some(Read::Line { place, bytes: b"two" }));
        assert_eq!(lines.position(), 8);
        assert_eq!(lines.next().unwrap(), None);
    }

    #[test]
    fn what_is_being_written_is_no_scrap() {
        let check = |content: &str, expect: bool| {
            let mut lines = Lines::with_line_max(content.as_bytes(), START, 8);
            while lines.next().unwrap().is_some() {}
            assert_eq!(lines.has_scrap(), expect, "{content:?}");
        };
        check("", false);
        check("one\n", false);
        check("one\n{\"ev", false);
        check("one\n\0\0", true);
        check("{23456789", true);
    }

    #[test]
    fn a_bad_line_is_named() {
        let place = Place { number: Some(7), offset: 99 };
        let check = |bytes: &[u8], expect: &str| {
            assert_eq!(parse(Path::new("e.ndjson"), place, bytes).unwrap_err().to_string(), expect);
        };
        check(b"\xff", "e.ndjson: line 7: not UTF-8");
        check(b"{", "e.ndjson: line 7: not an event: EOF while parsing an object (column 1)");
        let far = too_long(Path::new("e.ndjson"), Place { number: None, offset: 5 });
        assert_eq!(far.to_string(), "e.ndjson: the line at byte 5: longer than 16777216 bytes");
    }
}
