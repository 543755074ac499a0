//! A text as its words, lower-cased.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation as _;

use crate::cjk::is_unspaced;

/// A piece of a text between word boundaries.
pub(crate) enum Piece<'a> {
    /// A word of a script with spaces, as it stands.
    Word(&'a str),
    /// Characters of a script without spaces that stand side by side.
    Run(Vec<char>),
}

/// Shows the pieces of a text in order.
pub(crate) fn each_piece(text: &str, mut see: impl FnMut(Piece<'_>)) {
    let mut run = Vec::new();
    let mut run_end = 0;
    for (at, word) in text.unicode_word_indices() {
        let is_run = word.chars().next().is_some_and(is_unspaced);
        if !run.is_empty() && (!is_run || at != run_end) {
            see(Piece::Run(std::mem::take(&mut run)));
        }
        if is_run {
            run.extend(word.chars());
            run_end = at + word.len();
        } else {
            see(Piece::Word(word));
        }
    }
    if !run.is_empty() {
        see(Piece::Run(run));
    }
}

/// Lower case, with one sort of apostrophe.
pub(crate) fn lower(word: &str) -> Cow<'_, str> {
    if word.bytes().all(|b| b.is_ascii() && !b.is_ascii_uppercase()) {
        return Cow::Borrowed(word);
    }
    Cow::Owned(word.to_lowercase().replace('\u{2019}', "'"))
}

/// How many words a text has: what stands between spaces, and each character where there are none.
#[must_use]
pub fn n_words(text: &str) -> usize {
    let of_piece = |piece: &str| piece.chars().filter(|c| is_unspaced(*c)).count().max(1);
    text.split_whitespace().map(of_piece).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(text: &str) -> Vec<String> {
        let mut all = Vec::new();
        each_piece(text, |piece| match piece {
            Piece::Word(word) => all.push(lower(word).into_owned()),
            Piece::Run(run) => all.push(format!("<{}>", run.into_iter().collect::<String>())),
        });
        all
    }

    #[test]
    fn words_and_runs_are_told_apart() {
        assert_eq!(pieces("I don\u{2019}t, Éva: 1.5 km!"), ["i", "don't", "éva", "1.5", "km"]);
        assert_eq!(pieces("東京 で食べた sushi"), ["<東京>", "<で食べた>", "sushi"]);
        assert_eq!(pieces("… — !"), [""; 0]);
    }

    #[test]
    fn words_are_counted_in_every_script() {
        for (text, n) in [("", 0), ("two words", 2), (" a - b ", 3), ("東京で sushi", 4)] {
            assert_eq!(n_words(text), n, "{text}");
        }
    }
}
