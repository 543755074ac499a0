//! A text as terms: what is compared when it is searched.
//!
//! A term is a hash of a word's stem. There is no dictionary: a list of all words ever said would be
//! one more place that an erasure must reach, and in a scope of a hundred thousand different words two meet
//! by chance once or twice.

use std::collections::HashSet;
use std::hash::Hasher as _;

use frostem::Stemmer;
use siphasher::sip::SipHasher13;

use crate::Language;
use crate::known::{Known, Word};
use crate::words::{Piece, each_piece, lower};

/// A word's stem, or a pair of characters where words are not parted, as a number.
pub type Term = u32;

/// Reads texts of one language.
pub struct Analyzer {
    language: Language,
    stemmer: Stemmer,
    stop_words: HashSet<&'static str>,
    known: Known,
}

impl Analyzer {
    /// Raised whenever the same text would give other terms, another hash or another guard than before: then what is
    /// stored of it is made anew.
    pub const VERSION: u32 = 2;

    /// For a language.
    #[must_use]
    pub fn new(language: Language) -> Self {
        let stop_words = stop_words::lookup(language.code()).unwrap_or_default();
        Self {
            language,
            stemmer: Stemmer::new(language.algorithm()),
            stop_words: stop_words.iter().copied().collect(),
            known: Known::default(),
        }
    }

    /// The language.
    #[must_use]
    pub const fn language(&self) -> Language {
        self.language
    }

    /// The terms of a text in its order, stop words left out.
    #[must_use]
    pub fn terms(&self, text: &str) -> Vec<Term> {
        let mut terms = Vec::new();
        each_piece(text, |piece| match piece {
            Piece::Word(word) => terms.extend(self.word(word).term),
            Piece::Run(run) => push_pairs(&run, &mut terms),
        });
        terms
    }

    /// Shows each word of a text in its order, as a term if it is no stop word and as [`Self::names`] has it; a pair
    /// of characters is no name.
    pub(crate) fn each_term(&self, text: &str, mut see: impl FnMut(Option<Term>, Option<Term>)) {
        each_piece(text, |piece| match piece {
            Piece::Word(word) => {
                let Word { term, name } = self.word(word);
                see(term, Some(name));
            }
            Piece::Run(run) => {
                let mut pairs = Vec::new();
                push_pairs(&run, &mut pairs);
                pairs.into_iter().for_each(|pair| see(Some(pair), None));
            }
        });
    }

    /// What a word is, as it stands in a text.
    fn word(&self, word: &str) -> Word {
        self.known.word(word, || self.read(&lower(word)))
    }

    /// The same of a word in lower case, of which nothing is known.
    fn read(&self, word: &str) -> Word {
        let is_stop_word = self.stop_words.contains(word);
        let term = (!is_stop_word).then(|| hash(&self.stemmer.stem(word)));
        Word { term, name: name(word) }
    }

    /// The words of a text as they stand, stop words too: what a speaker's name is looked for in. A name
    /// may be a stop word, as Will is.
    #[must_use]
    pub fn names(&self, text: &str) -> Vec<Term> {
        let mut names = Vec::new();
        each_piece(text, |piece| {
            if let Piece::Word(word) = piece {
                names.push(self.word(word).name);
            }
        });
        names
    }
}

impl std::fmt::Debug for Analyzer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Analyzer").field("language", &self.language).finish_non_exhaustive()
    }
}

impl Default for Analyzer {
    fn default() -> Self {
        Self::new(Language::default())
    }
}

/// Each two characters that stand side by side; one alone stands for itself.
fn push_pairs(run: &[char], terms: &mut Vec<Term>) {
    let hashed = |chars: &[char]| hash(&chars.iter().collect::<String>());
    match run {
        [one] => terms.push(hashed(&[*one])),
        _ => terms.extend(run.windows(2).map(hashed)),
    }
}

/// Of a word in lower case.
fn name(word: &str) -> Term {
    hash(word.strip_suffix("'s").unwrap_or(word))
}

/// Stored, so it must never change; `VERSION` says so if it does.
pub(crate) fn hash(word: &str) -> Term {
    hash_64(word) as Term
}

pub(crate) fn hash_64(text: &str) -> u64 {
    let mut hasher = SipHasher13::new();
    hasher.write(text.as_bytes());
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_read_before_changes_nothing(
            texts in prop::collection::vec("([A-Ea-e'’é東京]{1,4}|The|the|running|Ran|Ann's)( |, )?", 1..12),
        ) {
            let used = Analyzer::default();
            for text in texts.iter().chain(&texts) {
                let new = Analyzer::default();
                prop_assert_eq!(used.terms(text), new.terms(text));
                prop_assert_eq!(used.names(text), new.names(text));
            }
        }
    }

    fn check_same(language: Language, one: &str, other: &str) {
        let analyzer = Analyzer::new(language);
        assert_eq!(analyzer.terms(one), analyzer.terms(other), "{one} / {other}");
        assert!(!analyzer.terms(one).is_empty());
    }

    #[test]
    fn forms_of_a_word_are_one_term() {
        check_same(Language::English, "She was connecting the harbors", "connected, harbor's");
        check_same(Language::German, "Die Häuser waren groß", "das Haus, große");
        check_same(Language::French, "ils continuaient", "continuer");
        check_same(Language::Russian, "красивая", "красивые");
    }

    #[test]
    fn scripts_without_spaces_are_found_by_pairs() {
        let analyzer = Analyzer::default();
        let text = analyzer.terms("昨日東京で食べた");
        for part in analyzer.terms("東京") {
            assert!(text.contains(&part));
        }
        assert_eq!(analyzer.terms("水").len(), 1);
    }

    #[test]
    fn terms_are_those_that_are_stored() {
        // Another value here means that every store must be read anew: raise `VERSION`.
        assert_eq!(hash("harbor"), 2_624_163_932);
        assert_eq!(Analyzer::VERSION, 2);
    }

    #[test]
    fn a_name_is_found_though_it_is_a_stop_word() {
        let analyzer = Analyzer::default();
        assert!(analyzer.terms("Will").is_empty());
        assert_eq!(analyzer.names("What is Will's plan?")[2], analyzer.names("will")[0]);
    }
}
