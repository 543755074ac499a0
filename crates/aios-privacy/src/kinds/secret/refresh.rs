//! Refresh tokens of Google's OAuth: `1//0` and a hundred characters, or a few dozen.

use super::{is_base64_url, is_free_left, is_varied};
use crate::detector::{Anchors, Detector, Found, Look, Number};
use crate::kind::PiiKind;
use crate::source::Source;

pub(crate) const DETECTOR: Detector =
    Detector::new(PiiKind::Secret, &[Anchors::Numbers(Number::new(1, &[1]).begins(b"1"))], look);

const PREFIX: &str = "1//0";
/// After the prefix.
const LENGTH_MIN: usize = 40;

fn look(source: &Source<'_>, at: usize) -> Look {
    if !source.has(at, PREFIX) {
        return Look::nothing(at + 1);
    }
    let start = at + PREFIX.len();
    let end = source.run_right(start, usize::MAX, is_base64_url);
    let token = source.bytes().get(start..end).unwrap_or_default();
    let is_ours = token.len() >= LENGTH_MIN && is_free_left(source, at) && is_mixed(token);
    let found =
        is_ours.then_some(Found { start: at, end, rule: "secret.google", confidence: 0.97 });
    Look::maybe(found, end)
}

/// Two signs after a number are a division in code and an empty name in a path, so what follows has to be of both cases,
/// and of digits. Names made of words are not.
fn is_mixed(token: &[u8]) -> bool {
    is_varied(token)
        && token.iter().any(u8::is_ascii_uppercase)
        && token.iter().any(u8::is_ascii_lowercase)
        && token.iter().any(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use crate::kinds::secret::testing::{check, noise};

    #[test]
    fn tokens_are_found() {
        let token = format!("4{}-L9Ir{}_{}", noise(20), noise(40), noise(12));
        check(&format!("{{\"refresh_token\": \"⟦1//0{token}⟧\"}} then ⟦1//0{token}⟧."));
        check(&format!("GOOGLE_REFRESH=⟦1//0{}⟧\n", noise(43)));
    }

    #[test]
    fn divisions_and_paths_are_none() {
        let noise = noise(43);
        check(&format!("1//0 1//0x10 a = 1//0.5 1//{noise} 1//0{}", noise.split_at(5).1));
        check(&format!("11//0{noise} v1//0{noise} x_1//0{noise} 1/0{noise} 1///0{noise}"));
        check(&format!("1//0{} 1//0{}", noise.to_lowercase(), noise.to_uppercase()));
        check(
            "1//0-how-to-divide-by-zero-in-forty-languages-and-more https://a.example/1//0/index",
        );
        check(&format!("1//0{} 1//0{}", "x".repeat(60), "Ab1".repeat(20)));
    }
}
