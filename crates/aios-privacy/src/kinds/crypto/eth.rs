//! Ethereum: `0x` and forty hexadecimal digits. A transaction has sixty-four, so the length must fit.

use super::{is_free_left, joins};
use crate::detector::{Anchors, Detector, Found, Look, Number};
use crate::digits::run_end;
use crate::kind::PiiKind;
use crate::source::Source;

pub(crate) const DETECTOR: Detector =
    Detector::new(PiiKind::Crypto, &[Anchors::Numbers(Number::new(1, &[1]).before_letter())], look);

const LENGTH: usize = 40;
/// Fewer different digits stand in the zero address, the burn address and fillers.
const VARIETY_MIN: usize = 6;

fn look(source: &Source<'_>, at: usize) -> Look {
    if source.byte(at + 1) != Some(b'x') || source.byte(at) != Some(b'0') {
        return Look::nothing(run_end(source, at));
    }
    let start = at + "0x".len();
    let end = source.run_right(start, usize::MAX, |byte| byte.is_ascii_hexdigit());
    let digits = source.bytes().get(start..end).unwrap_or_default();
    let is_ours = digits.len() == LENGTH
        && is_free_left(source, at)
        && !joins(source.byte(end))
        && n_distinct(digits) >= VARIETY_MIN;
    let found = is_ours.then_some(Found { start: at, end, rule: "crypto.eth", confidence: 0.93 });
    Look::maybe(found, end)
}

fn n_distinct(digits: &[u8]) -> usize {
    let seen = digits.iter().fold(0u128, |seen, digit| seen | 1 << (digit & 0x7f));
    seen.count_ones() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forty_digits_are_an_address() {
        let check = |marked: &str| crate::kinds::testing::check(PiiKind::Crypto, marked);
        let digits = "52908400098527886e0f7030069857d2e4169ee7";
        check(&format!("send to ⟦0x{digits}⟧, or \"⟦0x{}⟧\"", digits.to_uppercase()));
        check(&format!(
            "tx 0x{digits}{} {digits} a0x{digits} 0x{}",
            "a1".repeat(12),
            "0".repeat(40)
        ));
    }
}
