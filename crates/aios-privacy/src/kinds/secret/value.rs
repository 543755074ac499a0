//! What a value looks like that is given to a name: in quotes, or plain up to what ends it.
//!
//! Code gives such names types, calls and fields, and manuals give them placeholders. None of these is a value.

use std::cell::Cell;

use super::is_random;
use crate::detector::Found;
use crate::kinds::is_unspaced;
use crate::source::Source;

pub(super) const VALUE_MAX: usize = 512;
/// So many signs that could give yet another name its value are looked at to tell whether a value is one, or each
/// name in `pass:pass:pass:…` would look through all that follow.
pub(super) const SIGNS_MAX: usize = 24;
pub(super) const PASSWORD_MIN: usize = 6;
const TOKEN_MIN: usize = 10;
/// Letters alone are a name rather than a key unless there are so many.
const WORDLESS_MIN: usize = 24;

const PLACEHOLDERS: [&str; 15] = [
    "your",
    "example",
    "changeme",
    "placeholder",
    "redacted",
    "xxxx",
    "none",
    "null",
    "undefined",
    "true",
    "false",
    "required",
    "optional",
    "hidden",
    "string",
];

/// The value that begins at `at`.
pub(super) fn given(source: &Source<'_>, at: usize, is_strong: bool) -> Option<Found> {
    quoted(source, at, is_strong).or_else(|| plain(source, at, is_strong))
}

/// A value in quotes. It may have blanks if the name is strong.
fn quoted(source: &Source<'_>, at: usize, is_strong: bool) -> Option<Found> {
    let open = source.run_right(at, 1, |byte| byte == b'\\');
    let quote = source.byte(open).filter(|byte| matches!(byte, b'"' | b'\'' | b'`'))?;
    let start = open + 1;
    let end =
        source.run_right(start, VALUE_MAX, |byte| byte != quote && !matches!(byte, b'\n' | b'\\'));
    let is_closed = source.byte(end).is_some_and(|byte| byte == quote || byte == b'\\');
    let value = source.between(start, end);
    let is_long =
        if is_strong { value.len() >= 4 } else { value.len() >= TOKEN_MIN && !value.contains(' ') };
    let is_ours = is_closed
        && is_long
        && !is_placeholder(value)
        && (is_strong || is_random(value.as_bytes()));
    is_ours.then_some(Found { start, end, rule: "secret.assigned", confidence: 0.9 })
}

/// A value without quotes ends at a blank or at what ends a value in code, URLs and lists.
fn plain(source: &Source<'_>, start: usize, is_strong: bool) -> Option<Found> {
    let run = plain_end(source, start, SIGNS_MAX);
    let end = trimmed(source, start, run);
    let value = source.between(start, end);
    let is_long = value.len() >= if is_strong { PASSWORD_MIN } else { TOKEN_MIN };
    // What most values are not comes first.
    let fits = is_long && if is_strong { is_mixed(value) } else { is_token(value) };
    let is_ours = fits && !is_placeholder(value) && !is_expression(source, value, end);
    is_ours.then(|| {
        // Nobody looks again from within what is found, so all of it costs one look.
        let end = trimmed(source, start, plain_end(source, start, VALUE_MAX));
        Found { start, end, rule: "secret.assigned", confidence: 0.85 }
    })
}

/// Where a plain value ends that goes up to `end` with its last signs.
pub(super) fn trimmed(source: &Source<'_>, start: usize, end: usize) -> usize {
    source.run_left(end, end - start, |byte| matches!(byte, b'.' | b':' | b'-'))
}

/// Where the run of what may be in a plain value ends, or has more than so many signs.
pub(super) fn plain_end(source: &Source<'_>, start: usize, signs_max: usize) -> usize {
    let n_signs = Cell::new(0);
    let belongs = |byte: u8| {
        n_signs.set(n_signs.get() + usize::from(matches!(byte, b':' | b'=')));
        n_signs.get() <= signs_max && is_plain(byte)
    };
    let end = source.run_right(start, VALUE_MAX, |byte| byte.is_ascii() && belongs(byte));
    if source.byte(end).is_none_or(|byte| byte.is_ascii()) {
        return end;
    }
    // Scripts without blanks go on after the value.
    source.chars_right(end, VALUE_MAX.saturating_sub(end - start), |c| {
        !is_unspaced(c)
            && !matches!(c, '\u{3000}'..='\u{303f}' | '，' | '；' | '）')
            && u8::try_from(c).map_or(true, |byte| !c.is_ascii() || belongs(byte))
    })
}

/// Whether a plain value can be a key: `AtomicUsize` is a name in two cases.
fn is_token(value: &str) -> bool {
    let has_digit = value.bytes().any(|byte| byte.is_ascii_digit());
    is_random(value.as_bytes()) && (has_digit || value.len() >= WORDLESS_MIN)
}

fn is_plain(byte: u8) -> bool {
    !byte.is_ascii_whitespace()
        && !byte.is_ascii_control()
        && !matches!(
            byte,
            b'"' | b'\''
                | b'`'
                | b','
                | b';'
                | b'&'
                | b'<'
                | b'>'
                | b')'
                | b'}'
                | b']'
                | b'\\'
                | b'|'
        )
}

pub(super) fn is_placeholder(value: &str) -> bool {
    let begins = |word: &&str| {
        let head = value.as_bytes().get(..word.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(word.as_bytes()))
    };
    // What looks like a quote that opens may be one that closes.
    let is_drawn = value.starts_with(['$', '{', '<', '%', '[', '*', '.', '…', ')', ',', ';', ']']);
    is_drawn || value.contains("://") || PLACEHOLDERS.iter().any(begins)
}

/// Calls, paths and fields: `read()`, `env::var`, `config.token_v2`.
pub(super) fn is_expression(source: &Source<'_>, value: &str, end: usize) -> bool {
    // The value may be a type, and the real one follows.
    let is_type = source.has(end, " = ") || value.starts_with('_');
    let is_name = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic())
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let first = value.split('.').next().unwrap_or_default();
    let is_path = first.len() < value.len()
        && first.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        && value.split('.').all(|part| is_name(part) && !is_drawn(part));
    is_type
        || value.contains(['(', '[', '{'])
        || value.contains("::")
        || is_path
        || source.byte(end) == Some(b'[')
}

/// Whether a part of a path is no name but drawn at random, as in `s.9fKq2Zx9Bv4Mn8Rt3Wy6Lc1P`.
fn is_drawn(part: &str) -> bool {
    const DRAWN_MIN: usize = 20;
    let n_digits = part.bytes().filter(u8::is_ascii_digit).count();
    part.len() >= DRAWN_MIN && n_digits >= 2 && !part.contains('_') && is_random(part.as_bytes())
}

/// Whether letters stand with digits or signs, or there are digits alone: words of prose are neither.
pub(super) fn is_mixed(value: &str) -> bool {
    let has_digit = value.bytes().any(|byte| byte.is_ascii_digit());
    let has_sign = value
        .bytes()
        .any(|byte| matches!(byte, b'!' | b'@' | b'#' | b'$' | b'%' | b'^' | b'*' | b'+' | b'='));
    has_digit || has_sign
}
