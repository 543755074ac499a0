//! India's PAN of a person: five letters, the fourth of them a P, four digits and a letter (section 139A of the
//! Income-tax Act, 1961). How the last letter checks the others is not published, so a word must say what it is.

use super::{COMMON, cues};
use crate::context::{CUE_WINDOW, Cues, Verdict};
use crate::detector::{Anchors, Detector, Found, Letter, Look, Number};
use crate::digits::{is_free_left, is_free_right, run_end};
use crate::kind::PiiKind;
use crate::source::Source;

pub(crate) const DETECTOR: Detector = Detector::new(
    PiiKind::NationalId,
    &[Anchors::Numbers(Number::new(4, &[4]).after_letter(Letter::Always).before_letter())],
    look,
);

static CUES: Cues = cues(&[&["pan", "permanent", "taxpayer", "पैन"], COMMON]);

/// Letters before the digits.
const LETTERS: usize = 5;

/// With the digits and the last letter.
const LENGTH: usize = LETTERS + 4 + 1;

fn look(source: &Source<'_>, at: usize) -> Look {
    let found = span(source, at)
        .filter(|(start, _)| CUES.before(source, *start, CUE_WINDOW) == Verdict::For);
    let found = found.map(|(start, end)| Found {
        start,
        end,
        rule: "national_id.in_pan",
        confidence: 0.85,
    });
    Look::maybe(found, run_end(source, at))
}

/// The number around its digits.
fn span(source: &Source<'_>, at: usize) -> Option<(usize, usize)> {
    let start = at.checked_sub(LETTERS)?;
    let end = start + LENGTH;
    let (letters, last) = (source.bytes().get(start..at)?, source.byte(end - 1)?);
    // Companies, trusts and states have another letter there.
    let is_person = letters.get(3).is_some_and(|byte| byte.eq_ignore_ascii_case(&b'P'));
    let is_shaped = is_person && letters.iter().chain([&last]).all(u8::is_ascii_alphabetic);
    (is_shaped && is_free_left(source, start) && is_free_right(source, end)).then_some((start, end))
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;

    #[test]
    fn a_name_and_the_shape_make_a_number() {
        check("PAN: ⟦ABCPE1234F⟧, permanent account number ⟦abcpe1234f⟧; pan_no=⟦AAAPZ1234C⟧");
        check("ABCPE1234F, PAN ABCCE1234F of a company, PAN ABCPE12345, pan ABCPE1234FX");
        check("part ABCPE1234F, PAN XABCPE1234F, PAN ABCPE123F, a pan of 1234 g");
    }
}
