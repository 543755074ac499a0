//! Marks of program text, counted from left to right without overlaps. Case matters.

/// The length of the mark with which `rest` begins. Those that are words are found by their end.
pub(crate) fn code_mark_length(rest: &[u8]) -> Option<usize> {
    match rest {
        [b'{' | b'}', ..] => Some(1),
        [b'=', b'=' | b'>', ..] | [b'-', b'>', ..] | [b'<', b'/', ..] => Some(2),
        [b'`', b'`', b'`', ..] | [b'(', b')', b';', ..] => Some(3),
        [b'#', ..] if rest.starts_with(b"#include") => Some(8),
        _ => None,
    }
}

/// Whether a word before a blank ends with one that opens program text.
pub(crate) fn ends_with_code_word(word: &[u8]) -> bool {
    match word {
        [.., b'f'] => word.ends_with(b"def"),
        [.., b't'] => word.ends_with(b"import"),
        [.., b'T'] => word.ends_with(b"SELECT"),
        _ => false,
    }
}
