//! Texts that break off within a word.

use aios_core::Outcome;

/// The part of an answer that surely ends with a whole word. A stream that broke may have broken within
/// a number or an address, and half of one is not recognized as what it is.
pub(super) fn whole_part(text: &str, outcome: Outcome) -> &str {
    if outcome == Outcome::Ok { text } else { cut_short(text) }
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
    fn a_broken_answer_is_kept_up_to_its_last_whole_word() {
        check("write to jane.partial@exa", "write to");
        check("the card is 5500 0055 5555 55", "the card is");
        check("call +49 (30) 1234", "call");
        check("Hello", "");
        check("", "");
        check("one two ", "one");
    }
}
