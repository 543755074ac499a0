//! Asana's tokens: a version, the number of whom they are given to, a colon and 32 hexadecimal digits.

use super::{is_free_left, is_hex, is_varied};
use crate::detector::{Anchors, Detector, Found, Look, Number};
use crate::digits::run_end;
use crate::kind::PiiKind;
use crate::source::Source;

/// Looks from a number as long as theirs: those of a version are all over dates and fractions.
pub(crate) const DETECTOR: Detector = Detector::new(
    PiiKind::Secret,
    &[Anchors::Numbers(Number::new(12, &[12, 13, 14, 15, 16, 17, 18, 19]))],
    look,
);

const NUMBER_MIN: usize = 12;
const NUMBER_MAX: usize = 19;
const SECRET: usize = 32;

fn look(source: &Source<'_>, at: usize) -> Look {
    let end = run_end(source, at);
    let found = start(source, at).and_then(|(start, is_second)| {
        // The second version has the number of the token, too.
        let colon = if is_second { number_end(source, end)? } else { end };
        let end = secret_end(source, colon)?;
        Some(Found { start, end, rule: "secret.asana", confidence: 0.98 })
    });
    Look::maybe(found, end)
}

/// Where the version before a number is, and whether it is the second.
fn start(source: &Source<'_>, at: usize) -> Option<(usize, bool)> {
    let start = at.checked_sub("1/".len())?;
    let is_second = source.has(start, "2/");
    ((is_second || source.has(start, "1/")) && is_free_left(source, start))
        .then_some((start, is_second))
}

/// Where the number behind a slash at `at` ends.
fn number_end(source: &Source<'_>, at: usize) -> Option<usize> {
    let start = Some(at + 1).filter(|_| source.has(at, "/"))?;
    let end = source.run_right(start, NUMBER_MAX + 1, |byte| byte.is_ascii_digit());
    (NUMBER_MIN..=NUMBER_MAX).contains(&(end - start)).then_some(end)
}

/// Where the digits behind a colon at `at` end.
fn secret_end(source: &Source<'_>, at: usize) -> Option<usize> {
    let start = Some(at + 1).filter(|_| source.has(at, ":"))?;
    let end = source.run_right(start, SECRET + 1, is_hex);
    let is_ours = end - start == SECRET
        && !source.byte(end).is_some_and(|byte| byte.is_ascii_alphanumeric())
        && is_varied(source.bytes().get(start..end).unwrap_or_default());
    is_ours.then_some(end)
}

#[cfg(test)]
mod tests {
    use crate::kinds::secret::testing::check;

    #[test]
    fn tokens_of_both_versions_are_found() {
        let (one, two) = ("1201234567890", "1207654321098765");
        let secret = "0a91f7c24be86d35".repeat(2);
        check(&format!("asana token ⟦1/{one}:{secret}⟧, please"));
        check(&format!("Authorization: ⟦2/{one}/{two}:{secret}⟧\n\"⟦1/{two}:{secret}⟧\""));
    }

    #[test]
    fn numbers_paths_and_fractions_are_none() {
        let (one, two) = ("1201234567890", "1207654321098765");
        let secret = "0a91f7c24be86d35".repeat(2);
        check(&format!("1/{one} 1/{one}: 1/{one}:{} 1/{one}:{secret}0", secret.split_at(1).1));
        check(&format!("2/{one}:{secret} 1/{one}/{two}:{secret} 2/{one}/77:{secret}"));
        check(&format!("11/{one}:{secret} v1/{one}:{secret} 3/{one}:{secret} 1-{one}:{secret}"));
        check(&format!("1/12345678901:{secret} 1/12345678901234567890:{secret}"));
        check(&format!("1/{one}:{} 1/{one}:{}", secret.to_uppercase(), "0".repeat(32)));
        check("https://app.asana.com/0/1201234567890/1207654321098765 on 1/2/2024, 1/2:30");
    }
}
