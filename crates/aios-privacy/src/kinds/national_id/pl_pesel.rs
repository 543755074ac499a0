//! Poland's PESEL: a date of birth, whose month also tells the century, a serial and a check digit.

use super::{COMMON, cues, digit, read, weighted};
use crate::context::{CUE_WINDOW, Cues, Verdict};
use crate::detector::{Anchors, Detector, Found, Look, Number};
use crate::digits::{counts_something, run_end};
use crate::kind::PiiKind;
use crate::source::Source;

pub(crate) const DETECTOR: Detector =
    Detector::new(PiiKind::NationalId, &[Anchors::Numbers(Number::new(11, &[11]))], look);

static CUES: Cues = cues(&[&["pesel", "ewidencyjny"], COMMON]);

fn look(source: &Source<'_>, at: usize) -> Look {
    let found = read(source, at, &[11], b"")
        .filter(|(_, end)| is_checked(source, at, *end))
        .filter(|_| CUES.before(source, at, CUE_WINDOW) != Verdict::Against)
        .filter(|(_, end)| !counts_something(source, *end) && source.before(at) != Some(b'-'))
        .map(|(_, end)| Found { start: at, end, rule: "national_id.pl_pesel", confidence: 0.88 });
    Look::maybe(found, run_end(source, at))
}

fn is_checked(source: &Source<'_>, start: usize, end: usize) -> bool {
    let two = |place| digit(source, start, end, place) * 10 + digit(source, start, end, place + 1);
    let is_date = (1..=12).contains(&(two(2) % 20)) && (1..=31).contains(&two(4));
    let sum = weighted(source, start, end, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3]);
    is_date && digit(source, start, end, 10) == (10 - sum % 10) % 10
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;

    #[test]
    fn numbers_that_check_are_found() {
        check("PESEL: ⟦44051401359⟧, ⟦02070803628⟧.");
        check("44051401358 44131401356 order 44051401359 044051401359");
    }
}
