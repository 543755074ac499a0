//! Base64 in both alphabets (RFC 4648), decoded only to see what a token holds.

/// The bytes that `text` stands for, padding left out. `None` if it is not base64.
pub(crate) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let end = text.iter().rposition(|byte| *byte != b'=').map_or(0, |last| last + 1);
    let text = text.split_at(end).0;
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    for quad in text.chunks(4) {
        let bits = quad.iter().try_fold(0u32, |bits, byte| Some(bits << 6 | sextet(*byte)?))?;
        // A lone sextet has no whole byte.
        let n = [0, 0, 1, 2, 3][quad.len()];
        let bits = bits << (6 * (4 - quad.len()));
        bytes.extend_from_slice(&bits.to_be_bytes()[1..=n]);
    }
    Some(bytes)
}

fn sextet(byte: u8) -> Option<u32> {
    Some(u32::from(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_alphabets_are_read_with_and_without_padding() {
        let text =
            |coded: &str| decode(coded.as_bytes()).map(|bytes| String::from_utf8(bytes).unwrap());
        assert_eq!(text("am86cHc=").as_deref(), Some("jo:pw"));
        assert_eq!(text("am86cHc").as_deref(), Some("jo:pw"));
        assert_eq!(decode(b"-_8").as_deref(), decode(b"+/8=").as_deref());
        assert_eq!(text("").as_deref(), Some(""));
        assert_eq!(text("a b"), None);
    }
}
