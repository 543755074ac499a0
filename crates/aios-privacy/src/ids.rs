//! Ids in what an operator says, and pseudonyms in bytes.
//!
//! An id is personal data, and so is a pseudonym. Where something is kept for good and is no record of whoever it names, an
//! erasure could not take it out again: so it does not come in. A pseudonym is known by its shape, and the id that an
//! application sent by what stands before it (`conv-17`, `user id 8842`) or by being no word of any language.

use std::ops::Range;

use memchr::memchr_iter;

use crate::pseudonym::Pseudonym;

/// Stands for an id.
pub const MASK: &str = "[ID]";

/// Digits after a pseudonym's `_`.
const DIGITS: usize = 32;

/// Longest head: a letter and a version.
const HEAD_MAX: usize = 6;

/// The longest pseudonym, in bytes.
pub const PSEUDONYM_MAX: usize = HEAD_MAX + 1 + DIGITS;

/// Words that name whoever an id stands for.
const OWNERS: [&str; 10] = [
    "conv",
    "conversation",
    "chat",
    "session",
    "thread",
    "user",
    "customer",
    "subject",
    "patient",
    "person",
];

/// Those of them behind which a bare number is an id, too. Of the others there may be two or three.
const BARE_OWNERS: [&str; 4] = ["conv", "conversation", "subject", "customer"];

/// Letters and digits that no word has.
const RANDOM_MIN: usize = 16;

/// Each pseudonym in these bytes, whatever stands around it.
pub fn pseudonyms_in(bytes: &[u8]) -> impl Iterator<Item = (Range<usize>, Pseudonym)> + '_ {
    memchr_iter(b'_', bytes).filter_map(|at| {
        let head = bytes.get(at.saturating_sub(HEAD_MAX)..at)?;
        let n_digits = head.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
        let place = at.checked_sub(n_digits + 1)?..at + 1 + DIGITS;
        let text = std::str::from_utf8(bytes.get(place.clone())?).ok()?;
        Pseudonym::parse(text).ok().map(|one| (place, one))
    })
}

/// The text with `[ID]` for every pseudonym in it, and for every word that reads like the id of somebody.
#[must_use]
pub fn without_ids(text: &str) -> String {
    let mut places: Vec<_> = pseudonyms_in(text.as_bytes()).map(|(place, _)| place).collect();
    places.extend(raw_ids(text));
    places.sort_unstable_by_key(|place| (place.start, usize::MAX - place.end));
    with_ids_masked(text, places.into_iter())
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

/// What reads like the id that an application sent.
fn raw_ids(text: &str) -> Vec<Range<usize>> {
    // The two words before.
    let mut before: [&str; 2] = ["", ""];
    let mut found = Vec::new();
    for (start, word) in words(text) {
        let value = word.trim_start_matches(['#', ':', '=']);
        if is_owned(word) || is_random(word) || (has_digit(value) && is_named(before, value)) {
            found.push(start + (word.len() - value.len())..start + word.len());
        }
        before = [before[1], word];
    }
    found
}

/// The words of a text with their places, without the signs that end them.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_gap = |c: char| c.is_whitespace() || "\"'`()[]{}<>,;".contains(c);
    let mut at = 0;
    text.split(is_gap).filter_map(move |piece| {
        let start = text.get(at..).and_then(|rest| rest.find(piece)).map_or(at, |n| at + n);
        at = start + piece.len();
        let word = piece.trim_end_matches(['.', ':', '!', '?', '=', '#']);
        (!word.is_empty()).then_some((start, word))
    })
}

/// `conv-17`, `user_42`, `session:9f3a`.
fn is_owned(word: &str) -> bool {
    let Some(at) = word.find(|c: char| "-_:=/#.".contains(c)) else { return false };
    let (owner, value) = word.split_at(at);
    is_in(&OWNERS, owner) && has_digit(value)
}

/// A UUID, or letters and digits without a sign that are too long for a word.
fn is_random(word: &str) -> bool {
    let plain: String = word.chars().filter(|c| *c != '-').collect();
    let is_uuid = plain.len() == 32 && plain.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_mixed = has_digit(word) && word.contains(|c: char| c.is_ascii_alphabetic());
    let is_plain = word.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_uuid || (is_plain && is_mixed && word.len() >= RANDOM_MIN)
}

/// `conversation 17`, `user id 8842`, `chat #17`.
fn is_named([owner, last]: [&str; 2], value: &str) -> bool {
    let is_number = value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    let is_id = is_in(&["id", "no", "nr", "number"], last) && is_in(&OWNERS, owner);
    is_number && (is_in(&BARE_OWNERS, last) || is_id)
}

fn is_in(words: &[&str], word: &str) -> bool {
    words.iter().any(|known| known.eq_ignore_ascii_case(word))
}

fn has_digit(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &str) {
        let digits = "0123456789abcdef".repeat(2);
        let text = text.replace('#', &digits);
        assert_eq!(without_ids(&text), expect.replace('#', &digits), "{text}");
    }

    #[test]
    fn pseudonyms_are_masked_wherever_they_stand() {
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

    #[test]
    fn what_reads_like_an_id_is_masked_too() {
        check("asked by conv-17, user_42 and (session:9f3a).", "asked by [ID], [ID] and ([ID]).");
        check(
            "conversation 17, user id 8842; customer no. 7",
            "conversation [ID], user id [ID]; customer no. [ID]",
        );
        check("of 550e8400-e29b-41d4-a716-446655440000!", "of [ID]!");
        check("chat id: a1, Subject 01HF7YAT4ZQ2K8M3", "chat id: [ID], Subject [ID]");
        check("thread 01hf7yat4zq2k8m3vwxy", "thread [ID]");
        for said in [
            "case 7 of 2027, GDPR Art. 17, ticket INC-1042",
            "chat p95 is 2.1 s at 25 % since 2027-01-15T08:00:00Z",
            "user-facing errors, session-2x slower? no: v1.2.3",
            "per user 2 requests; h1; release 2027.1; 100% of chat",
        ] {
            let kept = said.replace("session-2x", "[ID]");
            check(said, &kept);
        }
    }

    #[test]
    fn pseudonyms_are_found_in_bytes() {
        let digits = "0f".repeat(16);
        let bytes = [b"\xff\x00c1_".as_slice(), digits.as_bytes(), b"\xff s12_", digits.as_bytes()]
            .concat();
        let found: Vec<_> =
            pseudonyms_in(&bytes).map(|(place, one)| (place.start, one.version())).collect();
        assert_eq!(found, [(2, 1), (39, 12)]);
    }
}
