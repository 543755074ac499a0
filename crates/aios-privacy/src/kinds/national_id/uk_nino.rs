//! The United Kingdom's national insurance number: two letters, six digits, a letter from A to D.
//! There is no checksum, but few pairs of letters are given out.

use super::code::Code;
use super::{COMMON, cues};
use crate::detector::{Anchors, Detector, Letter, Number};
use crate::kind::PiiKind;

pub(crate) const DETECTOR: Detector = Detector::new(
    PiiKind::NationalId,
    &[Anchors::Numbers(Number::new(6, &[2, 3, 6]).after_letter(Letter::Maybe))],
    |source, at| CODE.look(source, at),
);

static CODE: Code = Code {
    rule: "national_id.uk_nino",
    confidence: 0.88,
    shape: b"aannnnnnd",
    n_before: 2,
    parted: &[&[4, 6], &[5]],
    check: |code| is_pair(code[0], code[1]),
    cues: cues(&[&["nino", "ni", "insurance", "national"], COMMON]),
    is_known_alone: true,
};

/// Pairs of allowed letters that are not given out (HMRC, NIM39110).
const WITHHELD: [&[u8; 2]; 7] = [b"BG", b"GB", b"KN", b"NK", b"NT", b"TN", b"ZZ"];

fn is_pair(first: u8, second: u8) -> bool {
    let is_used = |byte: u8| !b"DFIQUV".contains(&byte);
    is_used(first) && is_used(second) && second != b'O' && !WITHHELD.contains(&&[first, second])
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;

    #[test]
    fn numbers_of_given_out_pairs_are_found() {
        check("NI no. ⟦AB123456C⟧, ⟦JK 12 34 56 D⟧, ⟦AB-12-34-56-A⟧.");
        check("nino: ⟦ab123456c⟧ ⟦AB 123456 C⟧");
        check("QQ123456C GB123456A AB123456E AB1234567C XAB123456C part AB123456C ab123456c");
    }
}
