//! Tokens of Discord's bots: the bot's number in base64, a time and a signature, parted by dots.

use super::{is_base64_url, is_free_left, is_varied};
use crate::base64;
use crate::detector::{Anchors, Detector, Found, Look};
use crate::kind::PiiKind;
use crate::source::Source;

pub(crate) const DETECTOR: Detector =
    Detector::new(PiiKind::Secret, &[Anchors::Before(b".", is_base64_url)], look);

/// Digits of base64 that seventeen to twenty digits of a number come to.
const NUMBER_MIN: usize = 23;
const NUMBER_MAX: usize = 27;
/// Between the dots.
const TIME: usize = 6;
const SIGNATURE_MIN: usize = 27;
const SIGNATURE_MAX: usize = 38;

/// Looks from the first dot: nearly every other dot in text is not followed by another at that place.
fn look(source: &Source<'_>, at: usize) -> Look {
    let second = at + 1 + TIME;
    if source.byte(second) != Some(b'.') {
        return Look::nothing(at + 1);
    }
    let time_end = source.run_right(at + 1, TIME + 1, is_base64_url);
    let start = source.run_left(at, NUMBER_MAX + 1, is_base64_url);
    let end = source.run_right(second + 1, SIGNATURE_MAX + 1, is_base64_url);
    let is_ours = time_end == second
        && (NUMBER_MIN..=NUMBER_MAX).contains(&(at - start))
        && (SIGNATURE_MIN..=SIGNATURE_MAX).contains(&(end - second - 1))
        && is_free_left(source, start)
        && is_number(source.bytes().get(start..at).unwrap_or_default())
        && is_varied(source.bytes().get(second + 1..end).unwrap_or_default());
    let found = is_ours.then_some(Found { start, end, rule: "secret.discord", confidence: 0.98 });
    Look::maybe(found, at + 1)
}

fn is_number(coded: &[u8]) -> bool {
    base64::decode(coded).is_some_and(|bytes| bytes.iter().all(u8::is_ascii_digit))
}

#[cfg(test)]
mod tests {
    use crate::kinds::secret::testing::{check, noise};

    #[test]
    fn tokens_of_bots_are_found() {
        // 124817120937910272, put together here.
        let number = ["MTI0ODE3MTIw", "OTM3OTEwMjcy"].concat();
        let (time, signature) = (noise(6), noise(27));
        check(&format!("DISCORD_TOKEN ⟦{number}.{time}.{signature}⟧ now"));
        check(&format!("bot(\"⟦{number}.{time}.{signature}⟧\")"));
        // Names of packages, and what is no number.
        let letters = noise(24);
        check(&format!("{letters}.{time}.{signature} com.exampl.util x.y {number}.{time}"));
    }
}
