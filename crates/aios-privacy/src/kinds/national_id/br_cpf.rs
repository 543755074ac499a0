//! Brazil's CPF: eleven digits, the last two of which check the others.

use super::{COMMON, Written, cues, digit, is_uniform, read, weighted};
use crate::context::{CUE_WINDOW, Cues, Verdict};
use crate::detector::{Anchors, Detector, Found, Look, Number};
use crate::digits::{counts_something, is_free_left, is_free_right, run_end};
use crate::kind::PiiKind;
use crate::source::Source;

pub(crate) const DETECTOR: Detector =
    Detector::new(PiiKind::NationalId, &[Anchors::Numbers(Number::new(11, &[3, 11]))], look);

static CUES: Cues = cues(&[&["cpf", "cadastro", "contribuinte"], COMMON]);

fn look(source: &Source<'_>, at: usize) -> Look {
    let found = printed(source, at)
        .or_else(|| read(source, at, &[11], b""))
        .filter(|(_, end)| is_checked(source, at, *end))
        .filter(|_| CUES.before(source, at, CUE_WINDOW) != Verdict::Against)
        .filter(|(_, end)| !counts_something(source, *end) && source.before(at) != Some(b'-'))
        .map(|(written, end)| Found {
            start: at,
            end,
            rule: "national_id.br_cpf",
            confidence: if written == Written::Grouped { 0.98 } else { 0.85 },
        });
    Look::maybe(found, run_end(source, at))
}

/// `123.456.789-09`, as it is printed: the last separator is not like the others.
fn printed(source: &Source<'_>, at: usize) -> Option<(Written, usize)> {
    const SHAPE: &[u8; 14] = b"000.000.000-00";
    let text = source.bytes().get(at..at + SHAPE.len())?;
    let fits = |(byte, shape): (&u8, &u8)| match shape {
        b'0' => byte.is_ascii_digit(),
        sign => byte == sign,
    };
    let end = at + SHAPE.len();
    let fits = text.iter().zip(SHAPE).all(fits);
    (fits && is_free_left(source, at) && is_free_right(source, end))
        .then_some((Written::Grouped, end))
}

fn is_checked(source: &Source<'_>, start: usize, end: usize) -> bool {
    let check = |sum: u32| sum * 10 % 11 % 10;
    let first = check(weighted(source, start, end, &[10, 9, 8, 7, 6, 5, 4, 3, 2]));
    let second = check(weighted(source, start, end, &[11, 10, 9, 8, 7, 6, 5, 4, 3, 2]));
    !is_uniform(source, start, end)
        && digit(source, start, end, 9) == first
        && digit(source, start, end, 10) == second
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;

    #[test]
    fn numbers_that_check_are_found() {
        check("CPF ⟦529.982.247-25⟧, ou ⟦52998224725⟧.");
        check("111.444.777-36 order 52998224725 111.111.111-11 529.982.247-250 1.529.982.247-25");
    }
}
