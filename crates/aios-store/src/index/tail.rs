//! The last line that was read of a segment, by which its text is known again.
//!
//! A file that takes events may lose its end when the machine stops, and take others in their place. Each line has an id
//! of its own, and lines are only ever appended: where the last one that was read still stands, so does all before it.

use std::io::{self, BufRead, Read as _};

use super::known::Known;
use crate::segment::footer::Digest;

/// Where it begins, and the digest of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tail {
    pub(super) at: u64,
    pub(super) sha256: String,
}

/// The last line so far, while others may follow.
#[derive(Debug, Default)]
pub(super) struct LastLine {
    at: u64,
    line: Option<Vec<u8>>,
}

impl LastLine {
    pub(super) fn is(&mut self, at: u64, line: &[u8]) {
        self.at = at;
        let kept = self.line.get_or_insert_default();
        kept.clear();
        kept.extend_from_slice(line);
    }

    pub(super) fn tail(self) -> Option<Tail> {
        Some(Tail::of(self.at, &self.line?))
    }
}

impl Tail {
    /// Of a line without its newline.
    pub(super) fn of(at: u64, line: &[u8]) -> Self {
        Self { at, sha256: Digest::of(line) }
    }
}

impl Known {
    /// Where the line begins by which the text is known again, or else where it was left off.
    pub(super) fn tail_at(&self) -> u64 {
        self.tail.as_ref().map_or(self.position, |tail| tail.at)
    }

    /// Passes over what was read of a text that stands at [`Self::tail_at`]; false if it is another text by now.
    pub(super) fn pass_over(&self, mut text: &mut dyn BufRead) -> io::Result<bool> {
        let Some(tail) = &self.tail else { return Ok(true) };
        let (mut line, left) = (Vec::new(), self.position.saturating_sub(tail.at));
        let n = (&mut text).take(left).read_until(b'\n', &mut line)? as u64;
        let is_it = line.strip_suffix(b"\n").is_some_and(|line| Digest::of(line) == tail.sha256);
        Ok(is_it && skip(text, left - n)? == left - n)
    }
}

fn skip(mut text: &mut dyn BufRead, n: u64) -> io::Result<u64> {
    io::copy(&mut (&mut text).take(n), &mut io::sink())
}
