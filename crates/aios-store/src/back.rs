//! Lines of a file from the last to the first, by blocks from the end, so that the last few lines of
//! a file of many gigabytes cost one read.

use std::io::{self, Read, Seek, SeekFrom};

use memchr::memrchr;

use crate::lines::LINE_MAX;

/// Bytes read at a time, at least.
const BLOCK: usize = 64 * 1024;

/// Reads lines backwards. The length is that at the start: a file that grows does not matter.
#[derive(Debug)]
pub(crate) struct BackLines<R> {
    file: R,
    len: u64,
    /// Most bytes of a line.
    line_max: usize,
    /// Bytes that the first block has.
    first: usize,
    /// Where `buffer` begins in the file.
    offset: u64,
    buffer: Vec<u8>,
    /// So much of `buffer` has not been given out: nothing, or lines with their newlines.
    end: usize,
    /// Where whole lines end, once it is found.
    data_end: Option<u64>,
}

/// One line, going backwards.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Back<'a> {
    /// A line without its newline.
    Line { offset: u64, bytes: &'a [u8] },
    /// A line longer than is read.
    TooLong { offset: u64 },
}

impl<R: Read + Seek> BackLines<R> {
    pub(crate) fn new(file: R) -> io::Result<Self> {
        Self::with_line_max(file, LINE_MAX)
    }

    /// The same for whoever wants the last line alone, which is `expected` bytes long as a rule.
    pub(crate) fn expecting(file: R, expected: usize) -> io::Result<Self> {
        Ok(Self { first: expected, ..Self::new(file)? })
    }

    fn with_line_max(mut file: R, line_max: usize) -> io::Result<Self> {
        let len = file.seek(SeekFrom::End(0))?;
        let (first, buffer) = (BLOCK, Vec::new());
        Ok(Self { file, len, line_max, first, offset: len, buffer, end: 0, data_end: None })
    }

    /// Length of the file.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// Where the last whole line ends: what follows is torn.
    pub(crate) fn data_end(&mut self) -> io::Result<u64> {
        match self.data_end {
            Some(end) => Ok(end),
            None => {
                let end = self.drop_to_newline()?;
                self.data_end = Some(end);
                Ok(end)
            }
        }
    }

    /// The line before; `None` at the start of the file.
    pub(crate) fn previous(&mut self) -> io::Result<Option<Back<'_>>> {
        self.data_end()?;
        loop {
            let at_start = self.offset == 0;
            let Some(newline) = self.end.checked_sub(1) else {
                if at_start {
                    return Ok(None);
                }
                self.grow()?;
                continue;
            };
            let start = memrchr(b'\n', &self.buffer[..newline]).map(|before| before + 1);
            if let Some(start) = start.or(at_start.then_some(0)) {
                self.end = start;
                let offset = self.offset + start as u64;
                return Ok(Some(self.line(offset, start, newline)));
            }
            if newline > self.line_max {
                let offset = self.drop_to_newline()?;
                return Ok(Some(Back::TooLong { offset }));
            }
            self.grow()?;
        }
    }

    fn line(&self, offset: u64, start: usize, newline: usize) -> Back<'_> {
        if newline - start > self.line_max {
            return Back::TooLong { offset };
        }
        Back::Line { offset, bytes: &self.buffer[start..newline] }
    }

    /// Forgets the end of the file up to the newline before it; returns where that leaves off.
    fn drop_to_newline(&mut self) -> io::Result<u64> {
        loop {
            self.end = 0;
            if self.offset == 0 {
                return Ok(0);
            }
            self.grow()?;
            if let Some(newline) = memrchr(b'\n', &self.buffer[..self.end]) {
                self.end = newline + 1;
                return Ok(self.offset + self.end as u64);
            }
        }
    }

    /// Puts the block before in front. Blocks double, so that a long line is not copied for each.
    fn grow(&mut self) -> io::Result<()> {
        let room = usize::try_from(self.offset).unwrap_or(usize::MAX);
        let least = if self.buffer.is_empty() { self.first } else { BLOCK };
        let block = least.max(self.end).min(room);
        let mut buffer = vec![0; block + self.end];
        buffer[block..].copy_from_slice(&self.buffer[..self.end]);
        self.offset -= block as u64;
        self.file.seek(SeekFrom::Start(self.offset))?;
        self.file.read_exact(&mut buffer[..block])?;
        self.end += block;
        self.buffer = buffer;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;

    const LINE_MAX: usize = 2 * BLOCK;

    /// Offsets and lines, last first; `None` where a line is too long.
    fn backwards(content: &[u8]) -> Vec<(u64, Option<Vec<u8>>)> {
        let mut lines = BackLines::with_line_max(Cursor::new(content), LINE_MAX).unwrap();
        let mut seen = Vec::new();
        while let Some(line) = lines.previous().unwrap() {
            seen.push(match line {
                Back::Line { offset, bytes } => (offset, Some(bytes.to_vec())),
                Back::TooLong { offset } => (offset, None),
            });
        }
        seen
    }

    /// The same by splitting the whole.
    fn expected(content: &[u8]) -> Vec<(u64, Option<Vec<u8>>)> {
        let mut offset = 0;
        let mut lines = Vec::new();
        for line in content.split_inclusive(|b| *b == b'\n') {
            if let Some(line) = line.strip_suffix(b"\n") {
                lines.push((offset, (line.len() <= LINE_MAX).then(|| line.to_vec())));
            }
            offset += line.len() as u64;
        }
        lines.reverse();
        lines
    }

    #[test]
    fn the_end_without_a_newline_is_no_line() {
        for content in ["", "torn", "a\n", "a\nb\ntorn", "\n\n"] {
            assert_eq!(backwards(content.as_bytes()), expected(content.as_bytes()), "{content:?}");
        }
        let mut lines = BackLines::new(Cursor::new(b"a\nb\ntorn")).unwrap();
        assert_eq!(lines.data_end().unwrap(), 4);
    }

    #[test]
    fn a_last_line_is_read_alone_where_it_is_no_longer_than_expected() {
        for (n, expect) in [(10, 16), (16, 16 + BLOCK), (BLOCK, 16 + BLOCK)] {
            let content = format!("{}\n{}\n", "x".repeat(3 * BLOCK), "y".repeat(n));
            let mut lines = BackLines::expecting(Cursor::new(content.as_bytes()), 16).unwrap();
            let Some(Back::Line { bytes, .. }) = lines.previous().unwrap() else { panic!("{n}") };
            assert_eq!(bytes, "y".repeat(n).as_bytes());
            assert_eq!(lines.len() - lines.offset, expect as u64, "{n}");
        }
    }

    #[test]
    fn a_line_that_is_too_long_is_passed_over() {
        for n in [LINE_MAX - 1, LINE_MAX, LINE_MAX + 1, 5 * BLOCK] {
            let long = "x".repeat(n);
            for content in [format!("a\n{long}\nb\n"), format!("{long}\nb\n"), format!("a\n{long}")]
            {
                assert!(backwards(content.as_bytes()) == expected(content.as_bytes()), "{n}");
            }
        }
    }

    proptest! {
        #[test]
        fn backwards_is_the_reverse_of_forwards(
            lengths in prop::collection::vec(prop_oneof![0..80usize, 0..3 * BLOCK], 0..12),
            torn in 0..100usize,
        ) {
            let mut content = Vec::new();
            for (index, length) in lengths.iter().enumerate() {
                content.resize(content.len() + length, b'a' + index as u8);
                content.push(b'\n');
            }
            content.resize(content.len() + torn, b'z');
            prop_assert!(backwards(&content) == expected(&content));
        }
    }
}
