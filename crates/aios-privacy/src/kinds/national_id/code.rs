//! Numbers of fixed letters and digits: a shape, a check, and where the check is weak a word that says what it is.
//!
//! They are looked at from their first digits, so that words cost nothing: what must follow those comes first, then the
//! letters before them.

use crate::context::{CUE_WINDOW, Cues, Verdict};
use crate::detector::{Found, Look};
use crate::digits::{is_free_left, is_free_right, run_end};
use crate::source::Source;

/// Most letters and digits of such a number.
const LENGTH_MAX: usize = 16;

/// How a country makes its numbers.
pub(super) struct Code {
    pub(super) rule: &'static str,
    pub(super) confidence: f32,
    /// A class for each place: `a` any letter, `n` a digit, `d` a letter from A to D, `m` one that stands for a month, `x` a
    /// digit or the letter that stands for it; a capital is itself.
    pub(super) shape: &'static [u8],
    /// How many letters stand before the first digit.
    pub(super) n_before: usize,
    /// Before which places a blank or a hyphen may stand all together; where there are any, also between letters and digits.
    pub(super) parted: &'static [&'static [usize]],
    /// What holds for the whole, in capitals.
    pub(super) check: fn(&[u8]) -> bool,
    pub(super) cues: Cues,
    /// Whether it is believed in capitals where no word says what it is.
    pub(super) is_known_alone: bool,
}

impl Code {
    /// The number whose first digit is at `at`.
    pub(super) fn look(&self, source: &Source<'_>, at: usize) -> Look {
        let found =
            self.span(source, at).filter(|(start, end)| self.is_meant(source, *start, *end));
        let found = found.map(|(start, end)| Found {
            start,
            end,
            rule: self.rule,
            confidence: self.confidence,
        });
        Look::maybe(found, run_end(source, at))
    }

    fn span(&self, source: &Source<'_>, at: usize) -> Option<(usize, usize)> {
        let parts = |byte: u8| !self.parted.is_empty() && matches!(byte, b' ' | b'-');
        let mut code = [0; LENGTH_MAX];
        let (mut end, mut parted) = (at, 0_u32);
        for (place, class) in self.shape.iter().enumerate().skip(self.n_before) {
            if place > self.n_before && source.byte(end).is_some_and(parts) {
                parted |= 1 << place;
                end += 1;
            }
            code[place] = of_class(*class, source.byte(end)?)?;
            end += 1;
        }
        let head_end = source.run_left(at, 1, parts);
        let start = head_end.checked_sub(self.n_before)?;
        for (place, byte) in source.bytes().get(start..head_end)?.iter().enumerate() {
            code[place] = of_class(self.shape[place], *byte)?;
        }
        let code = code.get(..self.shape.len())?;
        let is_ours = self.may_be_parted(parted)
            && (self.check)(code)
            && is_free_left(source, start)
            && is_free_right(source, end);
        is_ours.then_some((start, end))
    }

    /// Before the last letters it may be parted or not, elsewhere as on the document.
    fn may_be_parted(&self, parted: u32) -> bool {
        let last = self.shape.iter().rposition(|class| *class == b'n').map_or(0, |last| last + 1);
        let within = parted & !(1 << last);
        let mask = |places: &&[usize]| places.iter().fold(0, |mask, place| mask | 1 << place);
        within == 0 || self.parted.iter().any(|places| mask(places) == within)
    }

    fn is_meant(&self, source: &Source<'_>, start: usize, end: usize) -> bool {
        let is_capital =
            || !source.between(start, end).bytes().any(|byte| byte.is_ascii_lowercase());
        match self.cues.before(source, start, CUE_WINDOW) {
            Verdict::For => true,
            Verdict::Silent => self.is_known_alone && is_capital(),
            Verdict::Against => false,
        }
    }
}

/// The letters of the months, January first, as Italy has them.
const MONTHS: &[u8; 12] = b"ABCDEHLMPRST";

/// What stands for the digits 0 to 9 where two people would share a code.
const STAND_INS: &[u8; 10] = b"LMNPQRSTUV";

/// A digit, or the letter that stands for it.
pub(super) fn digit(byte: u8) -> Option<usize> {
    match byte {
        b'0'..=b'9' => Some(usize::from(byte - b'0')),
        letter => STAND_INS.iter().position(|stand_in| *stand_in == letter),
    }
}

/// The byte as a capital, if it is of that class.
fn of_class(class: u8, byte: u8) -> Option<u8> {
    let byte = byte.to_ascii_uppercase();
    let is_one = match class {
        b'a' => byte.is_ascii_uppercase(),
        b'n' => byte.is_ascii_digit(),
        b'd' => matches!(byte, b'A'..=b'D'),
        b'm' => MONTHS.contains(&byte),
        b'x' => digit(byte).is_some(),
        itself => byte == itself,
    };
    is_one.then_some(byte)
}
