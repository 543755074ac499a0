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
    if text.is_ascii() {
        text.unicode_word_indices().for_each(|(_, word)| see(Piece::Word(word)));
        return;
    }
    each_part(text, |part| each_piece_of_part(part, &mut see));
}

/// Parts of a text at whose borders no word goes on: there is a space, and a plain letter behind it; a mark would belong
/// to the space. Most parts are plain, and plain text is parted into words much sooner.
fn each_part<'a>(text: &'a str, mut see: impl FnMut(&'a str)) {
    let mut start = 0;
    for (at, _) in text.match_indices(' ') {
        if text.as_bytes().get(at + 1).is_some_and(u8::is_ascii_alphanumeric) {
            see(text.get(start..at).unwrap_or_default());
            start = at + 1;
        }
    }
    see(text.get(start..).unwrap_or_default());
}

fn each_piece_of_part(text: &str, see: &mut impl FnMut(Piece<'_>)) {
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
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_word_goes_on_from_one_part_to_the_next(
            text in "([a-zA-Z0-9'._:,é’ßäЖж東で한ก\\u{301}\\u{200d}\\u{ad}\\u{1e08f}ℹא\"]|\\PC| ){0,24}",
        ) {
            let whole: Vec<&str> = text.unicode_words().collect();
            let mut parts = Vec::new();
            each_part(&text, |part| parts.extend(part.unicode_words()));
            prop_assert_eq!(whole, parts);
        }
    }

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
