//! Germany's tax identification number: eleven digits, of which the last checks the others by ISO 7064,
//! MOD 11,10. Of the first ten, one digit stands twice or three times and all others once (§ 139b of the
//! Abgabenordnung, § 1 of the Steueridentifikationsnummerverordnung). Three in a hundred of all numbers are made so.

use super::{COMMON, Written, cues, read};
use crate::context::{CUE_WINDOW, Cues, Verdict};
use crate::detector::{Anchors, Detector, Found, Look, Number};
use crate::digits::{counts_something, run_end, values};
use crate::kind::PiiKind;
use crate::source::Source;

// A zero in front makes it a number for tests.
pub(crate) const DETECTOR: Detector = Detector::new(
    PiiKind::NationalId,
    &[Anchors::Numbers(Number::new(11, &[2, 11]).begins(b"123456789"))],
    look,
);

static CUES: Cues = cues(&[
    &[
        "steuer",
        "steuerid",
        "steuernummer",
        "steueridentifikationsnummer",
        "identifikationsnummer",
        "idnr",
        "tin",
    ],
    COMMON,
]);

fn look(source: &Source<'_>, at: usize) -> Look {
    let found = read(source, at, &[2, 3, 3, 3], b" ")
        .filter(|(_, end)| is_made_so(source, at, *end) && is_checked(source, at, *end))
        .filter(|_| CUES.before(source, at, CUE_WINDOW) != Verdict::Against)
        .filter(|(_, end)| !counts_something(source, *end) && source.before(at) != Some(b'-'))
        .map(|(written, end)| Found {
            start: at,
            end,
            rule: "national_id.de_idnr",
            confidence: if written == Written::Grouped { 0.95 } else { 0.88 },
        });
    Look::maybe(found, run_end(source, at))
}

/// Whether one digit of the first ten stands there twice, or three times but not in a row, and no other more
/// than once.
fn is_made_so(source: &Source<'_>, start: usize, end: usize) -> bool {
    let mut counts = [0; 10];
    let (mut last, mut n_in_row, mut longest_row) = (None, 0, 0);
    for digit in values(source, start, end).take(10) {
        counts[digit as usize] += 1;
        n_in_row = if last == Some(digit) { n_in_row + 1 } else { 1 };
        longest_row = longest_row.max(n_in_row);
        last = Some(digit);
    }
    let mut repeated = counts.into_iter().filter(|count| *count > 1);
    matches!((repeated.next(), repeated.next()), (Some(2 | 3), None)) && longest_row < 3
}

/// ISO 7064, MOD 11,10.
fn is_checked(source: &Source<'_>, start: usize, end: usize) -> bool {
    let step = |product: u32, digit: u32| match (digit + product) % 10 {
        0 => 10 * 2 % 11,
        sum => sum * 2 % 11,
    };
    let product = values(source, start, end).take(10).fold(10, step);
    values(source, start, end).last() == Some((11 - product) % 10)
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;

    #[test]
    fn numbers_that_check_are_found() {
        check("Steuer-ID: ⟦86095742719⟧, IdNr. ⟦86 095 742 719⟧ und ⟦65929970489⟧.");
        check("steuer_id=⟦36574261809⟧ ⟦47 036 892 816⟧");
        // A wrong check, a digit too many, another number, one for tests, and what is not made so.
        check("86095742718 860957427190 Bestellnummer 86095742719 02476291358 86-095-742-719");
        check("11111111111 12345678903 98765432106 86095742719 bytes 65999270484");
    }
}
