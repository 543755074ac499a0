//! Bytes that are no UTF-8, kept through a redaction.
//!
//! Each becomes a character that stands for it, and that byte again at the end. The characters are of the
//! last plane of private use, in which hardly a text has any; where one has all the same, bytes that are no
//! text become question marks.

/// The first of 256 characters, one for each byte.
const FIRST: u32 = 0x0010_ff00;

/// Bytes as text.
pub(super) struct Stood {
    pub(super) text: String,
    /// Some characters stand for bytes.
    by_stand_ins: bool,
}

impl Stood {
    /// Text for these bytes.
    pub(super) fn of(bytes: Vec<u8>) -> Self {
        match String::from_utf8(bytes) {
            Ok(text) => Self { text, by_stand_ins: false },
            Err(error) => Self::with_stand_ins(error.as_bytes()),
        }
    }

    fn with_stand_ins(bytes: &[u8]) -> Self {
        let is_taken = |c| u32::from(c) >= FIRST;
        let by_stand_ins = !bytes.utf8_chunks().any(|part| part.valid().chars().any(is_taken));
        let stand_in = |byte: &u8| {
            char::from_u32(FIRST + u32::from(*byte)).filter(|_| by_stand_ins).unwrap_or('?')
        };
        let mut text = String::with_capacity(bytes.len());
        for part in bytes.utf8_chunks() {
            text.push_str(part.valid());
            text.extend(part.invalid().iter().map(stand_in));
        }
        Self { text, by_stand_ins }
    }

    /// The bytes of what this text has become.
    pub(super) fn bytes(&self, text: &str) -> Vec<u8> {
        if !self.by_stand_ins {
            return text.as_bytes().to_vec();
        }
        let mut bytes = Vec::with_capacity(text.len());
        for c in text.chars() {
            match u8::try_from(u32::from(c).wrapping_sub(FIRST)) {
                Ok(byte) => bytes.push(byte),
                Err(_) => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], expect: &[u8]) {
        let stood = Stood::of(bytes.to_vec());
        assert_eq!(stood.bytes(&stood.text), expect);
    }

    #[test]
    fn bytes_come_back_as_they_were() {
        for bytes in ["a", "ü 你 👩", "\u{10ffe9}"] {
            check(bytes.as_bytes(), bytes.as_bytes());
        }
        check(b"\xff\xfe\x80a\xc3", b"\xff\xfe\x80a\xc3");
        check(b"gr\xfc\xdfe jo@example.com", b"gr\xfc\xdfe jo@example.com");
        let taken = [b"\xff", "\u{10ffe9}".as_bytes()].concat();
        check(&taken, "?\u{10ffe9}".as_bytes());
    }
}
