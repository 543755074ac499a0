//! Tokens whose issuer gave them a prefix, a length and an alphabet.

use super::issuers::{ISSUERS, Issuer, SHORT};
use super::{is_free_left, is_random, is_varied};
use crate::detector::{Anchors, Detector, Found, Letter, Look, Number};
use crate::kind::PiiKind;
use crate::source::Source;

pub(crate) const DETECTOR: Detector = Detector::new(
    PiiKind::Secret,
    &[
        Anchors::Words(&WORDS),
        Anchors::Signs(is_ending),
        Anchors::Numbers(Number::new(1, &[]).after_letter(Letter::First)),
    ],
    look,
);

/// The rules of all issuers.
#[cfg(test)]
pub(crate) fn rules() -> impl Iterator<Item = &'static str> {
    ISSUERS.iter().chain(&SHORT).map(|issuer| issuer.rule)
}

/// Prefixes without a sign in them, to be found as words.
const WORDS: [&str; 15] = [
    "AKIA", "ASIA", "ABIA", "ACCA", "AIza", "ABSK", "LTAI", "AKID", "ATATT3", "ATCTT3", "ATBB",
    "dapi", "EAAA", "EZAK", "EZTK",
];

/// So far before its first digit a token begins, at most: three in a thousand have none in so many.
const HEAD_MAX: usize = 32;

/// Ends the keys in Amazon's manuals.
const EXAMPLE: &[u8] = b"EXAMPLE";

/// For the two letters before a sign, the issuers in whose prefix such letters stand before the
/// first sign, one bit each.
static ENDINGS: [u128; 1 << 10] = {
    let mut endings = [0; 1 << 10];
    let mut i = 0;
    while i < ISSUERS.len() {
        let prefix = ISSUERS[i].prefix.as_bytes();
        let n = head_len(prefix);
        if n < prefix.len() {
            endings[ending(prefix[n - 2], prefix[n - 1])] |= 1 << i;
        }
        i += 1;
    }
    endings
};

/// Whether some prefix has these letters before its first sign.
fn is_ending(last_but_one: u8, last: u8) -> bool {
    ENDINGS[ending(last_but_one, last)] != 0
}

const fn ending(last_but_one: u8, last: u8) -> usize {
    ((last_but_one & 31) as usize) << 5 | (last & 31) as usize
}

/// The length of a prefix up to its first sign.
const fn head_len(prefix: &[u8]) -> usize {
    let mut n = 0;
    while n < prefix.len() && prefix[n].is_ascii_alphanumeric() {
        n += 1;
    }
    n
}

fn look(source: &Source<'_>, at: usize) -> Look {
    let issuer = match source.byte(at) {
        Some(byte) if byte.is_ascii_digit() => issuer_before(source, at),
        Some(byte) if byte.is_ascii_alphabetic() => issuer_from(source, at),
        _ => issuer_around(source, at),
    };
    issuer.map_or_else(|| Look::nothing(at + 1), |(start, issuer)| token(source, start, issuer))
}

/// The issuer with a short prefix of whose token the first digit is at `at`.
fn issuer_before(source: &Source<'_>, at: usize) -> Option<(usize, &'static Issuer)> {
    let start = source.run_left(at, HEAD_MAX, |byte| byte.is_ascii_alphabetic());
    // The letter of an escape such as `\n` in quoted text is none of it.
    let start = start + usize::from(source.before(start) == Some(b'\\'));
    SHORT.iter().find(|issuer| source.has(start, issuer.prefix)).map(|issuer| (start, issuer))
}

/// The issuer whose prefix, one without a sign, begins at `at`.
fn issuer_from(source: &Source<'_>, at: usize) -> Option<(usize, &'static Issuer)> {
    ISSUERS.iter().find(|issuer| source.has(at, issuer.prefix)).map(|issuer| (at, issuer))
}

/// The issuer whose prefix has its first sign at `at`. Longer prefixes of one issuer stand before
/// shorter ones in the list.
fn issuer_around(source: &Source<'_>, at: usize) -> Option<(usize, &'static Issuer)> {
    let last_but_one = source.byte(at.checked_sub(2)?)?;
    let mut candidates = ENDINGS[ending(last_but_one, source.before(at)?)];
    while candidates != 0 {
        let issuer = &ISSUERS[candidates.trailing_zeros() as usize];
        candidates &= candidates - 1;
        let start = at.checked_sub(head_len(issuer.prefix.as_bytes()));
        if let Some(start) = start.filter(|start| source.has(*start, issuer.prefix)) {
            return Some((start, issuer));
        }
    }
    None
}

/// The token of `issuer` whose prefix begins at `at`.
fn token(source: &Source<'_>, at: usize, issuer: &Issuer) -> Look {
    let start = at + issuer.prefix.len();
    // A hook's scheme belongs to it, or the kind `url` would claim more of it.
    let scheme = if issuer.prefix.contains('/') { "https://" } else { "" };
    let at = at.checked_sub(scheme.len()).filter(|at| source.has_word(*at, scheme)).unwrap_or(at);
    if !is_free_left(source, at) {
        return Look::nothing(start);
    }
    let run = source.run_right(start, usize::MAX, issuer.alphabet);
    let end = source.run_left(run, run - start, |byte| matches!(byte, b'.' | b'-' | b'/'));
    let token = source.bytes().get(start..end).unwrap_or_default();
    let fits = (issuer.length.0..=issuer.length.1).contains(&token.len())
        && (is_random(token) || is_capital(token))
        && !source.byte(run).is_some_and(|byte| byte.is_ascii_alphanumeric())
        && !token.ends_with(EXAMPLE);
    let confidence = confidence(issuer, token);
    let found = fits.then_some(Found { start: at, end, rule: issuer.rule, confidence });
    Look::maybe(found, run)
}

/// GitHub's tokens end in their CRC-32 in base 62. One that does not may be made up, or cut from a
/// longer one; it is masked all the same.
fn confidence(issuer: &Issuer, token: &[u8]) -> f32 {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    match token.split_at_checked(30) {
        Some((body, check)) if issuer.rule == "secret.github" && check.len() == 6 => {
            let mut sum = crc32fast::hash(body) as usize;
            let is_right = check.iter().rev().all(|digit| {
                let expected = DIGITS[sum % DIGITS.len()];
                sum /= DIGITS.len();
                *digit == expected
            });
            if is_right { 0.99 } else { 0.9 }
        }
        _ => 0.98,
    }
}

/// Amazon's key ids are capitals and digits, one in thirty of them without a digit.
fn is_capital(token: &[u8]) -> bool {
    token.iter().all(u8::is_ascii_uppercase) && is_varied(token)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::secret::testing::{check, noise};

    #[test]
    fn every_issuers_token_is_found() {
        for issuer in ISSUERS.iter().chain(&SHORT) {
            let noise = noise(issuer.length.0);
            // In the issuer's own letters.
            let [upper, lower] = [noise.to_uppercase(), noise.to_lowercase()];
            let is_ours = |text: &&String| text.bytes().all(issuer.alphabet);
            let hex = "0123456789abcdef".chars().cycle().take(issuer.length.0).collect();
            let noise = [noise, upper, lower, hex].iter().find(is_ours).unwrap().clone();
            let token = format!("{}{noise}", issuer.prefix);
            check(&format!("use ⟦{token}⟧, please"));
            check(&format!("KEY=\"⟦{token}⟧\"\\n⟦{token}⟧."));
        }
    }

    #[test]
    fn a_github_tokens_checksum_makes_it_certain() {
        // Printed on a page of GitHub's and long revoked; put together here.
        let body = ["zQWBuTSOoRi4A9s", "pHcVY5ncnsDkxkJ"].concat();
        let confidence = |check: &str| {
            let text = format!("ghp_{body}{check}");
            crate::Redactor::default().scan(&text).first().map(|one| one.confidence)
        };
        assert_eq!(confidence("0mLq17"), Some(0.99));
        assert_eq!(confidence("0mLq18"), Some(0.9));
    }

    #[test]
    fn a_prefix_inside_a_word_or_before_a_placeholder_is_no_token() {
        let noise = noise(40);
        check(&format!("task-{noise} x_npm_{noise} GHP_{noise}"));
        check(&format!(
            "sk-{} sk-your-api-key-goes-right-here ghp_{}",
            "x".repeat(40),
            "*".repeat(36)
        ));
        check("AKIA7KQ2ZX9BEXAMPLE AKIA7KQ2ZX9BVEXAMPLE");
        check(
            "key-value keys, secret_name_of_something_that_is_long_enough_to_be_one, v1.0-rc1, pat-na1-x",
        );
        check("sk-learn SG.com hf_model npm_config_cache");
    }

    #[test]
    fn a_short_prefix_asks_for_just_its_letters_and_length() {
        let hex = |n: usize| "0a91f7c24be86d35".chars().cycle().take(n).collect::<String>();
        let token = hex(32);
        check(&format!(
            "TWILIO_ACCOUNT_SID=⟦AC{token}⟧ /Accounts/⟦AC{token}⟧/Calls \"⟦SKb{}⟧\"",
            hex(31)
        ));
        // Another length, other letters, in a word, in another case, or drawn by nobody.
        for other in [hex(31), hex(33), token.to_uppercase(), format!("{}g", hex(31))] {
            check(&format!("AC{other} SK{other}"));
        }
        check(&format!(
            "MAC{token} _SK{token} TASK{token} ac{token} sk{token} AC-{token} PN{token}"
        ));
        check(&format!("AC{} SK{} AC{}", "0".repeat(32), "x".repeat(32), "01".repeat(16)));
        check("SK3112000000198742637541 AC3112 SK1234567890 AC/DC1980 cio2024 precio100");
        let noise = noise(32);
        check(&format!("cargo login ⟦cio{noise}⟧ (crates.io)"));
        check(&format!(
            "ocio{noise} CIO{noise} cio{noise}a cio_{noise} cio{}",
            noise.split_at(1).1
        ));
        check(&format!("cio{} cio{}", "a1".repeat(16), "precious".repeat(4)));
    }
}
