//! India's Aadhaar: twelve digits that pass Verhoeff's check. Bare, one number in ten passes, so a
//! word must say what it is.

use super::{LABELS, Written, cues, digit, is_uniform, read};
use crate::context::{CUE_WINDOW, Cues, Verdict};
use crate::detector::{Anchors, Detector, Found, Look, Number};
use crate::digits::{run_end, values};
use crate::kind::PiiKind;
use crate::source::Source;

pub(crate) const DETECTOR: Detector =
    Detector::new(PiiKind::NationalId, &[Anchors::Numbers(Number::new(12, &[4, 12]))], look);

static CUES: Cues = cues(&[&["aadhaar", "aadhar", "adhaar", "adhar", "uidai", "uid", "आधार"]]);

fn look(source: &Source<'_>, at: usize) -> Look {
    let found = read(source, at, &[4, 4, 4], b" -")
        .filter(|(_, end)| !is_longer(source, at, *end))
        .filter(|(_, end)| digit(source, at, *end, 0) >= 2 && !is_uniform(source, at, *end))
        .filter(|(_, end)| passes_verhoeff(values(source, at, *end)))
        .filter(|(written, _)| match CUES.before(source, at, CUE_WINDOW) {
            Verdict::For => true,
            Verdict::Silent => *written == Written::Grouped || LABELS.label(source, at, CUE_WINDOW),
            Verdict::Against => false,
        })
        .map(|(_, end)| Found { start: at, end, rule: "national_id.in_aadhaar", confidence: 0.9 });
    Look::maybe(found, run_end(source, at))
}

/// Whether a group stands before or after, so that the number is a part of a card's.
fn is_longer(source: &Source<'_>, start: usize, end: usize) -> bool {
    let is_digit = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_digit());
    let before = start.checked_sub(2).and_then(|at| source.byte(at));
    let is_parted = |byte: Option<u8>| matches!(byte, Some(b' ' | b'-'));
    (is_parted(source.before(start)) && is_digit(before))
        || (is_parted(source.byte(end)) && is_digit(source.byte(end + 1)))
}

/// Verhoeff's check: from the right, digits are permuted by their place and multiplied in the
/// dihedral group of order ten; the product is 0.
fn passes_verhoeff(digits: impl DoubleEndedIterator<Item = u32>) -> bool {
    let product = digits.rev().enumerate().fold(0, |product, (place, digit)| {
        let permuted = (0..place % 8).fold(digit, |digit, _| PERMUTED[digit as usize]);
        times(product, permuted)
    });
    product == 0
}

const PERMUTED: [u32; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];

/// The dihedral group of order ten: 0 to 4 turn a pentagon, 5 to 9 turn it over as well.
fn times(one: u32, other: u32) -> u32 {
    let turned = if one < 5 { one + other } else { one + 5 - other % 5 };
    match (one < 5, other < 5) {
        (true, true) => turned % 5,
        (true, false) => 5 + turned % 5,
        (false, true) => 5 + turned % 5,
        (false, false) => turned % 5,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;

    #[test]
    fn a_grouping_or_a_name_makes_a_number() {
        check("⟦2341 2341 2346⟧; Aadhaar: ⟦499951823770⟧ and ⟦4999-5182-3770⟧.");
        check("2341 2341 2347, 234123412346 rows, order 2341 2341 2346, 2341 2341 2346 1234");
        check(
            "my personal AWS account 234123412346, \"identity\": {\"account\": \"234123412346\"}",
        );
    }
}
