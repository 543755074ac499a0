//! Reads events that are like the one before but for a piece of text.
//!
//! Nearly all events of a stream bring a few letters in an envelope that never changes, or only in a
//! clock. So an event is compared with the last one that was parsed: where all but its text is the same, so
//! is what it says, and comparing costs a tenth of parsing. Anything else is parsed, and is the next pattern.

use std::ops::Range;

use memchr::memchr2;

use super::wire::{Chunk, Message};

/// So many digits in a row are a clock or a counter, which may go on. Shorter numbers mean something: the
/// index of a choice does.
const CLOCK_DIGITS_MIN: usize = 6;

/// The last event that was parsed, and where its text stands in it.
#[derive(Debug, Default)]
pub(super) struct Pattern {
    event: Vec<u8>,
    /// Between the quotes.
    text: Range<usize>,
    is_answer: bool,
}

/// The text of an event.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    Answer(&'a str),
    /// Of what the model thinks before it answers.
    Reasoning(&'a str),
}

impl Pattern {
    /// Takes an event for the pattern of those to come, if all it brings is one piece of text.
    pub(super) fn learn(&mut self, event: &[u8], chunk: &Chunk<'_>) {
        let Some(piece) = piece_of(chunk) else { return };
        let (Piece::Answer(text) | Piece::Reasoning(text)) = piece;
        // A text that had to be decoded stands elsewhere.
        let Some(start) = (text.as_ptr() as usize).checked_sub(event.as_ptr() as usize) else {
            return;
        };
        let place = start..start + text.len();
        if place.end < event.len() {
            self.event.clear();
            self.event.extend_from_slice(event);
            (self.text, self.is_answer) = (place, matches!(piece, Piece::Answer(_)));
        }
    }

    /// The text of an event that is otherwise like the pattern.
    pub(super) fn read<'e>(&self, event: &'e [u8]) -> Option<Piece<'e>> {
        let (head, tail) = (self.event.get(..self.text.start)?, self.event.get(self.text.end..)?);
        let (own_head, rest) = event.split_at_checked(head.len())?;
        if tail.is_empty() || !is_alike(own_head, head) {
            return None;
        }
        // With an escape in it, the text is not what it looks like.
        let (text, own_tail) = rest.split_at_checked(memchr2(b'"', b'\\', rest)?)?;
        let is_plain = text.iter().all(|byte| *byte >= b' ');
        if !is_plain || !is_alike(own_tail, tail) {
            return None;
        }
        let text = std::str::from_utf8(text).ok()?;
        Some(if self.is_answer { Piece::Answer(text) } else { Piece::Reasoning(text) })
    }
}

/// The one piece of text that a chunk brings; `None` if it brings anything else.
fn piece_of<'c>(chunk: &'c Chunk<'_>) -> Option<Piece<'c>> {
    let choices = chunk.choices.as_ref()?;
    let choice = choices.first.as_ref().filter(|_| choices.n == 1)?;
    let is_more = chunk.usage.is_some()
        || chunk.error.is_some()
        || chunk.data.is_some()
        || choice.message.is_some()
        || choices.n_finished > 0;
    let (texts, n_tool_calls) = choice.delta.as_ref().map_or(([""; 3], 0), |delta| {
        let Message { content, reasoning_content, reasoning, tool_calls } = delta;
        ([content, reasoning_content, reasoning].map(|text| &*text.0), tool_calls.0)
    });
    let piece = match (&*choice.text.0, texts) {
        (text, ["", "", ""]) | ("", [text, "", ""]) => Piece::Answer(text),
        ("", ["", text, ""] | ["", "", text]) => Piece::Reasoning(text),
        _ => return None,
    };
    let (Piece::Answer(text) | Piece::Reasoning(text)) = piece;
    (!is_more && n_tool_calls == 0 && !text.is_empty()).then_some(piece)
}

/// Whether bytes are those of the pattern, but for clocks that went on.
fn is_alike(bytes: &[u8], pattern: &[u8]) -> bool {
    if bytes.len() != pattern.len() {
        return false;
    }
    let mut at = 0;
    loop {
        let (rest, expected) = (&bytes[at..], &pattern[at..]);
        let n_same = common_length(rest, expected);
        if n_same == rest.len() {
            return true;
        }
        let clock = clock_at(pattern, at + n_same);
        let is_clock = clock.len() >= CLOCK_DIGITS_MIN
            && bytes[clock.clone()].iter().all(u8::is_ascii_digit)
            // No number begins with a zero.
            && bytes[clock.start] != b'0';
        if !is_clock {
            return false;
        }
        at = clock.end;
    }
}

/// The digits in a row of which one is at that place; nothing if there is none.
fn clock_at(pattern: &[u8], at: usize) -> Range<usize> {
    let (before, behind) = pattern.split_at(at);
    let n_behind = behind.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let n_before = before.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    if n_behind == 0 { at..at } else { at - n_before..at + n_behind }
}

/// How many bytes both begin with.
fn common_length(one: &[u8], other: &[u8]) -> usize {
    const STRIDE: usize = 32;
    let (strides, others) = (one.as_chunks::<STRIDE>().0, other.as_chunks::<STRIDE>().0);
    let n = STRIDE * strides.iter().zip(others).take_while(|(one, other)| one == other).count();
    n + one[n..].iter().zip(&other[n..]).take_while(|(one, other)| one == other).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(text: &str, created: u64, more: &str) -> String {
        format!(
            r#"data: {{"id":"c-1","created":{created},"choices":[{{"index":0,"delta":{{{more}"content":"{text}"}},"finish_reason":null}}]}}"#
        ) + "\n\n"
    }

    fn learned(event: &str) -> Pattern {
        let mut pattern = Pattern::default();
        let json = event.strip_prefix("data: ").unwrap().trim();
        pattern.learn(event.as_bytes(), &serde_json::from_str(json).unwrap());
        pattern
    }

    /// Reads an event after that one.
    fn check(first: &str, next: &str, expect: Option<&str>) {
        let pattern = learned(first);
        assert_eq!(pattern.read(next.as_bytes()), expect.map(Piece::Answer), "{next}");
    }

    #[test]
    fn what_differs_in_its_text_and_a_clock_is_read() {
        let first = event("The", 1_700_000_000, "");
        check(&first, &event(" sea", 1_700_000_000, ""), Some(" sea"));
        check(&first, &event("Größe", 1_700_000_009, ""), Some("Größe"));
        check(&first, &event("", 2_800_000_000, ""), Some(""));
    }

    #[test]
    fn what_differs_otherwise_is_not() {
        let first = event("The", 1_700_000_000, "");
        check(&first, &event(r"\n", 1_700_000_000, ""), None);
        check(&first, &event("a\tb", 1_700_000_000, ""), None);
        check(&first, &event("The", 170_000_000, ""), None);
        check(&first, &first.replace("1700000000,", "1700000000;"), None);
        check(&first, &event("The", 17_000_000_000, ""), None);
        check(&first, &event("The", 1_700_000_000, r#""role":"x","#), None);
        check(&first, &first.replace(r#""index":0"#, r#""index":1"#), None);
        check(&first, &first.replace("1700000000", "0700000000"), None);
        check(&first, &first.replace("null", "\"stop\""), None);
        check(&first, &first.replace("}]}", "}],\"error\":{}}"), None);
        check(&first, &first.replace("data: ", "event: error\ndata: "), None);
        check(&first, "data: [DONE]\n\n", None);
        check(&first, "", None);
        assert_eq!(learned(&first).read(b"data: {\"id\":\"c-1\",\"created\":1700000000"), None);
        let not_text = event("#", 1_700_000_000, "").replace('#', "\u{0}").into_bytes();
        let not_text: Vec<u8> =
            not_text.iter().map(|byte| if *byte == 0 { 0xff } else { *byte }).collect();
        assert_eq!(learned(&first).read(&not_text), None);
    }

    #[test]
    fn an_event_that_brings_anything_else_is_no_pattern() {
        let plain = event("a", 1_700_000_000, "");
        for first in [
            event("", 1_700_000_000, ""),
            event(r"\u00e4", 1_700_000_000, ""),
            event("a", 1_700_000_000, r#""reasoning":"b","#),
            event("a", 1_700_000_000, r#""tool_calls":[{}],"#),
            plain.replace("null", "\"stop\""),
            plain.replace("}]}", "}],\"usage\":{}}"),
            plain.replace("}]}", "},{}]}"),
            plain.replace(r#""index":0"#, r#""index":1"#),
        ] {
            check(&first, &first, None);
        }
        assert_eq!(Pattern::default().read(plain.as_bytes()), None);
        assert_eq!(Pattern::default().read(b""), None);
    }

    #[test]
    fn completions_have_their_text_elsewhere() {
        let text = |text: &str| format!("data: {{\"choices\":[{{\"text\":\"{text}\"}}]}}\n\n");
        check(&text("a"), &text("bcd"), Some("bcd"));
    }

    #[test]
    fn reasoning_is_told_from_the_answer() {
        let first = event("a", 1_700_000_000, "").replace("content", "reasoning_content");
        let pattern = learned(&first);
        assert_eq!(pattern.read(first.as_bytes()), Some(Piece::Reasoning("a")));
    }
}
