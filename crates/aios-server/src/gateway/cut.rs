//! Texts that break off within a word.

use aios_core::Outcome;

/// The part of an answer that surely ends with a whole word. A stream that broke may have broken within
/// a number or an address, and half of one is not recognized as what it is.
pub(super) fn whole_part(text: &str, outcome: Outcome) -> &str {
    if outcome == Outcome::Ok { text } else { cut_short(text) }
}

/// Most bytes that are taken down of an answer of which `text_max` are kept: it is cut where it is redacted, and
/// that needs what stands behind the cut.
pub(super) const fn capture_max(text_max: usize) -> usize {
    text_max + aios_privacy::CUT_WINDOW
}

/// The part that surely ends with a whole word of what was taken down of an answer.
pub(super) fn captured(text: &str, text_max: usize) -> &str {
    // A letter that did not fit has up to four bytes.
    if text.len() + 4 > capture_max(text_max) { cut_short(text) } else { text }
}

/// At most `max` bytes of a text, up to a whole word.
pub(super) fn bounded(text: &str, max: usize) -> &str {
    match text.get(..text.floor_char_boundary(max)) {
        Some(part) if part.len() < text.len() => cut_short(part),
        _ => text,
    }
}

/// The part of a text that broke off which surely ends with a whole word.
pub(super) fn cut_short(text: &str) -> &str {
    let cut_word = |text: &str| text.trim_end().rfind(char::is_whitespace).unwrap_or(0);
    let mut kept = text.get(..cut_word(text)).unwrap_or_default();
    let is_number = |text: &str| {
        let word = text.get(cut_word(text)..).unwrap_or_default();
        !word.trim().is_empty() && !word.contains(char::is_alphabetic)
    };
    while is_number(kept) {
        kept = kept.get(..cut_word(kept)).unwrap_or_default();
    }
    kept.trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &str) {
        assert_eq!(whole_part(text, Outcome::StreamCut), expect, "{text}");
        assert_eq!(whole_part(text, Outcome::Ok), text);
    }

    #[test]
    fn what_is_as_long_as_a_capture_may_end_within_a_word() {
        let answer = format!("{} jane@example.com", "x".repeat(aios_privacy::CUT_WINDOW));
        let upto = |end: usize| answer.get(..answer.len() - end).unwrap();
        // The same answer, of which all is taken down, and all but the end of its address.
        let text_max = "jane@example.com and".len() + 4;
        assert_eq!(captured(&answer, text_max), answer);
        let text_max = " jane@ex".len();
        assert_eq!(
            captured(upto("ample.com".len() - 1), text_max),
            upto(" jane@example.com".len())
        );
    }

    #[test]
    fn a_text_is_bounded_at_a_whole_word() {
        assert_eq!(bounded("write to jane@example.com", 14), "write to");
        assert_eq!(bounded("write to", 8), "write to");
        assert_eq!(bounded("a day \u{e9}", 7), "a", "nobody knows how the day would go on");
    }

    #[test]
    fn a_broken_answer_is_kept_up_to_its_last_whole_word() {
        check("write to jane.partial@exa", "write to");
        check("the card is 5500 0055 5555 55", "the card is");
        check("call +49 (30) 1234", "call");
        check("Hello", "");
        check("", "");
        check("one two ", "one");
    }
}
