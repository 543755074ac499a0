//! `Bearer …` (RFC 6750) and `Basic …` (RFC 7617) credentials.

use super::is_random;
use crate::base64;
use crate::detector::{Anchors, Detector, Found, Look};
use crate::kind::PiiKind;
use crate::source::Source;

pub(crate) const DETECTOR: Detector =
    Detector::new(PiiKind::Secret, &[Anchors::Words(&["bearer ", "basic "])], look);

const BEARER_MIN: usize = 16;
const BASIC_MIN: usize = 8;

fn look(source: &Source<'_>, at: usize) -> Look {
    let is_basic = source.has_word(at, "basic ");
    if !is_basic && !source.has_word(at, "bearer ") {
        return Look::nothing(at + 1);
    }
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
    let is_padded = token.len() >= BASIC_MIN && token.len().is_multiple_of(4);
    let text = if is_padded { base64::decode(token) } else { None };
    text.is_some_and(|text| text.contains(&b':') && text.iter().all(|byte| *byte >= b' '))
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
