//! Groups of digits, and what may stand beside them.
//!
//! Cards, social security numbers and addresses all come as groups of digits with one separator
//! between them; they differ in lengths and checks. A number that touches more digits, letters or a
//! decimal point is part of something else: a hash, an identifier, a float.

use crate::source::Source;

/// More digits in one group than any number here has.
pub(crate) const GROUP_MAX: usize = 20;

const GROUPS_MAX: usize = 6;

/// Up to six groups of digits with single separators between them.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Groups {
    spans: [(usize, usize); GROUPS_MAX],
    separators: [u8; GROUPS_MAX],
    n: usize,
}

impl Groups {
    /// Reads groups from `at`, which must be the first digit of its run.
    pub(crate) fn read(source: &Source<'_>, at: usize, is_separator: impl Fn(u8) -> bool) -> Self {
        let mut groups = Self::default();
        let mut start = at;
        while groups.n < GROUPS_MAX {
            let end = source.run_right(start, GROUP_MAX, |byte| byte.is_ascii_digit());
            if end == start {
                break;
            }
            groups.spans[groups.n] = (start, end);
            groups.n += 1;
            match source.byte(end) {
                Some(byte) if is_separator(byte) => groups.separators[groups.n - 1] = byte,
                _ => break,
            }
            start = end + 1;
        }
        groups
    }

    /// Where the groups end if the first of them have just these lengths and one separator.
    pub(crate) fn end_of(&self, lengths: &[usize]) -> Option<usize> {
        let groups = self.spans.get(..lengths.len().min(self.n))?;
        let fits = groups.len() == lengths.len()
            && groups.iter().zip(lengths).all(|((start, end), length)| end - start == *length)
            && self.separators[..lengths.len() - 1].windows(2).all(|pair| pair[0] == pair[1]);
        fits.then_some(groups.last()?.1)
    }
}

/// The digits' values in `source[start..end]`, separators left out.
pub(crate) fn values(
    source: &Source<'_>,
    start: usize,
    end: usize,
) -> impl DoubleEndedIterator<Item = u32> + Clone {
    let bytes = source.bytes().get(start..end).unwrap_or_default();
    bytes.iter().filter(|byte| byte.is_ascii_digit()).map(|byte| u32::from(byte - b'0'))
}

/// Luhn's check: from the right, every second digit is doubled; the sum of all digits' digits ends in 0.
pub(crate) fn passes_luhn(digits: impl DoubleEndedIterator<Item = u32>) -> bool {
    let weigh =
        |(i, digit): (usize, u32)| if i % 2 == 0 { digit } else { digit * 2 / 10 + digit * 2 % 10 };
    digits.rev().enumerate().map(weigh).sum::<u32>().is_multiple_of(10)
}

/// The end of the run of digits at `at`, however long. To be consumed, so that the cost stays linear.
pub(crate) fn run_end(source: &Source<'_>, at: usize) -> usize {
    source.run_right(at, usize::MAX, |byte| byte.is_ascii_digit())
}

/// Words after a number that say what it counts.
const UNITS: [&str; 30] = [
    "tokens", "bytes", "rows", "records", "users", "people", "times", "items", "points", "ms",
    "ns", "us", "seconds", "minutes", "hours", "days", "weeks", "months", "years", "kb", "mb",
    "gb", "euros", "dollars", "usd", "eur", "lines", "requests", "messages", "cycles",
];

/// Whether the word after a number that ends at `end` says what it counts: `call it 1234567 bytes`.
pub(crate) fn counts_something(source: &Source<'_>, end: usize) -> bool {
    let word = source.run_right(end, 1, |byte| byte == b' ');
    let word_end = source.run_right(word, 12, |byte| byte.is_ascii_alphabetic());
    let is = |unit: &&str| unit.len() == word_end - word && source.has_word(word, unit);
    word > end && UNITS.iter().any(is)
}

/// Whether a number may begin at `at`: nothing before it makes it part of a word, a path, a float
/// or an amount.
pub(crate) fn is_free_left(source: &Source<'_>, at: usize) -> bool {
    let Some(byte) = source.before(at) else { return true };
    let further = at.checked_sub(2).and_then(|i| source.byte(i));
    match byte {
        // The letter of an escape such as `\n` in quoted text is no letter.
        b'n' | b'r' | b't' => further == Some(b'\\'),
        b'.' | b'-' | b'/' => !further.is_some_and(|byte| byte.is_ascii_alphanumeric()),
        b':' => !further.is_some_and(|byte| byte.is_ascii_digit()),
        // `SSN#` and `CC#` are labels.
        b'#' => further.is_some_and(|byte| byte.is_ascii_alphabetic()),
        b'_' | b'$' | b'@' | b'+' => false,
        byte => !byte.is_ascii_alphanumeric(),
    }
}

/// Whether a number may end at `at`.
pub(crate) fn is_free_right(source: &Source<'_>, at: usize) -> bool {
    let further = source.byte(at + 1);
    match source.byte(at) {
        None => true,
        Some(b'.' | b'-' | b':') => !further.is_some_and(|byte| byte.is_ascii_digit()),
        Some(b'_' | b'@' | b'%') => false,
        Some(byte) => !byte.is_ascii_alphanumeric(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_matched_by_lengths_and_one_separator() {
        let end = |text: &str, lengths: &[usize]| {
            Groups::read(&Source::new(text), 0, |b| b == b' ' || b == b'-').end_of(lengths)
        };
        assert_eq!(end("123-45-6789 x", &[3, 2, 4]), Some(11));
        assert_eq!(end("123-45 6789", &[3, 2, 4]), None);
        assert_eq!(end("123-45", &[3, 2, 4]), None);
        assert_eq!(end("123456789", &[9]), Some(9));
    }

    #[test]
    fn neighbors_decide_whether_a_number_stands_alone() {
        let left = |text: &str| is_free_left(&Source::new(text), text.len());
        for text in ["", " ", "(", "=", ": ", "\\n", "- ", "\u{8bdd}", "x:", "SSN#"] {
            assert!(left(text), "{text}");
        }
        for text in ["a", "_", "0.", "id-", "#", "12:", "n", "/v1/"] {
            assert!(!left(text), "{text}");
        }
        let right = |text: &str| is_free_right(&Source::new(text), 0);
        assert!(right("") && right(". ") && right(" 1") && right(")"));
        assert!(!right("a") && !right(".5") && !right("-1") && !right("@x"));
    }
}
