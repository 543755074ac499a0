//! Which detectors a number concerns: told from its first digits, before any of them looks.

use crate::detector::{Letter, Number};
use crate::source::Source;

/// So many digits are counted; no detector asks for more.
const DIGITS_MAX: usize = 12;
/// How far digits of one number are looked for, and the longest run of signs inside it, in bytes.
const NUMBER_MAX: usize = 48;
const SIGNS_MAX: usize = 3;
/// A first run of so many digits or more counts as one of so many.
const FIRST_MAX: usize = 20;

/// So many letters before a number are passed over to tell whether it is the first of its word.
const WORD_MAX: usize = 40;

/// One bit per detector, as everywhere.
pub(super) struct Numbers {
    /// For each number of digits, whom so many are enough for.
    by_digits: [u64; DIGITS_MAX + 1],
    /// For each length of the first run, whom it concerns.
    by_first: [u64; FIRST_MAX + 1],
    /// For each digit that it may begin with, whom it concerns.
    by_begin: [u64; 10],
    /// Without a letter right before, with one, and with one behind other digits.
    by_left: [u64; 3],
    /// Without a letter right after the first run, and with one.
    by_right: [u64; 2],
}

impl Default for Numbers {
    fn default() -> Self {
        Self {
            by_digits: [0; DIGITS_MAX + 1],
            by_first: [0; FIRST_MAX + 1],
            by_begin: [0; 10],
            by_left: [0; 3],
            by_right: [0; 2],
        }
    }
}

impl Numbers {
    pub(super) fn add(&mut self, number: &Number, owner: u64) {
        debug_assert!(number.digits_min <= DIGITS_MAX);
        self.by_digits.iter_mut().skip(number.digits_min).for_each(|owners| *owners |= owner);
        for (length, owners) in self.by_first.iter_mut().enumerate() {
            if number.first.is_empty() || number.first.contains(&length) {
                *owners |= owner;
            }
        }
        for (digit, owners) in (b'0'..=b'9').zip(&mut self.by_begin) {
            if number.begins.is_empty() || number.begins.contains(&digit) {
                *owners |= owner;
            }
        }
        let Self { by_left: [free, first, later], by_right: [ends, goes_on], .. } = self;
        for (owners, letter) in [(free, number.after_letter), (ends, number.before_letter)] {
            *owners |= if matches!(letter, Letter::Never | Letter::Maybe) { owner } else { 0 };
        }
        for (owners, letter) in
            [(&mut *first, number.after_letter), (goes_on, number.before_letter)]
        {
            *owners |= if letter == Letter::Never { 0 } else { owner };
        }
        let is_later = matches!(number.after_letter, Letter::Maybe | Letter::Always);
        *later |= if is_later { owner } else { 0 };
    }

    /// Whom the number concerns that begins at `at`.
    pub(super) fn owners(&self, source: &Source<'_>, at: usize) -> u64 {
        let end = source.run_right(at, FIRST_MAX, |byte| byte.is_ascii_digit());
        let is_before_letter = source.byte(end).is_some_and(|byte| byte.is_ascii_alphabetic());
        let begin = source.byte(at).map_or(0, |digit| usize::from(digit.wrapping_sub(b'0')));
        let owners = self.by_first[end - at]
            & self.by_begin.get(begin).copied().unwrap_or_default()
            & self.by_left[left_of(source, at)]
            & self.by_right[usize::from(is_before_letter)];
        // Whoever has enough of them in the first run need not have the others counted.
        if owners & !self.by_digits[(end - at).min(DIGITS_MAX)] == 0 {
            owners
        } else {
            owners & self.by_digits[n_digits(source, at, end)]
        }
    }
}

/// What is before a number, as [`Numbers::by_left`] has it. The letter of an escape such as `\n` in quoted text is no letter.
fn left_of(source: &Source<'_>, at: usize) -> usize {
    let is_escape = || at.checked_sub(2).and_then(|i| source.byte(i)) == Some(b'\\');
    match source.before(at) {
        Some(b'n' | b'r' | b't') if is_escape() => 0,
        Some(byte) if byte.is_ascii_alphabetic() || byte == b'_' => {
            let start = source.run_left(at, WORD_MAX, |byte| byte.is_ascii_alphabetic());
            1 + usize::from(source.before(start).is_some_and(|byte| byte.is_ascii_digit()))
        }
        _ => 0,
    }
}

/// How many digits, [`DIGITS_MAX`] at most, stand from `at` on with only a few signs between them. Up to `end`
/// there are digits alone.
fn n_digits(source: &Source<'_>, at: usize, end: usize) -> usize {
    let mut n_digits = end - at;
    if n_digits >= DIGITS_MAX {
        return DIGITS_MAX;
    }
    let rest = source.bytes().get(end..).unwrap_or_default();
    let (mut n_signs, mut n_seen) = (0, 0);
    for byte in rest.iter().take(NUMBER_MAX - n_digits) {
        n_seen += 1;
        if byte.is_ascii_digit() {
            (n_digits, n_signs) = (n_digits + 1, 0);
            if n_digits == DIGITS_MAX {
                break;
            }
        } else if n_signs < SIGNS_MAX && is_sign(*byte) {
            n_signs += 1;
        } else {
            break;
        }
    }
    source.count(n_seen);
    n_digits
}

/// What people put between the digits of one number.
fn is_sign(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'-' | b'.' | b'(' | b')' | b'/')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: u64) {
        let mut numbers = Numbers::default();
        numbers.add(&Number::new(9, &[3, 9]), 1);
        numbers.add(&Number::new(2, &[]).after_letter(Letter::Maybe), 2);
        numbers.add(&Number::new(1, &[]).after_letter(Letter::Always), 4);
        numbers.add(&Number::new(1, &[]).before_letter(), 8);
        numbers.add(&Number::new(1, &[]).begins(b"37").before_letter(), 16);
        numbers.add(&Number::new(1, &[]).after_letter(Letter::First), 32);
        let at = text.find(|c: char| c.is_ascii_digit()).unwrap();
        assert_eq!(numbers.owners(&Source::new(text), at), expect, "{text}");
    }

    #[test]
    fn a_number_concerns_those_whom_length_and_grouping_fit() {
        check("at 123-45-6789.", 3);
        check("at 123456789.", 3);
        check("at 12-345-6789.", 2);
        check("at 123-45-678.", 2);
        check("ssn\t123\t45\t6789", 3);
        check("1", 0);
    }

    #[test]
    fn digits_in_a_word_concern_few() {
        check("ab123456789", 38);
        check("a_123456789", 38);
        check(" 123456789x", 11);
        check("\\n123456789", 3);
        check(" 723456789x", 27);
        let mut numbers = Numbers::default();
        numbers.add(&Number::new(1, &[]).after_letter(Letter::First), 1);
        let owners = |text, at| numbers.owners(&Source::new(text), at);
        assert_eq!((owners("ab12cd34", 2), owners("ab12cd34", 6), owners("12", 0)), (1, 0, 0));
    }
}
