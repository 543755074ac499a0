//! Words that were read before, so that few are brought to their stems again: of a text nearly all were.
//!
//! It holds no words: each has one place, by a hash under a key that is drawn anew for each process, and stands there
//! as that hash beside two numbers. What cannot be told from it need not be erased from it.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::analyzer::Term;

/// Places; a power of two. The words that people use most are fewer.
const PLACES: usize = 4096;

/// What a word is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Word {
    /// None of a stop word.
    pub(crate) term: Option<Term>,
    pub(crate) name: Term,
}

/// The words.
pub(crate) struct Known {
    key: RandomState,
    places: Box<[Place]>,
}

/// Whoever reads while another writes must not take the half of one word for that of another: the two numbers are
/// what they seem only if they come to the word's hash together. So nobody waits for anybody.
#[derive(Default)]
struct Place {
    /// Hash and numbers, each bit that differs. The last bit of the hash says that it is a stop word.
    sum: AtomicU64,
    /// Term and name; of nothing both are 0, and so is the sum.
    numbers: AtomicU64,
}

impl Default for Known {
    fn default() -> Self {
        let places = (0..PLACES).map(|_| Place::default()).collect();
        Self { key: RandomState::new(), places }
    }
}

impl Known {
    /// What a word is, as it stands in a text; `read` is asked where that is not known.
    pub(crate) fn word(&self, word: &str, read: impl FnOnce() -> Word) -> Word {
        let hash = self.hash(word);
        let place = &self.places[hash as usize / 2 % PLACES];
        let numbers = place.numbers.load(Ordering::Relaxed);
        let found = place.sum.load(Ordering::Relaxed) ^ numbers;
        if found & !1 == hash {
            let term = (found & 1 == 0).then_some((numbers >> 32) as Term);
            return Word { term, name: numbers as Term };
        }
        let word = read();
        let numbers = u64::from(word.term.unwrap_or_default()) << 32 | u64::from(word.name);
        place.numbers.store(numbers, Ordering::Relaxed);
        place.sum.store((hash | u64::from(word.term.is_none())) ^ numbers, Ordering::Relaxed);
        word
    }

    /// Even, and none is 0: that is what stands in a place that is free.
    fn hash(&self, word: &str) -> u64 {
        let mut hasher = self.key.build_hasher();
        hasher.write(word.as_bytes());
        (hasher.finish() & !1).max(2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(n: u32) -> Word {
        Word { term: (!n.is_multiple_of(3)).then_some(n.wrapping_mul(0x9e37_79b9)), name: n }
    }

    #[test]
    fn a_word_is_read_once_and_is_the_same_ever_after() {
        let known = Known::default();
        for n in 0..3 {
            assert_eq!(known.word(&n.to_string(), || word(n)), word(n));
        }
        for n in 0..3 {
            assert_eq!(known.word(&n.to_string(), || unreachable!("it is known")), word(n));
        }
    }

    #[test]
    fn more_words_than_places_take_nothing_for_another() {
        let known = Known::default();
        for n in (0..3 * PLACES as u32).chain(0..3 * PLACES as u32) {
            assert_eq!(known.word(&n.to_string(), || word(n)), word(n));
        }
    }

    #[test]
    fn threads_that_read_and_write_at_once_never_see_half_a_word() {
        let known = Known::default();
        // All of them are after the same few places.
        let hashes = (0..).map(|n: u32| (n, known.hash(&n.to_string()) as usize / 2 % PLACES));
        let few: Vec<u32> = hashes.filter(|(_, at)| *at < 4).map(|(n, _)| n).take(64).collect();
        std::thread::scope(|scope| {
            for start in 0..4 {
                let (known, few) = (&known, &few);
                scope.spawn(move || {
                    for n in few.iter().cycle().skip(start * 16).take(40_000) {
                        assert_eq!(known.word(&n.to_string(), || word(*n)), word(*n));
                    }
                });
            }
        });
    }
}
