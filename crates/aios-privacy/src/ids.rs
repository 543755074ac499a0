//! Pseudonyms in what an operator says.
//!
//! A pseudonym is personal data. Where something is kept for good and is no record of whoever it names, an
//! erasure could not take it out again: so it does not come in.

use std::ops::Range;

use memchr::memchr_iter;

use crate::pseudonym::Pseudonym;

/// Stands for an id.
pub(crate) const MASK: &str = "[ID]";

/// Digits after a pseudonym's `_`.
const DIGITS: usize = 32;

/// Longest head: a letter and a version.
const HEAD_MAX: usize = 6;

/// The text with `[ID]` for every pseudonym in it, whatever stands around it.
#[must_use]
pub fn without_pseudonyms(text: &str) -> String {
    let places = memchr_iter(b'_', text.as_bytes()).filter_map(|at| place_of(text, at));
    with_ids_masked(text, places)
}

/// The text with `[ID]` in these places, which come in order. One that reaches into another is left out.
#[must_use]
pub fn with_ids_masked(text: &str, places: impl Iterator<Item = Range<usize>>) -> String {
    let (mut masked, mut from) = (String::with_capacity(text.len()), 0);
    for Range { start, end } in places {
        let Some(before) = text.get(from..start) else { continue };
        masked.push_str(before);
        masked.push_str(MASK);
        from = end;
    }
    masked.push_str(text.get(from..).unwrap_or_default());
    masked
}

/// Where the pseudonym stands whose `_` is at `at`, if there is one.
fn place_of(text: &str, at: usize) -> Option<Range<usize>> {
    let head = text.as_bytes().get(at.saturating_sub(HEAD_MAX)..at)?;
    let n_digits = head.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let place = at.checked_sub(n_digits + 1)?..at + 1 + DIGITS;
    Pseudonym::parse(text.get(place.clone())?).ok().map(|_| place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pseudonyms_are_masked_wherever_they_stand() {
        let digits = "0123456789abcdef".repeat(2);
        let check = |text: &str, expect: &str| {
            let text = text.replace('#', &digits);
            assert_eq!(without_pseudonyms(&text), expect.replace('#', &digits), "{text}");
        };
        check("", "");
        check("the new normal", "the new normal");
        check("c1_#", "[ID]");
        check("erase s65535_#, and c2_#!", "erase [ID], and [ID]!");
        check("üc1_#9 xs1_#", "ü[ID]9 x[ID]");
        // What is none: no version, no key's version, other digits, too few of them.
        check("c_# s0_# c65536_# d1_#", "c_# s0_# c65536_# d1_#");
        check("c1_0123 c1_#".trim_end_matches('#'), "c1_0123 c1_");
        // One that begins in another's digits is none without it.
        check("c1_0123456789abcdef0123456789abcdc1_#", "[ID]_#");
    }
}
