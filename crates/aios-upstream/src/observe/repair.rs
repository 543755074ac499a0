//! JSON that other readers take and ours does not.
//!
//! JavaScript's strings are UTF-16, so a server written in it can cut a character in half and send
//! `\ud83d` alone. That is valid by the grammar and not a text. Clients show a replacement mark, and
//! so do we where we read such a body; what is passed on stays as it came.

const REPLACEMENT: &str = "\\ufffd";

/// The text of `json` with half characters, escaped or not, replaced by U+FFFD.
#[must_use]
pub fn repaired_json(json: &[u8]) -> String {
    let text = String::from_utf8_lossy(json);
    let mut repaired = String::with_capacity(text.len());
    let mut rest: &str = &text;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        repaired.push_str(before);
        let length = match (unit(escape), escape.get(6..).and_then(unit)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
            (Some(0xd800..=0xdfff), _) => {
                repaired.push_str(REPLACEMENT);
                rest = escape.get(6..).unwrap_or_default();
                continue;
            }
            (Some(_), _) => 6,
            // Whatever follows the backslash belongs to it, above all another one.
            (None, _) => 1 + escape.chars().nth(1).map_or(0, char::len_utf8),
        };
        repaired.push_str(escape.get(..length).unwrap_or(escape));
        rest = escape.get(length..).unwrap_or_default();
    }
    repaired.push_str(rest);
    repaired
}

/// The UTF-16 unit of the escape with which `text` begins.
fn unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    digits.bytes().all(|b| b.is_ascii_hexdigit()).then(|| u16::from_str_radix(digits, 16).ok())?
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(json: &[u8], expect: &str) {
        let repaired = repaired_json(json);
        assert_eq!(serde_json::from_str::<String>(&repaired).unwrap(), expect);
    }

    #[test]
    fn half_characters_are_replaced() {
        check(br#""a\ud83d""#, "a\u{fffd}");
        check(br#""\ude00b""#, "\u{fffd}b");
        check(br#""\ud83d\ud83d\ude00""#, "\u{fffd}\u{1f600}");
        check(b"\"a\xf0\x9f\"", "a\u{fffd}");
    }

    #[test]
    fn what_is_whole_stays() {
        check(br#""\ud83d\ude00\n\u00e9\\ud83d""#, "\u{1f600}\n\u{e9}\\ud83d");
    }

    proptest! {
        #[test]
        fn valid_json_means_the_same_afterwards(text: String) {
            let json = serde_json::to_string(&text).unwrap();
            check(json.as_bytes(), &text);
        }

        #[test]
        fn nothing_makes_it_panic(json: Vec<u8>) {
            drop(repaired_json(&json));
        }
    }
}
