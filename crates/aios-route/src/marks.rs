//! Marks of program text.

/// Marks of program text, counted from left to right without overlaps.
pub(crate) fn count_code_marks(bytes: &[u8]) -> u32 {
    let (mut n, mut resume) = (0, 0);
    for (at, byte) in bytes.iter().enumerate() {
        if STARTS_CODE_MARK[usize::from(*byte)]
            && at >= resume
            && let Some(length) = bytes.get(at..).and_then(code_mark_length)
        {
            n += 1;
            resume = at + length;
        }
    }
    n
}

/// Bytes with which [`code_mark_length`] finds anything.
const STARTS_CODE_MARK: [bool; 256] = {
    let (starts, mut table, mut at) = (b"{}=-<`(diS#", [false; 256], 0);
    while at < starts.len() {
        table[starts[at] as usize] = true;
        at += 1;
    }
    table
};

/// The length of the mark of program text with which `rest` begins. Case matters.
fn code_mark_length(rest: &[u8]) -> Option<usize> {
    match rest {
        [b'{' | b'}', ..] => Some(1),
        [b'=', b'=' | b'>', ..] | [b'-', b'>', ..] | [b'<', b'/', ..] => Some(2),
        [b'`', b'`', b'`', ..] | [b'(', b')', b';', ..] => Some(3),
        [b'd', ..] if rest.starts_with(b"def ") => Some(4),
        [b'i', ..] if rest.starts_with(b"import ") => Some(7),
        [b'S', ..] if rest.starts_with(b"SELECT ") => Some(7),
        [b'#', ..] if rest.starts_with(b"#include") => Some(8),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mark_begins_with_a_byte_that_is_looked_at() {
        let marks = [
            "{", "}", "==", "=>", "->", "</", "```", "();", "def ", "import ", "SELECT ",
            "#include",
        ];
        for mark in marks {
            assert_eq!(count_code_marks(mark.as_bytes()), 1, "{mark}");
            assert_eq!(count_code_marks(format!("a {mark} b {mark}").as_bytes()), 2, "{mark}");
        }
        assert_eq!(count_code_marks(b"====="), 2, "marks do not overlap");
        assert_eq!(count_code_marks(b"define (important) # - <"), 0);
    }
}
