//! The line around an anchor.

use std::ops::Range;

/// The line that was asked for last. Anchors come in order, so all of them cost one pass at most.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Line {
    pub(super) start: usize,
    /// Where its line feed is, or the text's end.
    pub(super) end: usize,
    is_known: bool,
}

impl Line {
    /// Moves on to the line of `text` that `at` is in, which must not be before this one.
    pub(super) fn move_to(&mut self, text: &[u8], at: usize) {
        if self.is_known && at <= self.end {
            return;
        }
        let passed = text.get(self.end..at).unwrap_or_default();
        let start = memchr::memrchr(b'\n', passed).map_or(self.start, |n| self.end + n + 1);
        let rest = text.get(at..).unwrap_or_default();
        let end = memchr::memchr(b'\n', rest).map_or(text.len(), |n| at + n);
        *self = Self { start, end, is_known: true };
    }
}

/// The lines of `text` in which these offsets are. The offsets must be in order.
pub(crate) fn around(text: &[u8], offsets: impl IntoIterator<Item = usize>) -> Vec<Range<usize>> {
    let mut lines = Vec::<Range<usize>>::new();
    let mut line = Line::default();
    for at in offsets {
        line.move_to(text, at);
        if lines.last().is_none_or(|last| last.end < line.end) {
            lines.push(line.start..line.end);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_around_each_offset_is_found() {
        let text = "one\n\ntwo three\nx";
        let mut line = Line::default();
        for at in 0..text.len() {
            line.move_to(text.as_bytes(), at);
            let (head, rest) = text.split_at(at);
            let start = head.rfind('\n').map_or(0, |n| n + 1);
            let end = rest.find('\n').map_or(text.len(), |n| at + n);
            assert_eq!((line.start, line.end), (start, end), "{at}");
        }
    }
}
