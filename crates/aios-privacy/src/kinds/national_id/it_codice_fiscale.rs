//! Italy's codice fiscale: three letters of the surname, three of the name, the year, a letter for the
//! month, the day (for women 40 more), the place of birth, and a letter that checks the others (decree of the
//! Ministry of Finance of 23 December 1976). Where two people would share one, digits become letters, the last digit first.

use super::{COMMON, cues};
use crate::context::{CUE_WINDOW, Cues, Verdict};
use crate::detector::{Anchors, Detector, Found, Letter, Look, Number};
use crate::digits::{is_free_left, is_free_right, run_end};
use crate::kind::PiiKind;
use crate::source::Source;

// The year is the last to lose its digits, so that it is what the code is known by.
pub(crate) const DETECTOR: Detector = Detector::new(
    PiiKind::NationalId,
    &[Anchors::Numbers(Number::new(2, &[2]).after_letter(Letter::Always).before_letter())],
    look,
);

static CUES: Cues = cues(&[&["codice", "fiscale", "cf", "codicefiscale"], COMMON]);

const LENGTH: usize = 16;

/// Letters of the names, before the year.
const NAMES: usize = 6;

const MONTHS: &[u8; 12] = b"ABCDEHLMPRST";

/// What stands for the digits 0 to 9 where two people would share a code.
const STAND_INS: &[u8; 10] = b"LMNPQRSTUV";

/// What a letter, or the digit of its place, counts at the first, third, and every other place on.
const ODD: [u32; 26] =
    [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];

fn look(source: &Source<'_>, at: usize) -> Look {
    let found = span(source, at).filter(|(start, end)| {
        let is_capital = !source.bytes()[*start..*end].iter().any(u8::is_ascii_lowercase);
        match CUES.before(source, *start, CUE_WINDOW) {
            Verdict::For => true,
            Verdict::Silent => is_capital,
            Verdict::Against => false,
        }
    });
    let found = found.map(|(start, end)| Found {
        start,
        end,
        rule: "national_id.it_codice_fiscale",
        confidence: 0.97,
    });
    Look::maybe(found, run_end(source, at))
}

/// The code around its year.
fn span(source: &Source<'_>, at: usize) -> Option<(usize, usize)> {
    // Most letters after two digits in a word are none of a month.
    source.byte(at + 2).filter(|byte| MONTHS.contains(&byte.to_ascii_uppercase()))?;
    let start = at.checked_sub(NAMES)?;
    let end = start + LENGTH;
    let code: &[u8; LENGTH] = source.bytes().get(start..end)?.try_into().ok()?;
    let code = code.map(|byte| byte.to_ascii_uppercase());
    let is_one = is_shaped(&code) && is_checked(&code);
    (is_one && is_free_left(source, start) && is_free_right(source, end)).then_some((start, end))
}

fn is_shaped(code: &[u8; LENGTH]) -> bool {
    let is_letter = |place: usize| code[place].is_ascii_uppercase();
    let day = digit(code[9]).zip(digit(code[10])).map(|(tens, ones)| tens * 10 + ones);
    (0..NAMES).chain([11, 15]).all(is_letter)
        && matches!(day, Some(1..=31 | 41..=71))
        && [12, 13, 14].into_iter().all(|place| digit(code[place]).is_some())
}

/// A digit, or the letter that stands for it.
fn digit(byte: u8) -> Option<usize> {
    match byte {
        b'0'..=b'9' => Some(usize::from(byte - b'0')),
        letter => STAND_INS.iter().position(|stand_in| *stand_in == letter),
    }
}

fn is_checked(code: &[u8; LENGTH]) -> bool {
    let place = |byte: u8| u32::from(byte - if byte.is_ascii_digit() { b'0' } else { b'A' });
    let (counted, check) = code.split_at(LENGTH - 1);
    let counts = |(n, byte): (usize, &u8)| match n % 2 {
        0 => ODD[place(*byte) as usize],
        _ => place(*byte),
    };
    counted.iter().enumerate().map(counts).sum::<u32>() % 26 == place(check[0])
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;

    #[test]
    fn codes_with_their_letter_are_found() {
        check("C.F. ⟦RSSMRA85T10A562S⟧, codice fiscale ⟦mrtmtt91d08f205j⟧; ⟦MRTMTT91D08F205J⟧.");
        // The last digit became a letter.
        check("codice_fiscale: ⟦RSSMRA85T10A56NH⟧");
        // A wrong letter, no month, no day, a letter too many, other numbers, and small letters that nothing names.
        check("RSSMRA85T10A562T RSSMRA85F10A562R RSSMRA85T35A562G XRSSMRA85T10A562S");
        check("RSSMRA85T10A562SX serial RSSMRA85T10A562S rssmra85t10a562s x_RSSMRA85T10A562S");
    }
}
