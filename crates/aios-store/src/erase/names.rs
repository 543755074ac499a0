//! Pseudonyms as they stand in bytes, whatever is around them.

use aios_privacy::Pseudonym;
use memchr::memchr_iter;

/// Digits after a pseudonym's `_`.
const DIGITS: usize = 32;

/// Longest head: a letter and a version.
const HEAD_MAX: usize = 6;

/// How far windows have to overlap so that none is cut.
pub(super) const OVERLAP: usize = HEAD_MAX + 1 + DIGITS;

/// Shows each pseudonym in a window that does not end within what was seen before.
pub(super) fn each_name(window: &[u8], seen: usize, mut see: impl FnMut(Pseudonym)) {
    for at in memchr_iter(b'_', window) {
        let end = at + 1 + DIGITS;
        if end > seen {
            name_at(window, at, end).into_iter().for_each(&mut see);
        }
    }
}

/// The pseudonym whose `_` stands there, if there is one.
fn name_at(window: &[u8], at: usize, end: usize) -> Option<Pseudonym> {
    let head = window.get(at.saturating_sub(HEAD_MAX)..at)?;
    let n_digits = head.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let start = at.checked_sub(n_digits + 1)?;
    Pseudonym::parse(std::str::from_utf8(window.get(start..end)?).ok()?).ok()
}
