//! What the bytes of most messages are: one look at a table instead of many comparisons.

/// What an ASCII byte is, as bits. Other bytes are nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Class(u8);

impl Class {
    /// Part of a token.
    pub(crate) const WORD: Self = Self(1);
    /// A capital letter.
    pub(crate) const UPPER: Self = Self(1 << 1);
    /// Part of a token and a mathematical mark.
    pub(crate) const PLUS: Self = Self(1 << 2);
    /// Something that is counted, or begins something that is.
    pub(crate) const MARK: Self = Self(1 << 3);

    const TABLE: [Self; 256] = {
        let (mut table, mut byte) = ([Self(0); 256], 0_u8);
        while byte < 128 {
            table[byte as usize] = Self(match byte {
                b'a'..=b'z' | b'0'..=b'9' | b'\'' => Self::WORD.0,
                b'A'..=b'Z' => Self::WORD.0 | Self::UPPER.0,
                b'+' => Self::WORD.0 | Self::PLUS.0,
                b'=' | b'^' | b'*' | b'<' | b'>' | b'%' | b'$' | b'\\' | b'\n' | b'?' => {
                    Self::MARK.0
                }
                b'{' | b'}' | b'-' | b'`' | b'(' | b'#' => Self::MARK.0,
                _ => 0,
            });
            byte += 1;
        }
        table
    };

    pub(crate) fn of(byte: u8) -> Self {
        Self::TABLE[usize::from(byte)]
    }

    pub(crate) const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// Length of the word with which `bytes` begins, and what its bytes are.
pub(crate) fn word_length(bytes: &[u8]) -> (usize, Class) {
    let mut classes = Class(0);
    let ends = |byte: &u8| {
        let class = Class::of(*byte);
        classes.0 |= class.0;
        !class.has(Class::WORD)
    };
    let length = bytes.iter().position(ends).unwrap_or(bytes.len());
    (length, classes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_ends_where_its_bytes_do_and_tells_what_they_are() {
        let check = |text: &str, expect, upper, plus| {
            let (length, classes) = word_length(text.as_bytes());
            let found = (length, classes.has(Class::UPPER), classes.has(Class::PLUS));
            assert_eq!(found, (expect, upper, plus), "{text}");
        };
        check("don't stop", 5, false, false);
        check("C++", 3, true, true);
        check("caf\u{e9}", 3, false, false);
        check(" Up", 0, false, false);
        check("", 0, false, false);
    }
}
