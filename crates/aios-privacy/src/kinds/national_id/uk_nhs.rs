//! The NHS number of England and Wales: ten digits, the last of which checks the others (mod 11).
//!
//! Grouped 3-3-4 it looks like a telephone number of North America, so a word must say what it is,
//! unless no such number has its digits.

use super::{COMMON, Written, cues, digit, is_uniform, read, weighted};
use crate::context::{CUE_WINDOW, Cues, Verdict};
use crate::detector::{Anchors, Detector, Found, Look, Number};
use crate::digits::run_end;
use crate::kind::PiiKind;
use crate::source::Source;

pub(crate) const DETECTOR: Detector =
    Detector::new(PiiKind::NationalId, &[Anchors::Numbers(Number::new(10, &[3, 10]))], look);

static CUES: Cues = cues(&[&["nhs", "patient", "patients", "health"], COMMON]);

fn look(source: &Source<'_>, at: usize) -> Look {
    let found = read(source, at, &[3, 3, 4], b" -")
        .filter(|(_, end)| is_checked(source, at, *end) && !is_uniform(source, at, *end))
        .filter(|(written, end)| match CUES.before(source, at, CUE_WINDOW) {
            Verdict::For => true,
            Verdict::Silent => *written == Written::Grouped && digit(source, at, *end, 3) < 2,
            Verdict::Against => false,
        })
        .map(|(_, end)| Found { start: at, end, rule: "national_id.uk_nhs", confidence: 0.9 });
    Look::maybe(found, run_end(source, at))
}

fn is_checked(source: &Source<'_>, start: usize, end: usize) -> bool {
    let sum = weighted(source, start, end, &[10, 9, 8, 7, 6, 5, 4, 3, 2]);
    (11 - sum % 11) % 11 == digit(source, start, end, 9)
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;

    #[test]
    fn a_name_or_digits_that_no_telephone_has_make_a_number() {
        check("NHS number ⟦943 476 5919⟧, patient ⟦9434765919⟧ or ⟦401-023-2137⟧.");
        check("9434765919 and 943 476 5919; NHS 943 476 5918 and order 401 023 2137");
    }
}
