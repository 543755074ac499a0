//! `Bearer …` (RFC 6750) and `Basic …` (RFC 7617) credentials.

use super::is_random;
use crate::kind::PiiKind;
use crate::scanner::{Anchors, Detector, Found, Look};
use crate::source::Source;

pub(crate) const DETECTOR: Detector =
    Detector { kind: PiiKind::Secret, anchors: Anchors::Words(&["bearer ", "basic "]), look };

const BEARER_MIN: usize = 16;
const BASIC_MIN: usize = 8;

fn look(source: &Source<'_>, at: usize) -> Look {
    let is_basic = source.has_word(at, "basic ");
    let word_end = at + if is_basic { "basic ".len() } else { "bearer ".len() };
    let start = source.run_right(word_end, 4, |byte| byte == b' ');
    let run = source.run_right(start, usize::MAX, is_token);
    let end = source.run_left(run, run - start, |byte| matches!(byte, b'.' | b'-' | b'~'));
    let token = source.bytes().get(start..end).unwrap_or_default();
    let rule = if is_basic {
        is_user_and_password(token).then_some("secret.basic")
    } else {
        (token.len() >= BEARER_MIN && is_random(token)).then_some("secret.bearer")
    };
    let is_free = !source.before(at).is_some_and(|byte| byte.is_ascii_alphanumeric());
    let found = rule.filter(|_| is_free).map(|rule| Found { start, end, rule, confidence: 0.93 });
    Look::maybe(found, run)
}

/// The `token68` of RFC 9110.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/' | b'=')
}

/// Whether the token is base64 of printable text with a colon in it.
fn is_user_and_password(token: &[u8]) -> bool {
    if token.len() < BASIC_MIN || !token.len().is_multiple_of(4) {
        return false;
    }
    let mut has_colon = false;
    for quad in token.chunks_exact(4) {
        let Some(bits) = quad.iter().try_fold(0u32, |bits, byte| Some(bits << 6 | sextet(*byte)?))
        else {
            return false;
        };
        let [_, decoded @ ..] = bits.to_be_bytes();
        has_colon |= decoded.contains(&b':');
        // Padding decodes to zeros; other controls mean that this is a word that looks like base64.
        if decoded.iter().any(|byte| (1..0x20).contains(byte)) {
            return false;
        }
    }
    has_colon
}

fn sextet(byte: u8) -> Option<u32> {
    Some(u32::from(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        b'=' => 0,
        _ => return None,
    }))
}

#[cfg(test)]
mod tests {
    use crate::kinds::secret::testing::{check, noise};

    #[test]
    fn credentials_are_found() {
        check(&format!("Authorization: Bearer ⟦{}⟧", noise(32)));
        check(&format!("-H 'authorization: bearer ⟦{}.{}⟧'", noise(12), noise(12)));
        // Base64 of `aladdin:opensesame`.
        check(&format!("Authorization: Basic ⟦{}⟧", ["YWxhZGRpbjpv", "cGVuc2VzYW1l"].concat()));
    }

    #[test]
    fn prose_is_not() {
        check(
            "the bearer of understandings, basic understanding, Basic research0 and forbearer abcdefghijkl12345678",
        );
    }
}
