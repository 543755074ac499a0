//! Spain's DNI and NIE: eight digits, or X, Y or Z and seven, and the letter that stands for their
//! rest mod 23.

use super::{COMMON, cues};
use crate::context::{CUE_WINDOW, Cues, Verdict};
use crate::detector::{Anchors, Detector, Found, Letter, Look, Number};
use crate::digits::{is_free_left, is_free_right, run_end, values};
use crate::kind::PiiKind;
use crate::source::Source;

pub(crate) const DETECTOR: Detector = Detector::new(
    PiiKind::NationalId,
    &[Anchors::Numbers(Number::new(7, &[2, 7, 8]).after_letter(Letter::Maybe))],
    look,
);

static CUES: Cues = cues(&[&["dni", "nie", "nif", "identidad", "documento"], COMMON]);

const LETTERS: &[u8; 23] = b"TRWAGMYFPDXBNJZSQVHLCKE";

fn look(source: &Source<'_>, at: usize) -> Look {
    let found = resident(source, at).or_else(|| citizen(source, at)).filter(|(start, end)| {
        let verdict = CUES.before(source, *start, CUE_WINDOW);
        let is_capital = source.before(*end).is_some_and(|byte| byte.is_ascii_uppercase());
        verdict == Verdict::For || (verdict == Verdict::Silent && is_capital)
    });
    let found =
        found.map(|(start, end)| Found { start, end, rule: "national_id.es_dni", confidence: 0.9 });
    Look::maybe(found, run_end(source, at))
}

/// `X1234567L`: the letter before the digits stands for 0, 1 or 2.
fn resident(source: &Source<'_>, at: usize) -> Option<(usize, usize)> {
    let sign = source.run_left(at, 1, |byte| byte == b'-');
    let letter = source.before(sign)?.to_ascii_uppercase();
    let first = u32::from(letter.checked_sub(b'X').filter(|n| *n <= 2)?);
    let digits = run_end(source, at);
    let end = letter_end(source, digits).filter(|_| digits - at == 7)?;
    let number = values(source, at, digits).fold(first, |number, digit| number * 10 + digit);
    (is_free_left(source, sign - 1) && is_letter_of(source, number, end)).then_some((sign - 1, end))
}

/// `12345678Z` and `12.345.678-Z`.
fn citizen(source: &Source<'_>, at: usize) -> Option<(usize, usize)> {
    let run = run_end(source, at);
    let digits = if run - at == 8 { run } else { dotted_end(source, at)? };
    let number = values(source, at, digits).fold(0, |number, digit| number * 10 + digit);
    let end = letter_end(source, digits)?;
    (is_free_left(source, at) && is_letter_of(source, number, end)).then_some((at, end))
}

fn dotted_end(source: &Source<'_>, at: usize) -> Option<usize> {
    const SHAPE: &[u8; 10] = b"00.000.000";
    let text = source.bytes().get(at..at + SHAPE.len())?;
    let fits = |(byte, shape): (&u8, &u8)| match shape {
        b'0' => byte.is_ascii_digit(),
        sign => byte == sign,
    };
    text.iter().zip(SHAPE).all(fits).then_some(at + SHAPE.len())
}

/// Just after the letter that follows the digits, perhaps after a hyphen or a blank.
fn letter_end(source: &Source<'_>, digits: usize) -> Option<usize> {
    let letter = source.run_right(digits, 1, |byte| matches!(byte, b'-' | b' '));
    let is_letter = source.byte(letter)?.is_ascii_alphabetic();
    (is_letter && is_free_right(source, letter + 1)).then_some(letter + 1)
}

fn is_letter_of(source: &Source<'_>, number: u32, end: usize) -> bool {
    let letter = source.before(end).map(|byte| byte.to_ascii_uppercase());
    letter == LETTERS.get(number as usize % LETTERS.len()).copied()
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;

    #[test]
    fn numbers_with_their_letter_are_found() {
        check("DNI ⟦12345678Z⟧, ⟦12345678-Z⟧, ⟦12.345.678-Z⟧; NIE ⟦X1234567L⟧ y ⟦x-1234567-l⟧");
        check("12345678A X1234567M order 12345678Z a12345678Z 12345678Zx 112345678Z 12345678 z");
    }
}
