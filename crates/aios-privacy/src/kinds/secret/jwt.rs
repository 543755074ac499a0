//! JSON Web Tokens (RFC 7519): base64url of `{"…`, a dot, and more. The signature may be missing, so
//! that a token that was cut is still one.

use super::{is_base64_url, is_free_left};
use crate::kind::PiiKind;
use crate::scanner::{Anchors, Detector, Found, Look};
use crate::source::Source;

pub(crate) const DETECTOR: Detector =
    Detector { kind: PiiKind::Secret, anchors: Anchors::Words(&["eyJ"]), look };

const SEGMENT_MIN: usize = 10;

fn look(source: &Source<'_>, at: usize) -> Look {
    if !source.has(at, "eyJ") {
        return Look::nothing(at + 1);
    }
    let run = source.run_right(at, usize::MAX, |byte| is_base64_url(byte) || byte == b'.');
    let end = source.run_left(run, run - at, |byte| byte == b'.');
    let token = source.bytes().get(at..end).unwrap_or_default();
    let mut segments = token.split(|byte| *byte == b'.');
    let is_long =
        |segment: Option<&[u8]>| segment.is_some_and(|segment| segment.len() >= SEGMENT_MIN);
    let fits = is_long(segments.next()) && is_long(segments.next()) && is_free_left(source, at);
    Look::maybe(fits.then_some(Found { start: at, end, rule: "secret.jwt", confidence: 0.97 }), run)
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
