//! Italy's codice fiscale: three letters of the surname, three of the name, the year, a letter for the
//! month, the day (for women 40 more), the place of birth, and a letter that checks the others (decree of the
//! Ministry of Finance of 23 December 1976). Where two people would share one, digits become letters, the last digit first.

use super::code::{Code, digit};
use super::{COMMON, cues};
use crate::detector::{Anchors, Detector, Letter, Number};
use crate::kind::PiiKind;

// The year is the last to lose its digits, so that it is what the code is known by.
pub(crate) const DETECTOR: Detector = Detector::new(
    PiiKind::NationalId,
    &[Anchors::Numbers(Number::new(2, &[2]).after_letter(Letter::Always).before_letter())],
    |source, at| CODE.look(source, at),
);

static CODE: Code = Code {
    rule: "national_id.it_codice_fiscale",
    confidence: 0.97,
    shape: b"aaaaaannmxxaxxxa",
    n_before: 6,
    parted: &[],
    check: |code| is_day(code) && is_checked(code),
    cues: cues(&[&["codice", "fiscale", "fisc", "cf", "codicefiscale"], COMMON]),
    is_known_alone: true,
};

/// What a letter, or the digit of its place, counts at the first, third, and every other place on.
const ODD: [u32; 26] =
    [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];

fn is_day(code: &[u8]) -> bool {
    let day = digit(code[9]).zip(digit(code[10])).map(|(tens, ones)| tens * 10 + ones);
    matches!(day, Some(1..=31 | 41..=71))
}

fn is_checked(code: &[u8]) -> bool {
    let place = |byte: u8| u32::from(byte - if byte.is_ascii_digit() { b'0' } else { b'A' });
    let Some((check, counted)) = code.split_last() else { return false };
    let counts = |(n, byte): (usize, &u8)| match n % 2 {
        0 => ODD[place(*byte) as usize],
        _ => place(*byte),
    };
    counted.iter().enumerate().map(counts).sum::<u32>() % 26 == place(*check)
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;

    #[test]
    fn codes_with_their_letter_are_found() {
        check("C.F. ⟦RSSMRA85T10A562S⟧, codice fiscale ⟦mrtmtt91d08f205j⟧; ⟦MRTMTT91D08F205J⟧.");
        check("cod. fisc. ⟦rssmra85t10a562s⟧");
        // The last digit became a letter.
        check("codice_fiscale: ⟦RSSMRA85T10A56NH⟧");
        // A wrong letter, no month, no day, a letter too many, other numbers, and small letters that nothing names.
        check("RSSMRA85T10A562T RSSMRA85F10A562R RSSMRA85T35A562G XRSSMRA85T10A562S");
        check("RSSMRA85T10A562SX serial RSSMRA85T10A562S rssmra85t10a562s x_RSSMRA85T10A562S");
    }
}
