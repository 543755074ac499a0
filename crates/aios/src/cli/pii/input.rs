//! Files or stdin, in chunks of whole lines, so that no value is cut and memory stays bounded.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use indicatif::ProgressBar;

use crate::cli::output::Failure;
use crate::cli::progress;

/// So much text is scanned at a time.
const CHUNK: usize = 1 << 20;
/// Longest line, and longest chunk.
const LINE_MAX: usize = 64 << 20;
/// A private key that has begun is read on to its end, at most so far.
const KEY_MAX: usize = 32 << 10;
/// So much of a file tells whether it is text.
const HEAD: usize = 8 << 10;

/// Text from a file or from stdin.
pub(super) struct Input {
    name: String,
    reader: BufReader<Box<dyn Read>>,
    /// Number of the next chunk's first line, from 1.
    line: usize,
    bar: ProgressBar,
}

/// Some lines, as they came.
pub(super) struct Lines {
    pub(super) bytes: Vec<u8>,
    /// Number of the first line.
    first_line: usize,
}

/// Some lines as text.
pub(super) struct Chunk {
    pub(super) text: String,
    /// Number of the first line.
    pub(super) first_line: usize,
}

impl Input {
    /// Opens a file, or stdin for `-`. What is read moves the bar on.
    pub(super) fn open(file: &Path, bar: &ProgressBar) -> anyhow::Result<Self> {
        if is_stdin(file) {
            return Ok(Self::new("stdin".to_owned(), Box::new(io::stdin()), bar.clone()));
        }
        let name = file.display().to_string();
        let failed = |error| {
            let hint = "name a file or a directory that you may read, or - for standard input";
            Failure::new(format!("cannot read {name}"), hint).because(error)
        };
        let opened = File::open(file).map_err(failed)?;
        Ok(Self::new(name, Box::new(opened), bar.clone()))
    }

    fn new(name: String, reader: Box<dyn Read>, bar: ProgressBar) -> Self {
        Self { name, reader: BufReader::with_capacity(CHUNK, reader), line: 1, bar }
    }

    /// What the input is called.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Whether it begins like text. Other files have a zero byte near their beginning.
    pub(super) fn is_text(&mut self) -> anyhow::Result<bool> {
        let head = self.reader.fill_buf().map_err(|error| unreadable(&self.name, error))?;
        Ok(!head.iter().take(HEAD).any(|byte| *byte == 0))
    }

    /// The next lines. `None` at the end.
    pub(super) fn next(&mut self) -> anyhow::Result<Option<Lines>> {
        let mut bytes = Vec::new();
        while bytes.len() < CHUNK || (has_open_key(&bytes) && bytes.len() < CHUNK + KEY_MAX) {
            let n = self.read_line(&mut bytes)?;
            if n == 0 {
                break;
            }
        }
        self.bar.inc(bytes.len() as u64);
        if bytes.is_empty() {
            return Ok(None);
        }
        let first_line = self.line;
        self.line += bytes.iter().filter(|byte| **byte == b'\n').count();
        Ok(Some(Lines { bytes, first_line }))
    }

    fn read_line(&mut self, bytes: &mut Vec<u8>) -> anyhow::Result<usize> {
        let before = bytes.len();
        let mut line = self.reader.by_ref().take(LINE_MAX as u64 + 1);
        let n = line.read_until(b'\n', bytes).map_err(|error| unreadable(&self.name, error))?;
        if n > LINE_MAX {
            let line = self.line + bytes[..before].iter().filter(|byte| **byte == b'\n').count();
            let message = format!("line {line} of {} is longer than 64 MiB", self.name);
            return Err(Failure::new(message, "break it into lines").into());
        }
        Ok(n)
    }
}

impl Lines {
    /// Lines with bytes that are no text: such a byte stands for itself, and what it was to say is not found.
    pub(super) fn n_unreadable(&self) -> usize {
        if std::str::from_utf8(&self.bytes).is_ok() && !self.bytes.contains(&0) {
            return 0;
        }
        let is_text = |line: &[u8]| std::str::from_utf8(line).is_ok() && !line.contains(&0);
        self.bytes.split(|byte| *byte == b'\n').filter(|line| !is_text(line)).count()
    }

    /// The lines as text. Bytes that are none become question marks, one each, so that offsets stay as
    /// they are.
    pub(super) fn into_chunk(self) -> Chunk {
        Chunk { text: into_text(self.bytes), first_line: self.first_line }
    }
}

impl Chunk {
    /// The lines without their line feeds, with their numbers and where they begin.
    pub(super) fn lines(&self) -> impl Iterator<Item = (usize, usize, &str)> {
        let mut start = 0;
        (self.first_line..).zip(self.text.split_terminator('\n')).map(move |(number, line)| {
            let at = start;
            start += line.len() + 1;
            (number, at, line)
        })
    }
}

fn into_text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| {
        let bytes = error.into_bytes();
        let mut text = String::with_capacity(bytes.len());
        for part in bytes.utf8_chunks() {
            text.push_str(part.valid());
            text.extend(part.invalid().iter().map(|_| '?'));
        }
        text
    })
}

fn has_open_key(bytes: &[u8]) -> bool {
    let tail = bytes.split_at(bytes.len().saturating_sub(KEY_MAX)).1;
    let last = |mark: &[u8]| tail.windows(mark.len()).rposition(|window| window == mark);
    last(b"-----BEGIN ") > last(b"-----END ")
}

/// Whether standard input is meant.
pub(super) fn is_stdin(file: &Path) -> bool {
    file.as_os_str() == "-"
}

/// A bar on stderr where a terminal listens and the work takes its time; for a stream, whose length
/// nobody knows, what has been read.
pub(super) fn bar(length: Option<u64>) -> ProgressBar {
    let stream = "{spinner} {bytes} read, {bytes_per_sec}";
    length.map_or_else(|| progress::styled(ProgressBar::new_spinner(), stream), progress::bytes)
}

fn unreadable(name: &str, error: io::Error) -> anyhow::Error {
    Failure::new(format!("cannot read {name}"), "check that the file can be read")
        .because(error)
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunks(text: &[u8]) -> Vec<Chunk> {
        let reader = Box::new(io::Cursor::new(text.to_owned()));
        let mut input = Input::new("test".to_owned(), reader, ProgressBar::hidden());
        std::iter::from_fn(|| input.next().unwrap().map(Lines::into_chunk)).collect()
    }

    #[test]
    fn chunks_are_whole_lines_and_know_their_numbers() {
        let text = "one line of text\n".repeat(200_000);
        let chunks = chunks(text.as_bytes());
        assert!(chunks.len() > 2 && chunks.iter().all(|chunk| chunk.text.ends_with('\n')));
        let numbers = chunks.iter().flat_map(|chunk| chunk.lines().map(|(number, ..)| number));
        assert!(numbers.eq(1..=200_000));
    }

    #[test]
    fn a_key_is_not_cut() {
        let dashes = "-----";
        let head = "x\n".repeat((CHUNK - 10) / 2);
        let key =
            format!("{dashes}BEGIN KEY{dashes}\n{}{dashes}END KEY{dashes}\n", "abc\n".repeat(500));
        let chunks = chunks(format!("{head}{key}end\n").as_bytes());
        assert!(chunks[0].text.ends_with(&key), "{}", chunks.len());
    }

    #[test]
    fn what_is_no_text_keeps_its_length() {
        let chunks = chunks(b"a\xff\xfeb\nc");
        let lines: Vec<_> = chunks[0].lines().collect();
        assert_eq!(lines, [(1, 0, "a??b"), (2, 5, "c")]);
    }

    #[test]
    fn lines_that_are_not_all_text_are_counted() {
        let check = |bytes: &[u8], expect: usize| {
            let lines = Lines { bytes: bytes.to_owned(), first_line: 1 };
            assert_eq!(lines.n_unreadable(), expect, "{bytes:?}");
        };
        check("ünd\nso\n".as_bytes(), 0);
        check(b"a\xff\xfeb\nc\n\xc3", 2);
        // What PowerShell's `>` writes.
        check(b"\xff\xfej\0o\0\n\0j\0o\0", 2);
    }
}
