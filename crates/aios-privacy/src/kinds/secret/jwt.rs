//! JSON Web Tokens (RFC 7519): base64url of `{"…`, a dot, and more. The signature may be missing, so
//! that a token that was cut is still one.
//!
//! The header must decode to the text of a JSON object, or the second part begin like one as well.

use super::{is_base64_url, is_free_left};
use crate::base64;
use crate::detector::{Anchors, Detector, Found, Look};
use crate::kind::PiiKind;
use crate::source::Source;

/// `{"` and the first letter of `alg`, `typ`, `kid`, `enc`, `cty` or `crit`, `x5t` or `zip`; or the
/// second part, whatever the header begins with.
const WORDS: [&str; 8] = ["eyJh", "eyJ0", "eyJr", "eyJl", "eyJj", "eyJ4", "eyJ6", ".eyJ"];

pub(crate) const DETECTOR: Detector =
    Detector::new(PiiKind::Secret, &[Anchors::Words(&WORDS)], look);

const SEGMENT_MIN: usize = 10;
/// The longest header that is looked for before a second part.
const HEADER_MAX: usize = 1024;

fn look(source: &Source<'_>, at: usize) -> Look {
    let start = match source.byte(at) {
        Some(b'.') => source.run_left(at, HEADER_MAX, is_base64_url),
        _ => at,
    };
    if !source.has(start, "eyJ") || !is_free_left(source, start) {
        return Look::nothing(at + 1);
    }
    let run = source.run_right(start, usize::MAX, |byte| is_base64_url(byte) || byte == b'.');
    let end = source.run_left(run, run - start, |byte| byte == b'.');
    let token = source.bytes().get(start..end).unwrap_or_default();
    let found =
        is_token(token).then_some(Found { start, end, rule: "secret.jwt", confidence: 0.97 });
    Look::maybe(found, run)
}

fn is_token(token: &[u8]) -> bool {
    let mut segments = token.split(|byte| *byte == b'.');
    let (Some(header), Some(body)) = (segments.next(), segments.next()) else { return false };
    header.len() >= SEGMENT_MIN
        && body.len() >= SEGMENT_MIN
        && (body.starts_with(b"eyJ") || is_object(header))
}

/// Whether base64url gives printable text in braces.
fn is_object(header: &[u8]) -> bool {
    let text = base64::decode(header);
    text.is_some_and(|text| {
        text.ends_with(b"}") && text.iter().all(|byte| (b' '..0x7f).contains(byte))
    })
}

#[cfg(test)]
mod tests {
    use crate::kinds::secret::testing::{check, noise};

    #[test]
    fn tokens_are_found_whole_and_cut() {
        let token = format!("eyJ{}.eyJ{}.{}", noise(20), noise(60), noise(43));
        check(&format!("jwt ⟦{token}⟧."));
        check(&format!("{{\"t\":\"⟦eyJ{}.eyJ{}⟧\"}}", noise(20), noise(30)));
    }

    #[test]
    fn one_segment_is_data_not_a_token() {
        check(&format!("eyJ{} and eyJhbGci.x and monkeyJ{}.{}", noise(40), noise(20), noise(20)));
    }
}
