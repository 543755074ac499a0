//! Bytes as hexadecimal digits.

use std::fmt::Write as _;

pub(crate) fn of(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // A text takes every write.
        write!(text, "{byte:02x}").unwrap_or_default();
        text
    })
}
