//! What a file is made of: lines, records of a table, or one document.
//!
//! Each of these is judged whole. A line that is too long to be held is not judged in pieces, for what
//! tells whose it is may stand in another piece: then the file cannot be read, and that is reported.

use std::io::{self, BufRead, Read};
use std::path::Path;

use super::document::Document;
use super::reader::{Opened, Reader};
use super::registry::{Store, Treatment};
use super::scan;
use crate::segment::facts::{self, Kind};

/// Longest line, and largest document, that is judged.
pub(super) const WHOLE_MAX: u64 = 256 * 1024 * 1024;

/// How a file is cut.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// Line by line.
    Lines,
    /// Record by record.
    Document(String),
    /// No text, or a page that was made of one: whole or not at all.
    Opaque,
}

impl Content {
    /// Of a file in a store.
    pub(super) fn of(reader: &mut Reader, path: &Path, store: &Store) -> io::Result<Self> {
        if store.treatment != Treatment::Records {
            return Ok(Self::Lines);
        }
        let mut bytes = Vec::new();
        let opened = look_into(reader.open(path)?)?;
        opened.take(WHOLE_MAX + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > WHOLE_MAX {
            return Ok(Self::Lines);
        }
        // A database, an archive or letters of two bytes: what is in it may not stand there as text.
        if bytes.contains(&0) {
            return Err(scan::wrapped());
        }
        let Ok(text) = String::from_utf8(bytes) else { return Ok(Self::Opaque) };
        if text.trim_start().starts_with('<') {
            return Ok(Self::Opaque);
        }
        // An event is a line, also where it is the only one.
        let is_event = matches!(facts::of(text.trim_end().as_bytes()), Kind::Event(_));
        let is_document = !is_event && Document::read(&text).is_some();
        Ok(if is_document { Self::Document(text) } else { Self::Lines })
    }
}

/// Shows every line of a file with its newline, unpacked; the last one also if it has none. In a table
/// (`.csv`) what is shown is a record, which may have newlines between quotes.
pub(super) fn each_line(
    reader: &mut Reader,
    path: &Path,
    see: impl FnMut(&[u8]),
) -> io::Result<()> {
    let is_table = path.extension().is_some_and(|extension| extension == "csv");
    let (opened, line) = reader.open_for_lines(path)?;
    each((look_into(opened)?, line), WHOLE_MAX, is_table, see)
}

fn look_into(mut opened: Opened<'_>) -> io::Result<Opened<'_>> {
    if scan::is_wrapped(opened.fill_buf()?) {
        return Err(scan::wrapped());
    }
    Ok(opened)
}

fn each(
    (mut reader, line): (impl BufRead, &mut Vec<u8>),
    len_max: u64,
    is_table: bool,
    mut see: impl FnMut(&[u8]),
) -> io::Result<()> {
    loop {
        let room = (len_max + 1).saturating_sub(line.len() as u64);
        let n = reader.by_ref().take(room).read_until(b'\n', line)?;
        if line.len() as u64 > len_max {
            let why =
                format!("a line is longer than {len_max} bytes, so nobody can tell whose it is");
            return Err(io::Error::other(why));
        }
        let is_open = is_table && memchr::memchr_iter(b'"', line).count() % 2 == 1;
        if is_open && n > 0 {
            continue;
        }
        if line.is_empty() {
            return Ok(());
        }
        see(line);
        line.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, is_table: bool, expect: &[&str]) {
        let mut seen = Vec::new();
        let see = |line: &[u8]| seen.push(String::from_utf8(line.to_vec()).unwrap());
        each((text.as_bytes(), &mut Vec::new()), 20, is_table, see).unwrap();
        assert_eq!(seen, expect, "{text:?}");
    }

    #[test]
    fn lines_and_records_are_shown_whole() {
        check("", false, &[]);
        check("a\nb", false, &["a\n", "b"]);
        check("a;\"b\nc\"\nd\n", true, &["a;\"b\nc\"\n", "d\n"]);
        check("a;\"b\nc\"\nd\n", false, &["a;\"b\n", "c\"\n", "d\n"]);
        check("a;\"half\nb", true, &["a;\"half\nb"]);
    }

    #[test]
    fn a_line_that_is_too_long_is_not_judged_in_pieces() {
        let mut n = 0;
        let long = format!("a\n{}\n", "x".repeat(30));
        let error = each((long.as_bytes(), &mut Vec::new()), 20, false, |_| n += 1).unwrap_err();
        assert_eq!((n, error.to_string().contains("longer than 20 bytes")), (1, true));
    }
}
