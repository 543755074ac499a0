//! How the digits of a candidate are grouped, and what such a grouping can be.

use crate::source::Source;

/// ITU-T E.164: at most 15 digits with the country's; shorter than 7 no one dials alone.
const DIGITS_MAX: usize = 15;
const DIGITS_MIN: usize = 7;
const GROUPS_MAX: usize = 8;
const SEPARATOR_MAX: usize = 3;

/// Country codes of one and two digits, and the first two digits of those with three (E.164 list).
const COUNTRIES_SHORT: [u32; 45] = [
    20, 27, 30, 31, 32, 33, 34, 36, 39, 40, 41, 43, 44, 45, 46, 47, 48, 49, 51, 52, 53, 54, 55, 56,
    57, 58, 60, 61, 62, 63, 64, 65, 66, 81, 82, 84, 86, 90, 91, 92, 93, 94, 95, 98, 70,
];
const COUNTRIES_LONG: [u32; 23] =
    [21, 22, 23, 24, 25, 26, 29, 35, 37, 38, 42, 50, 59, 67, 68, 69, 80, 85, 87, 88, 96, 97, 99];

/// Digits in groups.
pub(super) struct Shape {
    digits: [u8; DIGITS_MAX],
    n_digits: usize,
    /// Lengths of the groups.
    lengths: [usize; GROUPS_MAX],
    /// The separator before each group: its telling byte, or 0 before the first.
    separators: [u8; GROUPS_MAX],
    n_groups: usize,
    end: usize,
}

impl Shape {
    /// Reads groups from `at`. `None` if there are too many digits for any number to call.
    pub(super) fn read(source: &Source<'_>, at: usize, has_plus: bool) -> Option<Self> {
        let mut shape = Self {
            digits: [0; DIGITS_MAX],
            n_digits: 0,
            lengths: [0; GROUPS_MAX],
            separators: [0; GROUPS_MAX],
            n_groups: 0,
            end: at,
        };
        let (mut start, mut separator) = (at, 0);
        loop {
            let end = source.run_right(start, DIGITS_MAX + 1, |byte| byte.is_ascii_digit());
            if end == start || shape.is_complete(has_plus) || shape.n_groups == GROUPS_MAX {
                return Some(shape);
            }
            if shape.n_digits + end - start > DIGITS_MAX {
                // A blank may part the number from the next; anything else makes it a longer one.
                return (shape.n_groups > 0 && separator == b' ').then_some(shape);
            }
            shape.push(source, start, end, separator);
            // A tab parts columns, and a number only where a plus has begun one that is too short.
            let is_tab = has_plus && shape.is_short() && source.byte(end) == Some(b'\t');
            if is_tab {
                (start, separator) = (end + 1, b' ');
                continue;
            }
            let next = source.run_right(end, SEPARATOR_MAX, is_separator);
            let telling = telling(source, end, next);
            let goes_on = |byte: &u8| {
                let is_within = has_plus && matches!(*byte, b' ' | b'/') && shape.is_short();
                shape.may_go_on(*byte) || is_within
            };
            let Some(telling) = telling.filter(goes_on) else {
                return Some(shape);
            };
            (start, separator) = (next, telling);
        }
    }

    pub(super) fn end(&self) -> usize {
        self.end
    }

    /// Whether the digits after a plus begin with a country's code and are as many as E.164 allows.
    pub(super) fn is_international(&self) -> bool {
        let is_fraction = self.n_groups == 2 && self.separators[1] == b'.';
        !is_fraction
            && self.begins_with_country(0)
            && (DIGITS_MIN + 1..=DIGITS_MAX).contains(&self.n_digits)
    }

    /// Whether the grouping is one that people use for numbers to call, and hardly for others.
    pub(super) fn is_national(&self) -> bool {
        self.is_north_american()
            || self.has_trunk_prefix()
            || self.has_slashed_area()
            || self.has_exit_prefix()
            || self.is_mobile()
    }

    /// Whether a number before it would make it a part of a longer one: all groups are pairs, as in France
    /// and in any list of numbers, or a zero alone tells that it is one to call.
    pub(super) fn may_be_of_a_row(&self) -> bool {
        self.lengths().iter().all(|length| *length == 2) || self.has_trunk_prefix()
    }

    /// Whether there are as many digits as a number to call has.
    pub(super) fn is_dialable(&self) -> bool {
        (DIGITS_MIN..=DIGITS_MAX).contains(&self.n_digits)
    }

    /// Dates, dotted quads, social security numbers, fractions and amounts.
    pub(super) fn is_something_else(&self) -> bool {
        let lengths = self.lengths();
        let dotted = self.separators[1] == b'.';
        match lengths {
            // A list of small numbers.
            _ if lengths.iter().filter(|length| **length == 1).count() >= 3 => true,
            [4, 2, 2, ..] if self.digit(0) > 0 => true,
            // From one year to another.
            [4, 4] if self.is_year(0) && self.is_year(4) => true,
            [2, 2, 4, ..] => true,
            [1 | 2, 1 | 2, 4] | [3, 2, 4] => true,
            [_, _] if dotted => true,
            _ if self.is_compact_date() => true,
            [_, _, _, _] if dotted && lengths.iter().all(|length| *length <= 3) => true,
            [first, rest @ ..] if dotted && !rest.is_empty() => {
                *first <= 3 && rest.iter().all(|length| *length == 3)
            }
            _ => false,
        }
    }

    fn is_year(&self, at: usize) -> bool {
        matches!(self.digit(at) * 10 + self.digit(at + 1), 19 | 20)
    }

    /// `20240506` and `20240506-103000`.
    fn is_compact_date(&self) -> bool {
        let two = |at| self.digit(at) * 10 + self.digit(at + 1);
        matches!(self.lengths(), [8 | 14] | [8, _] | [8, _, _])
            && matches!(two(0), 19 | 20)
            && (1..=12).contains(&two(4))
            && (1..=31).contains(&two(6))
    }

    fn lengths(&self) -> &[usize] {
        &self.lengths[..self.n_groups]
    }

    fn push(&mut self, source: &Source<'_>, start: usize, end: usize, separator: u8) {
        let group = source.bytes().get(start..end).unwrap_or_default();
        self.digits[self.n_digits..self.n_digits + group.len()].copy_from_slice(group);
        self.n_digits += group.len();
        self.lengths[self.n_groups] = group.len();
        self.separators[self.n_groups] = separator;
        self.n_groups += 1;
        self.end = end;
    }

    /// North American numbers have a fixed length; what follows one is something else.
    fn is_complete(&self, has_plus: bool) -> bool {
        if has_plus {
            return self.digits[0] == b'1' && self.n_digits == 11;
        }
        matches!(self.lengths(), [3, 3, 4] | [1, 3, 3, 4])
    }

    /// Whether there are fewer digits than any number has with its country's code, as in
    /// `+86-21-6891 9003` and `+49 (0)221 / 470-1234`.
    fn is_short(&self) -> bool {
        self.n_digits <= 8
    }

    /// Hyphens and dots hold closer than blanks: after one, a blank ends the number. So does a bracket
    /// that closes more than one group.
    fn may_go_on(&self, separator: u8) -> bool {
        let is_close = |byte: u8| matches!(byte, b'-' | b'.');
        let last = self.separators[self.n_groups - 1];
        if separator == b' ' && self.is_area_and_group() {
            return true;
        }
        !(is_close(last) && (separator == b' ' || (is_close(separator) && separator != last)))
            && !(separator == b'/' && self.n_groups > 1)
            && (separator != b')' || self.n_groups == 1 || last == b'(')
    }

    /// Sweden's `08-123 456 78`: the area stands apart by a hyphen, and blanks part the rest.
    fn is_area_and_group(&self) -> bool {
        matches!(self.lengths(), [2..=5, 2..=4])
            && self.separators[1] == b'-'
            && self.digit(0) == 0
            && self.digit(1) != 0
    }

    fn digit(&self, at: usize) -> u32 {
        self.digits.get(at).map_or(0, |digit| u32::from(digit.saturating_sub(b'0')))
    }

    fn begins_with_country(&self, at: usize) -> bool {
        let (first, two) = (self.digit(at), self.digit(at) * 10 + self.digit(at + 1));
        match first {
            1 => self.n_digits - at == 11 && self.digit(at + 1) >= 2,
            7 => self.n_digits - at == 11,
            _ => COUNTRIES_SHORT.contains(&two) || COUNTRIES_LONG.contains(&two),
        }
    }

    /// `202-555-0143`: an area never begins with 0 or 1, nor does an exchange; but people make up
    /// exchanges, so that of the usual notation, with a hyphen or a dot last, is not checked.
    fn is_north_american(&self) -> bool {
        let area = match self.lengths() {
            [3, 3, 4] => 0,
            [1, 3, 3, 4] if self.digit(0) == 1 => 1,
            _ => return false,
        };
        let is_usual = matches!(self.separators[self.n_groups - 1], b'-' | b'.');
        self.digit(area) >= 2 && (is_usual || self.digit(area + 3) >= 2)
    }

    /// `020 7946 0958`: a leading zero and one kind of separator after the first.
    fn has_trunk_prefix(&self) -> bool {
        let lengths = self.lengths();
        let is_even =
            self.separators[2..self.n_groups.max(2)].windows(2).all(|pair| pair[0] == pair[1]);
        self.digit(0) == 0
            && self.digit(1) != 0
            && (10..=12).contains(&self.n_digits)
            && lengths.len() >= 2
            && lengths.iter().all(|length| *length >= 2)
            // Pairs are French, of which there are five.
            && (lengths.iter().any(|length| *length > 2) || lengths.len() == 5)
            && is_even
    }

    /// Germany's `089/272498`.
    fn has_slashed_area(&self) -> bool {
        matches!(self.lengths(), [3..=5, 5..=8])
            && self.separators[1] == b'/'
            && self.digit(0) == 0
            && self.digit(1) != 0
    }

    /// Brazil's `11 91234-5678`, China's `138-1234-5678`, Spain's `612 34 56 78` and Russia's
    /// `8 (495) 123-45-67`.
    fn is_mobile(&self) -> bool {
        let last = self.separators[self.n_groups - 1];
        match self.lengths() {
            [2, 5, 4] => self.digit(2) == 9 && self.digit(0) > 0 && last == b'-',
            [1, 3, 3, 2, 2] => self.digit(0) == 8 && last == b'-',
            [3, 4, 4] => self.digit(0) == 1 && self.digit(1) >= 3,
            [3, 2, 2, 2] => matches!(self.digit(0), 6 | 7 | 9) && last == b' ',
            _ => false,
        }
    }

    /// `0044 20 7946 0958`.
    fn has_exit_prefix(&self) -> bool {
        (self.digit(0), self.digit(1)) == (0, 0)
            && self.n_groups >= 2
            && self.lengths[0] >= 2
            && self.n_digits >= 11
            && self.begins_with_country(2)
    }
}

fn is_separator(byte: u8) -> bool {
    matches!(byte, b' ' | b'-' | b'.' | b'(' | b')' | b'/')
}

/// The byte that tells what a separator is: a bracket, else the first that is no blank, else a blank.
fn telling(source: &Source<'_>, start: usize, end: usize) -> Option<u8> {
    let separator = source.bytes().get(start..end)?;
    let n_of = |which: u8| separator.iter().filter(|byte| **byte == which).count();
    let is_single = [b'-', b'.', b'(', b')', b'/'].iter().all(|which| n_of(*which) <= 1);
    let n_marks = separator.len() - n_of(b' ');
    // In `+65725 -18434` the hyphen is the next number's.
    let is_minus = separator.starts_with(b" ") && separator.ends_with(b"-");
    if separator.is_empty()
        || is_minus
        || !is_single
        || n_of(b' ') > 2
        || (n_marks == 0 && separator.len() > 1)
    {
        return None;
    }
    let bracket = separator.iter().find(|byte| matches!(byte, b'(' | b')'));
    bracket.or_else(|| separator.iter().find(|byte| **byte != b' ')).or(separator.first()).copied()
}
