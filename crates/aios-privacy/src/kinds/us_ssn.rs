//! United States social security numbers. There is no checksum: the Social Security Administration
//! never gives out area 000, 666 or 900 to 999, group 00 or serial 0000, and a bare run of nine
//! digits is believed only after a cue word.

use crate::context::{COLUMN_WINDOW, CUE_WINDOW, Cues, Verdict};
use crate::detector::{Anchors, Detector, Found, Look, Number};
use crate::digits::{Groups, is_free_left, is_free_right, run_end, values};
use crate::kind::PiiKind;
use crate::source::Source;

pub(crate) const DETECTOR: Detector =
    Detector::new(PiiKind::UsSsn, &[Anchors::Numbers(Number::new(9, &[3, 9]))], look);

static CUES: Cues = Cues::new(
    &[&["ssn", "ssns", "social", "soc", "socialsecurity", "ss", "taxpayer"]],
    &[&[
        "order",
        "invoice",
        "part",
        "sku",
        "tracking",
        "ticket",
        "serial",
        "phone",
        "version",
        "case",
        "ref",
        "reference",
        "model",
        "item",
        "catalog",
        "product",
        "sin",
        "nas",
        "insurance",
    ]],
);

/// Numbers printed in advertisements and withdrawn for it.
const WITHDRAWN: [(u32, u32, u32); 2] = [(78, 5, 1120), (219, 9, 9999)];

fn look(source: &Source<'_>, at: usize) -> Look {
    let resume = run_end(source, at);
    let is_candidate = matches!(resume - at, 3 | 9) && is_free_left(source, at);
    if !is_candidate {
        return Look::nothing(resume);
    }
    let found = separated(source, at).or_else(|| bare(source, at));
    Look::maybe(found, resume)
}

fn separated(source: &Source<'_>, at: usize) -> Option<Found> {
    let groups = Groups::read(source, at, |byte| matches!(byte, b'-' | b' ' | b'.' | b'\t'));
    let end = groups.end_of(&[3, 2, 4])?;
    if !(is_issued(source, at, end) && is_free_right(source, end)) {
        return None;
    }
    // A tab parts columns, in which such numbers stand by chance.
    let is_ours = match source.byte(at + 3) {
        Some(b'\t') => CUES.before(source, at, COLUMN_WINDOW) == Verdict::For,
        _ => CUES.before(source, at, CUE_WINDOW) != Verdict::Against,
    };
    is_ours.then_some(Found { start: at, end, rule: "us_ssn.separated", confidence: 0.9 })
}

fn bare(source: &Source<'_>, at: usize) -> Option<Found> {
    let end = at + 9;
    let is_ours = run_end(source, at) == end
        && is_issued(source, at, end)
        && is_free_right(source, end)
        && CUES.before(source, at, CUE_WINDOW) == Verdict::For;
    is_ours.then_some(Found { start: at, end, rule: "us_ssn.cue", confidence: 0.85 })
}

fn is_issued(source: &Source<'_>, start: usize, end: usize) -> bool {
    let number = |from, n| {
        values(source, start, end).skip(from).take(n).fold(0, |number, digit| number * 10 + digit)
    };
    let (area, group, serial) = (number(0, 3), number(3, 2), number(5, 4));
    let is_area = area != 0 && area != 666 && area < 900;
    is_area && group != 0 && serial != 0 && !WITHDRAWN.contains(&(area, group, serial))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(marked: &str) {
        crate::kinds::testing::check(PiiKind::UsSsn, marked);
    }

    #[test]
    fn separators_or_a_cue_make_a_number() {
        check("mine is ⟦512-44-7781⟧, hers ⟦512 44 7782⟧, his ⟦512.44.7783⟧.");
        check("SSN: ⟦512447781⟧");
        check("jo\tssn\t⟦512\t44\t7781⟧\t3, but 512\t44\t7782 are columns");
        check("social security number ⟦512447781⟧");
    }

    #[test]
    fn numbers_that_are_never_issued_are_refused() {
        check("000-12-3456 666-12-3456 900-12-3456 512-00-3456 512-12-0000 078-05-1120");
    }

    #[test]
    fn shapes_alone_are_not_enough() {
        check(
            "512447781 is a count; order 512-44-7781; 512-44 7781; 1512-44-7781; 512-44-77812; a-512-44-7781",
        );
    }
}
