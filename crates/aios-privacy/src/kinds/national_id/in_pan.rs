//! India's PAN of a person: five letters, the fourth of them a P, four digits and a letter (section 139A of the
//! Income-tax Act, 1961). How the last letter checks the others is not published, so a word must say what it is.

use super::code::Code;
use super::{COMMON, cues};
use crate::detector::{Anchors, Detector, Letter, Number};
use crate::kind::PiiKind;

pub(crate) const DETECTOR: Detector = Detector::new(
    PiiKind::NationalId,
    &[Anchors::Numbers(Number::new(4, &[4]).after_letter(Letter::Always).before_letter())],
    |source, at| CODE.look(source, at),
);

static CODE: Code = Code {
    rule: "national_id.in_pan",
    confidence: 0.85,
    // Companies, trusts and states have another letter in the place of the P.
    shape: b"aaaPannnna",
    n_before: 5,
    parted: &[],
    check: |_| true,
    cues: cues(&[&["pan", "permanent", "taxpayer", "पैन"], COMMON]),
    is_known_alone: false,
};

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
