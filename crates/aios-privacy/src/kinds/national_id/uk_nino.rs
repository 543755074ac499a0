//! The United Kingdom's national insurance number: two letters, six digits, a letter from A to D.
//! There is no checksum, but few pairs of letters are given out.

use super::{COMMON, cues};
use crate::context::{CUE_WINDOW, Cues, Verdict};
use crate::detector::{Anchors, Detector, Found, Letter, Look, Number};
use crate::digits::{Groups, is_free_left, is_free_right, run_end};
use crate::kind::PiiKind;
use crate::source::Source;

pub(crate) const DETECTOR: Detector = Detector::new(
    PiiKind::NationalId,
    &[Anchors::Numbers(Number::new(6, &[2, 3, 6]).after_letter(Letter::Maybe))],
    look,
);

static CUES: Cues = cues(&[&["nino", "ni", "insurance", "national"], COMMON]);

/// Pairs of allowed letters that are not given out (HMRC, NIM39110).
const WITHHELD: [&[u8; 2]; 7] = [b"BG", b"GB", b"KN", b"NK", b"NT", b"TN", b"ZZ"];

fn look(source: &Source<'_>, at: usize) -> Look {
    let found = span(source, at).filter(|(start, end)| {
        let is_capital = source.bytes()[*start].is_ascii_uppercase();
        match CUES.before(source, *start, CUE_WINDOW) {
            Verdict::For => true,
            Verdict::Silent => is_capital && source.bytes()[end - 1].is_ascii_uppercase(),
            Verdict::Against => false,
        }
    });
    let found = found.map(|(start, end)| Found {
        start,
        end,
        rule: "national_id.uk_nino",
        confidence: 0.88,
    });
    Look::maybe(found, run_end(source, at))
}

/// The number around its first digit: `AB123456C`, `AB 12 34 56 C` or with hyphens.
fn span(source: &Source<'_>, at: usize) -> Option<(usize, usize)> {
    let is_separator = |byte: u8| matches!(byte, b' ' | b'-');
    let letters = source.run_left(at, 1, is_separator);
    let start = letters.checked_sub(2)?;
    source.bytes().get(start..letters).filter(|pair| is_pair(pair))?;
    let digits = if run_end(source, at) == at + 6 {
        at + 6
    } else {
        let groups = Groups::read(source, at, is_separator);
        groups.end_of(&[2, 2, 2]).or_else(|| groups.end_of(&[3, 3]))?
    };
    let suffix = source.run_right(digits, 1, is_separator);
    let is_suffix = matches!(source.byte(suffix)?.to_ascii_uppercase(), b'A'..=b'D');
    let stands_alone = is_free_left(source, start) && is_free_right(source, suffix + 1);
    (is_suffix && stands_alone).then_some((start, suffix + 1))
}

fn is_pair(pair: &[u8]) -> bool {
    let &[first, second] = pair else { return false };
    let pair = [first.to_ascii_uppercase(), second.to_ascii_uppercase()];
    let is_used = |byte: u8| byte.is_ascii_uppercase() && !b"DFIQUV".contains(&byte);
    is_used(pair[0]) && is_used(pair[1]) && pair[1] != b'O' && !WITHHELD.contains(&&pair)
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
