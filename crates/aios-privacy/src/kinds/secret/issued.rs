//! Tokens whose issuer gave them a prefix, a length and an alphabet.

use super::{is_base64_url, is_free_left, is_random, is_varied};
use crate::detector::{Anchors, Detector, Found, Look};
use crate::kind::PiiKind;
use crate::source::Source;

pub(crate) const DETECTOR: Detector =
    Detector::new(PiiKind::Secret, &[Anchors::Words(&WORDS), Anchors::Bytes(b"-_.")], look);

/// What an issuer's tokens look like after the prefix.
struct Issuer {
    prefix: &'static str,
    rule: &'static str,
    /// Bytes after the prefix, at least and at most.
    length: (usize, usize),
    alphabet: fn(u8) -> bool,
}

const ANY: usize = usize::MAX;

const ISSUERS: [Issuer; 51] = [
    issuer("AKIA", "secret.aws", (16, 16), is_upper),
    issuer("ASIA", "secret.aws", (16, 16), is_upper),
    issuer("ABIA", "secret.aws", (16, 16), is_upper),
    issuer("ACCA", "secret.aws", (16, 16), is_upper),
    issuer("ghp_", "secret.github", (36, ANY), is_alphanumeric),
    issuer("gho_", "secret.github", (36, ANY), is_alphanumeric),
    issuer("ghu_", "secret.github", (36, ANY), is_alphanumeric),
    issuer("ghs_", "secret.github", (36, ANY), is_alphanumeric),
    issuer("ghr_", "secret.github", (36, ANY), is_alphanumeric),
    issuer("github_pat_", "secret.github", (40, ANY), is_base64_url),
    issuer("glpat-", "secret.gitlab", (20, ANY), is_dotted),
    issuer("gldt-", "secret.gitlab", (20, ANY), is_dotted),
    issuer("glrt-", "secret.gitlab", (20, ANY), is_dotted),
    issuer("glptt-", "secret.gitlab", (20, ANY), is_dotted),
    issuer("glcbt-", "secret.gitlab", (20, ANY), is_dotted),
    issuer("gloas-", "secret.gitlab", (20, ANY), is_dotted),
    issuer("sk-ant-", "secret.anthropic", (20, ANY), is_base64_url),
    issuer("sk-or-", "secret.openrouter", (20, ANY), is_base64_url),
    issuer("sk-", "secret.openai", (20, ANY), is_base64_url),
    issuer("gsk_", "secret.groq", (20, ANY), is_base64_url),
    issuer("xai-", "secret.xai", (40, ANY), is_base64_url),
    issuer("pplx-", "secret.perplexity", (32, ANY), is_base64_url),
    issuer("r8_", "secret.replicate", (32, ANY), is_base64_url),
    issuer("xoxb-", "secret.slack", (16, ANY), is_base64_url),
    issuer("xoxp-", "secret.slack", (16, ANY), is_base64_url),
    issuer("xoxa-", "secret.slack", (16, ANY), is_base64_url),
    issuer("xoxr-", "secret.slack", (16, ANY), is_base64_url),
    issuer("xoxs-", "secret.slack", (16, ANY), is_base64_url),
    issuer("xoxe-", "secret.slack", (16, ANY), is_base64_url),
    issuer("xoxe.xoxp-", "secret.slack", (16, ANY), is_base64_url),
    issuer("xapp-", "secret.slack", (16, ANY), is_base64_url),
    issuer("hooks.slack.com/services/", "secret.slack_webhook", (20, ANY), is_path),
    issuer("sk_live_", "secret.stripe", (16, ANY), is_alphanumeric),
    issuer("sk_test_", "secret.stripe", (16, ANY), is_alphanumeric),
    issuer("rk_live_", "secret.stripe", (16, ANY), is_alphanumeric),
    issuer("rk_test_", "secret.stripe", (16, ANY), is_alphanumeric),
    issuer("whsec_", "secret.stripe", (24, ANY), is_base64),
    issuer("AIza", "secret.google", (35, ANY), is_base64_url),
    issuer("GOCSPX-", "secret.google", (24, ANY), is_base64_url),
    issuer("ya29.", "secret.google", (20, ANY), is_dotted),
    issuer("npm_", "secret.npm", (36, ANY), is_alphanumeric),
    issuer("hf_", "secret.hf", (30, ANY), is_alphanumeric),
    issuer("SG.", "secret.sendgrid", (40, ANY), is_dotted),
    issuer("pypi-", "secret.pypi", (50, ANY), is_base64_url),
    issuer("dop_v1_", "secret.digitalocean", (64, 64), is_alphanumeric),
    issuer("shpat_", "secret.shopify", (32, ANY), is_alphanumeric),
    issuer("shpss_", "secret.shopify", (32, ANY), is_alphanumeric),
    issuer("dckr_pat_", "secret.docker", (20, ANY), is_base64_url),
    issuer("lin_api_", "secret.linear", (32, ANY), is_alphanumeric),
    issuer("hvs.", "secret.vault", (24, ANY), is_base64_url),
    issuer("sq0atp-", "secret.square", (20, ANY), is_base64_url),
];

/// The rules of all issuers.
#[cfg(test)]
pub(crate) fn rules() -> impl Iterator<Item = &'static str> {
    ISSUERS.iter().map(|issuer| issuer.rule)
}

/// Prefixes without a sign in them, to be found as words.
const WORDS: [&str; 5] = ["AKIA", "ASIA", "ABIA", "ACCA", "AIza"];

/// For the two letters before a sign, the issuers in whose prefix such letters stand before the
/// first sign, one bit each. At a sign in prose, this one look-up decides that it joins no key.
static ENDINGS: [u64; 1 << 10] = {
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

const fn issuer(
    prefix: &'static str,
    rule: &'static str,
    length: (usize, usize),
    alphabet: fn(u8) -> bool,
) -> Issuer {
    Issuer { prefix, rule, length, alphabet }
}

fn look(source: &Source<'_>, at: usize) -> Look {
    let is_word = source.byte(at).is_some_and(|byte| byte.is_ascii_alphabetic());
    let issuer = if is_word { issuer_from(source, at) } else { issuer_around(source, at) };
    issuer.map_or_else(|| Look::nothing(at + 1), |(start, issuer)| token(source, start, issuer))
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
    let scheme = if issuer.rule == "secret.slack_webhook" { "https://" } else { "" };
    let at = at.checked_sub(scheme.len()).filter(|at| source.has_word(*at, scheme)).unwrap_or(at);
    if !is_free_left(source, at) {
        return Look::nothing(start);
    }
    let run = source.run_right(start, usize::MAX, issuer.alphabet);
    let end = source.run_left(run, run - start, |byte| matches!(byte, b'.' | b'-' | b'/'));
    let token = source.bytes().get(start..end).unwrap_or_default();
    let fits = (issuer.length.0..=issuer.length.1).contains(&token.len())
        && (is_random(token) || is_capital(token));
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

fn is_upper(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit()
}

fn is_alphanumeric(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
}

fn is_dotted(byte: u8) -> bool {
    is_base64_url(byte) || byte == b'.'
}

fn is_path(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'/'
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::secret::testing::{check, noise};

    #[test]
    fn every_issuers_token_is_found() {
        for issuer in &ISSUERS {
            let noise = noise(issuer.length.0);
            let token = format!(
                "{}{}",
                issuer.prefix,
                if issuer.rule == "secret.aws" { noise.to_uppercase() } else { noise }
            );
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
        check("sk-learn SG.com hf_model npm_config_cache");
    }
}
