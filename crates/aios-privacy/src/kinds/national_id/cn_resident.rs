//! China's resident identity number: place, date of birth, serial, and a character that checks them by ISO 7064,
//! MOD 11-2 (GB 11643-1999). The check may be an X, which stands for ten.

use super::{COMMON, cues, digit};
use crate::context::{CUE_WINDOW, Cues, Verdict};
use crate::detector::{Anchors, Detector, Found, Look, Number};
use crate::digits::{is_free_left, is_free_right, run_end, values};
use crate::kind::PiiKind;
use crate::source::Source;

pub(crate) const DETECTOR: Detector = Detector::new(
    PiiKind::NationalId,
    &[Anchors::Numbers(Number::new(12, &[17, 18]).begins(b"12345678"))],
    look,
);

static CUES: Cues = cues(&[
    &["身份证", "身份证号", "身份证号码", "公民身份号码", "身份证号是", "身分證", "shenfenzheng"],
    COMMON,
]);

/// Digits before the check.
const BODY: usize = 17;

fn look(source: &Source<'_>, at: usize) -> Look {
    let found = end_of(source, at)
        .filter(|end| is_place_and_date(source, at, *end) && is_checked(source, at, *end))
        .filter(|_| CUES.before(source, at, CUE_WINDOW) != Verdict::Against)
        .map(|end| Found { start: at, end, rule: "national_id.cn_resident", confidence: 0.97 });
    Look::maybe(found, run_end(source, at))
}

fn end_of(source: &Source<'_>, at: usize) -> Option<usize> {
    let run = run_end(source, at);
    let end = match run - at {
        BODY => source.byte(run).filter(|byte| matches!(byte, b'X' | b'x')).map(|_| run + 1)?,
        _ => Some(run).filter(|run| run - at == BODY + 1)?,
    };
    (is_free_left(source, at) && is_free_right(source, end)).then_some(end)
}

fn is_place_and_date(source: &Source<'_>, start: usize, end: usize) -> bool {
    let two = |place| digit(source, start, end, place) * 10 + digit(source, start, end, place + 1);
    // North to south, then the islands and the two cities.
    matches!(two(0), 11..=15 | 21..=23 | 31..=37 | 41..=46 | 50..=54 | 61..=65 | 71 | 81..=83)
        && matches!(two(6), 18..=20)
        && matches!(two(10), 1..=12)
        && matches!(two(12), 1..=31)
}

/// ISO 7064, MOD 11-2: each place counts twice as much as the next, and the whole is one more than a multiple of
/// eleven.
fn is_checked(source: &Source<'_>, start: usize, end: usize) -> bool {
    let ten = (values(source, start, end).count() == BODY).then_some(10);
    values(source, start, end).chain(ten).fold(0, |sum, value| (sum * 2 + value) % 11) == 1
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;

    #[test]
    fn numbers_that_check_are_found() {
        check("身份证号 ⟦11010519491231002X⟧，⟦440524188001010014⟧; id ⟦11010519491231002x⟧.");
        check("公民身份号码：⟦440524188001010014⟧");
        // A wrong check, no such place, no such month, a digit more, another number.
        check("440524188001010015 110105194912310021 990524188001010011 440524188013010011");
        check(
            "order 440524188001010014 4405241880010100140 1440524188001010014 id-440524188001010014",
        );
        check("11010519491231002XY 110105194912310020");
    }
}
