//! Redaction of text that comes in pieces, such as a streamed answer.
//!
//! A value must be masked before its first half has gone out, so the tail of what has come is held
//! back: 48 characters, from the beginning of a word. A finding that reaches into the tail is held
//! whole, and so are a private key and a quoted value that have begun. What goes out is then just
//! what redacting the whole text gives, however the text was cut:
//!
//! - lines stand for themselves (see the scanner), so a whole line is final, unless a key is open;
//! - within a line, what stands left of a cut is kept and scanned again with what comes;
//! - no detector looks further to the right of a value, past a blank, than the tail is long;
//! - the configuration's own rules do: what one of them may have begun to match waits until it has ended.
//!
//! One state belongs to one field of one choice: two streams of text must never share it.

use crate::kind::RedactionCounts;
use crate::kinds::is_unspaced;
use crate::redactor::{Redacted, Redactor};

/// Characters that are held back at least.
const HELD_CHARS: usize = 48;

/// Most text that is held back, in bytes. What is longer, such as a picture in letters, is not told to its end.
const HELD_MAX: usize = 64 * 1024;

/// Released text of the line that is kept for detectors to look back at, in bytes: twice the window.
const CONTEXT_MAX: usize = 2 * crate::source::WINDOW_MAX;

/// Stands for what could not be held back.
const WITHHELD: &str = "[WITHHELD]";

/// What has come of a text and has not yet gone out.
#[derive(Debug, Default)]
pub struct HoldBack {
    /// Text from a line's beginning on. What is before `done` has gone out.
    raw: String,
    done: usize,
    /// What has gone out for `raw[..done]`.
    sent: String,
    /// What was masked in `raw[..done]`, and in all that has gone out.
    sent_counts: RedactionCounts,
    counts: RedactionCounts,
    /// The bytes of a character that was cut.
    cut: Vec<u8>,
    /// Up to where nothing goes out.
    withheld: Option<Until>,
}

/// What ends a text that is withheld.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Until {
    Word,
    Line,
}

impl HoldBack {
    /// Nothing has come yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next piece; gives what may go out.
    #[must_use]
    pub fn push(&mut self, redactor: &Redactor, piece: &str) -> String {
        self.raw.push_str(piece);
        let mut out = String::new();
        loop {
            self.pass_over();
            self.send_lines(redactor, &mut out);
            self.send_words(redactor, &mut out);
            self.forget(redactor);
            if self.raw.len() - self.done <= HELD_MAX {
                return out;
            }
            self.withhold(redactor, &mut out);
        }
    }

    /// The same for bytes, which may be cut within a character. What is no text becomes U+FFFD.
    #[must_use]
    pub fn push_bytes(&mut self, redactor: &Redactor, piece: &[u8]) -> String {
        self.cut.extend_from_slice(piece);
        let bytes = std::mem::take(&mut self.cut);
        let mut text = String::with_capacity(bytes.len());
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            match std::str::from_utf8(rest) {
                Ok(valid) => {
                    text.push_str(valid);
                    break;
                }
                Err(error) => {
                    let (valid, after) = rest.split_at(error.valid_up_to());
                    text.push_str(&String::from_utf8_lossy(valid));
                    let Some(n_bad) = error.error_len() else {
                        self.cut = after.to_vec();
                        break;
                    };
                    text.push(char::REPLACEMENT_CHARACTER);
                    rest = after.split_at(n_bad).1;
                }
            }
        }
        self.push(redactor, &text)
    }

    /// What was masked in all that has gone out.
    #[must_use]
    pub const fn counts(&self) -> &RedactionCounts {
        &self.counts
    }

    /// The text has ended, or will not go on: what was held back goes out, redacted.
    #[must_use]
    pub fn finish(&mut self, redactor: &Redactor) -> String {
        let mut state = std::mem::take(self);
        if !state.cut.is_empty() && state.withheld.is_none() {
            state.raw.push(char::REPLACEMENT_CHARACTER);
        }
        let mut out = String::new();
        // The second time, there is nothing left that was sent before.
        for _ in 0..2 {
            let end = state.raw.len();
            if state.done < end {
                let Redacted { text, counts, .. } = redactor.redact(&state.raw);
                state.send(text.as_str(), counts, end, &mut out);
            }
        }
        self.counts = state.counts;
        out
    }

    /// Whole lines are final, unless a finding goes on past them.
    fn send_lines(&mut self, redactor: &Redactor, out: &mut String) {
        let Some(end) = self.raw.rfind('\n').map(|at| at + 1).filter(|end| *end > self.done) else {
            return;
        };
        let bound = redactor.bound(&self.raw, end);
        let end = if bound < end { line_start(&self.raw, bound) } else { end };
        if end <= self.done {
            return;
        }
        let lines = self.raw.get(..end).unwrap_or_default();
        let Redacted { text, counts, .. } = redactor.redact(lines);
        if self.send(text.as_str(), counts, end, out) {
            self.restart();
        } else {
            self.send_lines(redactor, out);
        }
    }

    /// Of the last line, all but the tail.
    fn send_words(&mut self, redactor: &Redactor, out: &mut String) {
        let Some(tail) = self.raw.char_indices().rev().nth(HELD_CHARS).map(|(at, _)| at) else {
            return;
        };
        let cut = word_start(&self.raw, tail);
        if cut <= self.done {
            return;
        }
        let (cut, head, counts) = redactor.redact_head(&self.raw, cut);
        if cut > self.done {
            self.send(&head, counts, cut, out);
        }
    }

    /// Sends what `redacted`, which stands for `raw[..end]`, has more than what was sent before. What has gone out
    /// cannot be called back: where that is no part of it, nothing is sent, and the rest stands for itself.
    fn send(
        &mut self,
        redacted: &str,
        counts: RedactionCounts,
        end: usize,
        out: &mut String,
    ) -> bool {
        let more = redacted.strip_prefix(self.sent.as_str());
        match more {
            Some(more) => {
                out.push_str(more);
                self.sent.push_str(more);
                self.counts.merge(&counts.beyond(&self.sent_counts));
                self.sent_counts = counts;
                self.done = end;
            }
            None => self.restart(),
        }
        more.is_some()
    }

    /// Lets go of text that no detector looks back at any more.
    fn forget(&mut self, redactor: &Redactor) {
        if self.done <= 2 * CONTEXT_MAX {
            return;
        }
        let keep_from =
            word_start(&self.raw, self.raw.floor_char_boundary(self.done - CONTEXT_MAX));
        self.raw.drain(..keep_from);
        self.done -= keep_from;
        // What goes on from here is compared with what this part comes to by itself.
        let (cut, head, counts) = redactor.redact_head(&self.raw, self.done);
        self.sent = head;
        self.sent_counts = counts;
        if cut != self.done {
            self.restart();
        }
    }

    /// What is held is more than can be held. It is a word, or something has begun in it that a line's end ends at
    /// the latest.
    fn withhold(&mut self, redactor: &Redactor, out: &mut String) {
        out.push_str(WITHHELD);
        self.restart();
        let end = self.raw.len();
        let is_word = word_start(&self.raw, end) == 0 && redactor.bound(&self.raw, end) == end;
        self.withheld = Some(if is_word { Until::Word } else { Until::Line });
        self.raw.drain(..self.raw.floor_char_boundary(HELD_MAX));
    }

    /// Lets go of what is withheld.
    fn pass_over(&mut self) {
        let Some(until) = self.withheld else { return };
        let ends = |c: char| match until {
            Until::Word => ends_word(c),
            Until::Line => c == '\n',
        };
        match self.raw.find(ends) {
            Some(end) => {
                self.raw.drain(..end);
                self.withheld = None;
            }
            None => self.raw.clear(),
        }
    }

    fn restart(&mut self) {
        self.raw.drain(..self.done);
        self.done = 0;
        self.sent.clear();
        self.sent_counts = RedactionCounts::default();
    }
}

/// Where the word at `at` begins.
fn word_start(text: &str, at: usize) -> usize {
    let head = text.get(..at).unwrap_or_default();
    let last = head.char_indices().rev().find(|(_, c)| ends_word(*c));
    last.map_or(0, |(blank, c)| blank + c.len_utf8())
}

/// A blank, or a character of a script without blanks.
fn ends_word(c: char) -> bool {
    c.is_whitespace() || is_unspaced(c)
}

fn line_start(text: &str, at: usize) -> usize {
    text.get(..at).and_then(|head| head.rfind('\n')).map_or(0, |feed| feed + 1)
}

#[cfg(test)]
mod tests;
