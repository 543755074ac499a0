//! A text becomes the numbers of its tokens, as BERT's tokenizer does it: cleaned ([`normal`]), cut into words and
//! marks, each of which is made of the longest pieces that the vocabulary has.
//!
//! What stands in a text like a special token (`[SEP]`) is text here: what somebody wrote ends nothing.

mod files;
mod normal;

use std::collections::HashMap;

pub(crate) use files::Told;
use normal::Normal;

/// Makes tokens.
#[derive(Debug)]
pub(crate) struct Tokenizer {
    normal: Normal,
    /// Pieces that begin a word.
    first: HashMap<Box<str>, usize>,
    /// Pieces that go on with one.
    further: HashMap<Box<str>, usize>,
    /// What a word of unknown pieces is.
    unknown: usize,
    /// A longer word is one of unknown pieces.
    word_chars_max: usize,
    begin: usize,
    end: usize,
}

impl Tokenizer {
    /// The tokens of a text, with those for its beginning and end; what is too long is cut off.
    pub(crate) fn tokens(&self, text: &str, n_max: usize) -> Vec<usize> {
        let n_max = n_max.saturating_sub(2);
        let mut tokens = vec![self.begin];
        self.normal.each_word(text, |word| {
            self.pieces(word, &mut tokens);
            tokens.len() <= n_max
        });
        tokens.truncate(n_max + 1);
        tokens.push(self.end);
        tokens
    }

    /// The longest piece that it begins with, then the longest that goes on; the word as a whole is unknown if
    /// there is none.
    fn pieces(&self, word: &str, tokens: &mut Vec<usize>) {
        let n_before = tokens.len();
        if word.chars().count() > self.word_chars_max {
            tokens.push(self.unknown);
            return;
        }
        let mut rest = word;
        while !rest.is_empty() {
            let pieces = if rest.len() == word.len() { &self.first } else { &self.further };
            let longest = ends(rest).find_map(|(piece, left)| Some((*pieces.get(piece)?, left)));
            let Some((piece, left)) = longest else {
                tokens.truncate(n_before);
                tokens.push(self.unknown);
                return;
            };
            tokens.push(piece);
            rest = left;
        }
    }
}

/// A word cut in two at each of its characters, the longest first part first.
fn ends(word: &str) -> impl Iterator<Item = (&str, &str)> {
    let cuts = word.char_indices().map(|(at, _)| at).filter(|at| *at > 0);
    std::iter::once(word.len()).chain(cuts.rev()).map(|at| word.split_at(at))
}
