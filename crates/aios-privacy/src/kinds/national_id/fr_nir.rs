//! France's NIR, the social security number: sex, year, month, department (also 2A and 2B), commune,
//! serial, and a key that makes the whole divisible by 97.

use super::{COMMON, cues};
use crate::context::{CUE_WINDOW, Cues, Verdict};
use crate::detector::{Anchors, Detector, Found, Look, Number};
use crate::digits::{is_free_left, is_free_right, run_end};
use crate::kind::PiiKind;
use crate::source::Source;

pub(crate) const DETECTOR: Detector =
    Detector::new(PiiKind::NationalId, &[Anchors::Numbers(Number::new(5, &[1, 6, 13, 15]))], look);

static CUES: Cues = cues(&[&["nir", "sécu", "sécurité", "securite", "sociale", "insee"], COMMON]);

const LENGTH: usize = 15;

fn look(source: &Source<'_>, at: usize) -> Look {
    let is_sex = matches!(source.byte(at), Some(b'1'..=b'4' | b'7' | b'8'));
    let found = is_sex
        .then(|| end_of(source, at))
        .flatten()
        .filter(|_| {
            is_free_left(source, at) && CUES.before(source, at, CUE_WINDOW) != Verdict::Against
        })
        .map(|end| Found { start: at, end, rule: "national_id.fr_nir", confidence: 0.97 });
    Look::maybe(found, run_end(source, at))
}

/// Where fifteen characters end, single blanks between them left out, if they check.
fn end_of(source: &Source<'_>, start: usize) -> Option<usize> {
    let mut number = [0; LENGTH];
    let (mut n, mut at) = (0, start);
    while n < LENGTH {
        let byte = source.byte(at)?;
        if byte.is_ascii_digit() || (n == 6 && matches!(byte, b'A' | b'B' | b'a' | b'b')) {
            number[n] = byte.to_ascii_uppercase();
            n += 1;
        } else if byte != b' ' || source.before(at) == Some(b' ') {
            return None;
        }
        at += 1;
    }
    (is_checked(&number) && is_free_right(source, at)).then_some(at)
}

fn is_checked(number: &[u8; LENGTH]) -> bool {
    let is_corsica = !number[6].is_ascii_digit();
    if is_corsica && number[5] != b'2' {
        return false;
    }
    // For the key, 2A counts as 19 and 2B as 18.
    let department = match number[6] {
        b'A' => (b'1', b'9'),
        b'B' => (b'1', b'8'),
        second => (number[5], second),
    };
    let digit_at = |place: usize| match place {
        5 => department.0,
        6 => department.1,
        place => number[place],
    };
    let value = |from: usize, to: usize| {
        (from..to).fold(0u64, |value, place| value * 10 + u64::from(digit_at(place) - b'0'))
    };
    let is_month = matches!(value(3, 5), 1..=12 | 20..=42 | 50..=99);
    is_month && value(13, 15) == 97 - value(0, 13) % 97
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;

    #[test]
    fn numbers_with_their_key_are_found() {
        check("NIR ⟦1 85 05 78 006 084 91⟧, ⟦185057800608491⟧, ⟦1850578006084 91⟧.");
        check("née en Corse: ⟦2 69 05 2A 588 157 17⟧ et ⟦269052A58815717⟧");
        check("185057800608492 order 185057800608491 1 85 13 78 006 084 91 0185057800608491");
    }
}
