//! The text under scan, and every way of looking at it.
//!
//! Detectors look through these few functions only, so that each look has a bound and, in tests,
//! is counted: that hostile text costs linear work is asserted on the count, not on a clock.
//! A second view of the same text (escapes undone, with a map of offsets) would be another `Source`.

#[cfg(test)]
use std::cell::Cell;

/// How far a look from an anchor may go, in bytes, unless what it passes is consumed. Who cuts text
/// before it is redacted must leave so much behind the cut, so that a value across it is seen whole.
pub const WINDOW_MAX: usize = 2 * 1024;

/// Text with bounded looks at it.
pub(crate) struct Source<'a> {
    text: &'a str,
    #[cfg(test)]
    work: Cell<usize>,
}

impl<'a> Source<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self {
            text,
            #[cfg(test)]
            work: Cell::new(0),
        }
    }

    /// The text between two character boundaries, as one of its own.
    pub(crate) fn part(&self, start: usize, end: usize) -> Source<'a> {
        Source::new(self.text.get(start..end).unwrap_or_default())
    }

    /// Counts the looks at a part as looks at the whole.
    #[inline]
    pub(crate) fn absorb(&self, part: &Source<'a>) {
        self.count(part.work());
    }

    pub(crate) fn text(&self) -> &'a str {
        self.text
    }

    pub(crate) fn bytes(&self) -> &'a [u8] {
        self.text.as_bytes()
    }

    pub(crate) fn byte(&self, at: usize) -> Option<u8> {
        self.bytes().get(at).copied()
    }

    /// The byte that ends at `at`.
    pub(crate) fn before(&self, at: usize) -> Option<u8> {
        self.byte(at.checked_sub(1)?)
    }

    /// The text between two offsets, moved apart to character boundaries where they are none.
    pub(crate) fn between(&self, start: usize, end: usize) -> &'a str {
        let (start, end) = self.snap(start, end);
        self.count(end - start);
        self.text.get(start..end).unwrap_or_default()
    }

    /// The smallest span on character boundaries that holds `start..end`.
    pub(crate) fn snap(&self, start: usize, end: usize) -> (usize, usize) {
        (self.text.floor_char_boundary(start), self.text.ceil_char_boundary(end.max(start)))
    }

    /// Whether `word`, in lower case, stands at `at` in any case.
    pub(crate) fn has_word(&self, at: usize, word: &str) -> bool {
        self.count(1);
        let found = self.bytes().get(at..at + word.len());
        found.is_some_and(|found| found.eq_ignore_ascii_case(word.as_bytes()))
    }

    /// Whether `word` stands at `at` as written.
    pub(crate) fn has(&self, at: usize, word: &str) -> bool {
        self.count(1);
        self.bytes().get(at..).is_some_and(|rest| rest.starts_with(word.as_bytes()))
    }

    /// Where the run of bytes that begins at `at` ends, at most `max` bytes on.
    pub(crate) fn run_right(&self, at: usize, max: usize, belongs: impl Fn(u8) -> bool) -> usize {
        let rest = self.bytes().get(at..).unwrap_or_default();
        let n = rest.iter().take(max).take_while(|byte| belongs(**byte)).count();
        self.count(n + 1);
        at + n
    }

    /// Where the run of bytes that ends at `at` begins, at most `max` bytes back.
    pub(crate) fn run_left(&self, at: usize, max: usize, belongs: impl Fn(u8) -> bool) -> usize {
        let head = self.bytes().get(..at).unwrap_or_default();
        let n = head.iter().rev().take(max).take_while(|byte| belongs(**byte)).count();
        self.count(n + 1);
        at - n
    }

    /// As [`Self::run_right`], by characters; `max` is in characters.
    pub(crate) fn chars_right(
        &self,
        at: usize,
        max: usize,
        belongs: impl Fn(char) -> bool,
    ) -> usize {
        let rest = self.text.get(at..).unwrap_or_default();
        let n =
            rest.chars().take(max).take_while(|c| belongs(*c)).map(char::len_utf8).sum::<usize>();
        self.count(n + 1);
        at + n
    }

    /// As [`Self::run_left`], by characters; `max` is in characters.
    pub(crate) fn chars_left(
        &self,
        at: usize,
        max: usize,
        belongs: impl Fn(char) -> bool,
    ) -> usize {
        let head = self.text.get(..at).unwrap_or_default();
        let n = head
            .chars()
            .rev()
            .take(max)
            .take_while(|c| belongs(*c))
            .map(char::len_utf8)
            .sum::<usize>();
        self.count(n + 1);
        at - n
    }

    /// Where `needle` first stands at or after `at`, at most `max` bytes on.
    pub(crate) fn find(&self, at: usize, max: usize, needle: &[u8]) -> Option<usize> {
        let window = self.bytes().get(at..)?;
        let window = window.get(..max).unwrap_or(window);
        let found = memchr::memmem::find(window, needle);
        self.count(found.unwrap_or(window.len()) + 1);
        Some(at + found?)
    }

    /// How many bytes have been looked at.
    #[cfg(test)]
    pub(crate) fn work(&self) -> usize {
        self.work.get()
    }

    #[cfg(not(test))]
    #[inline]
    #[expect(clippy::unused_self, reason = "the twin for tests counts")]
    pub(crate) fn work(&self) -> usize {
        0
    }

    /// Counts looks that were not made by the functions above.
    #[cfg(test)]
    pub(crate) fn count(&self, n: usize) {
        self.work.set(self.work.get() + n);
    }

    #[cfg(not(test))]
    #[inline]
    #[expect(clippy::unused_self, reason = "the twin for tests counts")]
    pub(crate) fn count(&self, _n: usize) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_stop_at_their_bound_and_at_the_edges() {
        let source = Source::new("aaaa1");
        assert_eq!(source.run_right(0, 10, |b| b == b'a'), 4);
        assert_eq!(source.run_right(0, 2, |b| b == b'a'), 2);
        assert_eq!(source.run_left(4, 10, |b| b == b'a'), 0);
        assert_eq!(source.run_left(4, 3, |b| b == b'a'), 1);
        assert_eq!(source.run_right(9, 3, |_| true), 9);
    }

    #[test]
    fn spans_grow_to_character_boundaries() {
        let source = Source::new("aéb");
        assert_eq!(source.snap(2, 2), (1, 3));
        assert_eq!(source.between(2, 2), "é");
    }

    #[test]
    fn every_look_is_counted() {
        let source = Source::new("aaaa");
        source.run_right(0, 10, |_| true);
        assert_eq!(source.work(), 5);
    }
}
