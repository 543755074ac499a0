//! Keys, tokens and passwords, one family per file.
//!
//! Issuers' own prefixes are near certain; what has none is believed by the words around it. Random
//! text is told from placeholders by how many different characters it has, which needs no table of
//! frequencies.

mod airtable;
mod asana;
mod assigned;
mod authorization;
mod bare;
mod connection;
mod discord;
mod issued;
mod issuers;
mod jwt;
mod mailchimp;
mod option;
pub(crate) mod private_key;
mod refresh;
mod sign;
mod spoken;
mod telegram;
mod value;

pub(crate) use airtable::DETECTOR as AIRTABLE;
pub(crate) use asana::DETECTOR as ASANA;
pub(crate) use assigned::DETECTOR as ASSIGNED;
pub(crate) use authorization::DETECTOR as AUTHORIZATION;
pub(crate) use connection::DETECTOR as CONNECTION;
pub(crate) use discord::DETECTOR as DISCORD;
pub(crate) use issued::DETECTOR as ISSUED;
#[cfg(test)]
pub(crate) use issued::rules as issued_rules;
pub(crate) use jwt::DETECTOR as JWT;
pub(crate) use mailchimp::DETECTOR as MAILCHIMP;
pub(crate) use option::DETECTOR as OPTION;
pub(crate) use private_key::DETECTOR as PRIVATE_KEY;
pub(crate) use refresh::DETECTOR as REFRESH;
pub(crate) use telegram::DETECTOR as TELEGRAM;

use crate::source::Source;

/// Whether a token may begin at `at`: no letter, digit or joint before it.
fn is_free_left(source: &Source<'_>, at: usize) -> bool {
    match source.before(at) {
        // The letter of an escape such as `\n` in quoted text is no letter.
        Some(b'n' | b'r' | b't') => at.checked_sub(2).and_then(|i| source.byte(i)) == Some(b'\\'),
        byte => {
            !byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
        }
    }
}

fn is_base64_url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

/// As issuers write them.
fn is_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

/// Whether the bytes look drawn at random: `xxxxxxxx` and `your-key-here` do not.
fn is_random(bytes: &[u8]) -> bool {
    let has_digit = bytes.iter().any(u8::is_ascii_digit);
    let is_cased =
        bytes.iter().any(u8::is_ascii_lowercase) && bytes.iter().any(u8::is_ascii_uppercase);
    is_varied(bytes) && (has_digit || is_cased)
}

/// Whether a third of the bytes differ, of the first twenty or so.
fn is_varied(bytes: &[u8]) -> bool {
    let mut seen = [false; 256];
    bytes.iter().for_each(|byte| seen[usize::from(*byte)] = true);
    let n_distinct = seen.iter().filter(|seen| **seen).count();
    n_distinct >= bytes.len().min(20).div_ceil(3)
}

#[cfg(test)]
mod testing {
    use crate::kind::PiiKind;

    /// `n` letters and digits without meaning, so that no secret-shaped text stands in the source.
    pub(super) fn noise(n: usize) -> String {
        "a7Kq2Zx9Bv4Mn8Rt3Wy6Lc1Pd5".chars().cycle().take(n).collect()
    }

    pub(super) fn check(marked: &str) {
        crate::kinds::testing::check(PiiKind::Secret, marked);
    }
}
