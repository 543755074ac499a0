//! Signs that are spelled out to hide an address from harvesters: `[at]`, `(dot)`, ` dot `.

use super::Form;

/// How forms begin, between brackets perhaps with a blank. One of them on a line is enough, so the
/// rarer brackets need not be looked for where `at` and `dot` come together.
pub(super) const WORDS: &[&str] = &["[at]", "(at)", "{at}", "<at>", "[ at", "[dot", "(dot", " dot"];

/// Words after which " at " is no sign: `look at example dot com`.
const NOT_NAMES: [&str; 28] = [
    "look",
    "looking",
    "us",
    "me",
    "is",
    "are",
    "was",
    "be",
    "you",
    "it",
    "meet",
    "visit",
    "them",
    "him",
    "her",
    "found",
    "find",
    "available",
    "arrive",
    "stay",
    "work",
    "works",
    "see",
    "live",
    "hosted",
    "online",
    "site",
    "here",
];

/// The longest domain label between " at " and " dot ".
const LABEL_MAX: usize = 63;

/// The form at `at`, blanks around it included, if words stand on both sides.
pub(super) fn read(line: &str, at: usize) -> Option<Form> {
    let bytes = line.as_bytes();
    let begins =
        |byte: &u8| matches!(byte, b'a' | b'A' | b'd' | b'D' | b' ' | b'[' | b'(' | b'{' | b'<');
    // Most blanks of prose come before another word.
    if bytes.get(at) == Some(&b' ') && !bytes.get(at + 1).is_some_and(begins) {
        return None;
    }
    let blanks = bytes.get(at..)?.iter().take(2).take_while(|byte| **byte == b' ').count();
    let is_after_word = at.checked_sub(1).is_some_and(|i| is_word(bytes[i]));
    if !is_after_word {
        return None;
    }
    let (sign, end) = match bytes.get(at + blanks)? {
        b'[' => bracketed(bytes, at + blanks, b']')?,
        b'(' => bracketed(bytes, at + blanks, b')')?,
        b'{' => bracketed(bytes, at + blanks, b'}')?,
        b'<' => bracketed(bytes, at + blanks, b'>')?,
        _ if blanks == 1 => spoken(line, at)?,
        _ => return None,
    };
    let is_before_word = bytes.get(end).is_some_and(|byte| is_word(*byte))
        || (sign == ':' && bytes.get(end..).is_some_and(|rest| rest.starts_with(b"//")));
    is_before_word.then_some(Form { stands_for: Some(sign), len: end - at })
}

/// `[at]`, `( dot )`, `[.]`; tells the sign and where it ends, blanks after it included.
fn bracketed(bytes: &[u8], at: usize, closer: u8) -> Option<(char, usize)> {
    let word = at + 1 + n_blanks(bytes, at + 1);
    let (sign, end) = sign_at(bytes, word)?;
    let close = end + n_blanks(bytes, end);
    (bytes.get(close) == Some(&closer)).then(|| (sign, close + 1 + n_blanks(bytes, close + 1)))
}

/// ` dot ` between words, or ` at ` before a word and ` dot `.
fn spoken(line: &str, at: usize) -> Option<(char, usize)> {
    let bytes = line.as_bytes();
    let (sign, end) = sign_at(bytes, at + 1)?;
    if bytes.get(end) != Some(&b' ') || bytes[at + 1].is_ascii_punctuation() {
        return None;
    }
    let end = end + 1;
    if sign == '@' {
        let label =
            bytes.get(end..)?.iter().take(LABEL_MAX).take_while(|byte| is_word(**byte)).count();
        let is_spelled = label > 0 && follows_dot(bytes, end + label);
        if !is_spelled || is_no_name(line, at) {
            return None;
        }
    }
    Some((sign, end))
}

fn follows_dot(bytes: &[u8], at: usize) -> bool {
    let word = at + n_blanks(bytes, at);
    let word = if matches!(bytes.get(word), Some(b'[' | b'(' | b'{')) { word + 1 } else { word };
    word > at && matches!(sign_at(bytes, word), Some(('.', _))) && bytes.get(word) != Some(&b'.')
}

/// Whether the word before `at` is one that " at " follows in prose.
fn is_no_name(line: &str, at: usize) -> bool {
    let head = line.get(..at).unwrap_or_default();
    let word = head.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    NOT_NAMES.iter().any(|known| known.eq_ignore_ascii_case(word))
}

fn sign_at(bytes: &[u8], at: usize) -> Option<(char, usize)> {
    let known: [(&[u8], char); 5] =
        [(b"at", '@'), (b"dot", '.'), (b"@", '@'), (b".", '.'), (b":", ':')];
    known.into_iter().find_map(|(word, sign)| {
        let end = at + word.len();
        let found = bytes.get(at..end)?;
        let ends = !bytes.get(end).is_some_and(u8::is_ascii_alphanumeric);
        (ends && found.eq_ignore_ascii_case(word)).then_some((sign, end))
    })
}

fn n_blanks(bytes: &[u8], at: usize) -> usize {
    usize::from(bytes.get(at) == Some(&b' '))
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_') || !byte.is_ascii()
}
