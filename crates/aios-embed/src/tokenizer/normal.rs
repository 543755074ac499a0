//! Cleans a text, and cuts it into words.

use unicode_general_category::{GeneralCategory, get_general_category};
use unicode_normalization::UnicodeNormalization as _;

/// How a text is cleaned.
#[derive(Debug, Clone, Copy)]
pub(super) struct Normal {
    /// Marks of control are taken out, and spaces of all kinds are one.
    pub(super) cleans: bool,
    /// Each Chinese character is a word.
    pub(super) splits_chinese: bool,
    /// Letters lose their accents.
    pub(super) strips_accents: bool,
    /// Letters are small.
    pub(super) lowers: bool,
}

impl Normal {
    /// Gives each word, and each mark as one, until `more` has enough.
    pub(super) fn each_word(self, text: &str, mut more: impl FnMut(&str) -> bool) {
        let mut word = String::new();
        // Piece by piece: of a long text only the beginning counts, and accents stand behind their letter.
        for piece in text.split_inclusive(char::is_whitespace) {
            for c in self.cleaned(piece).chars() {
                let is_alone = is_mark(c) || (self.splits_chinese && is_chinese(c));
                if (is_alone || c.is_whitespace()) && !word.is_empty() {
                    if !more(&word) {
                        return;
                    }
                    word.clear();
                }
                if is_alone && !more(c.encode_utf8(&mut [0; 4])) {
                    return;
                }
                if !is_alone && !c.is_whitespace() {
                    word.push(c);
                }
            }
        }
        if !word.is_empty() {
            more(&word);
        }
    }

    fn cleaned(self, piece: &str) -> String {
        let cleaned = piece.chars().filter_map(|c| if self.cleans { clean(c) } else { Some(c) });
        let bare: String = if self.strips_accents {
            let is_accent = |c: &char| get_general_category(*c) == GeneralCategory::NonspacingMark;
            cleaned.nfd().filter(|c| !is_accent(c)).collect()
        } else {
            cleaned.collect()
        };
        // Letter by letter, as the model was trained: no sigma is another one at the end of a word.
        if self.lowers { bare.chars().flat_map(char::to_lowercase).collect() } else { bare }
    }
}

fn clean(c: char) -> Option<char> {
    use GeneralCategory::{Control, Format, PrivateUse, Surrogate};
    match c {
        '\t' | '\n' | '\r' => Some(' '),
        '\0' | '\u{fffd}' => None,
        _ if c.is_whitespace() && !c.is_control() => Some(' '),
        _ => match get_general_category(c) {
            Control | Format | PrivateUse | Surrogate => None,
            _ => Some(c),
        },
    }
}

fn is_mark(c: char) -> bool {
    use GeneralCategory::{
        ClosePunctuation, ConnectorPunctuation, DashPunctuation, FinalPunctuation,
        InitialPunctuation, OpenPunctuation, OtherPunctuation,
    };
    c.is_ascii_punctuation()
        || matches!(
            get_general_category(c),
            ClosePunctuation
                | ConnectorPunctuation
                | DashPunctuation
                | FinalPunctuation
                | InitialPunctuation
                | OpenPunctuation
                | OtherPunctuation
        )
}

/// The blocks that BERT's tokenizers take for Chinese, the gaps between them too.
fn is_chinese(c: char) -> bool {
    matches!(c,
        '\u{4e00}'..='\u{9fff}'
        | '\u{3400}'..='\u{4dbf}'
        | '\u{20000}'..='\u{2a6df}'
        | '\u{2a700}'..='\u{2b73f}'
        | '\u{2b740}'..='\u{2b81f}'
        | '\u{2b920}'..='\u{2ceaf}'
        | '\u{f900}'..='\u{faff}'
        | '\u{2f800}'..='\u{2fa1f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &[&str]) {
        let normal =
            Normal { cleans: true, splits_chinese: true, strips_accents: true, lowers: true };
        let mut words = Vec::new();
        normal.each_word(text, |word| {
            words.push(word.to_owned());
            true
        });
        assert_eq!(words, expect, "{text:?}");
    }

    #[test]
    fn words_are_what_the_reference_takes_for_words() {
        check("It's 5\u{a0}o\u{301}clock", &["it", "'", "s", "5", "oclock"]);
        check("a\u{200b}b\u{ad}c\u{e000}d\0e\u{fffd}f", &["abcdef"]);
        // What no version of Unicode knows yet is a letter like any other.
        check("a\u{378}b", &["a\u{378}b"]);
        check("\u{4e00}\u{9fff}x", &["\u{4e00}", "\u{9fff}", "x"]);
        check("\u{3a3}\u{3a3}", &["\u{3c3}\u{3c3}"]);
        check(" \t\n", &[]);
    }
}
