//! The words of a text as a set, with what each is.

use siphasher::sip128::{Hasher128 as _, SipHasher13};
use std::hash::Hasher as _;

use super::guard::Sort;
use super::signs::each_sign;
use crate::analyzer::hash;
use crate::words::{Piece, each_piece, lower, n_words};

/// A text of fewer words is part of a conversation's flow, as a "yes" is; said twice it is no copy.
const MERGED_WORDS_MIN: usize = 4;

/// The different words and signs of a text, in the order of their hashes.
#[derive(Debug, Default)]
pub(super) struct WordSet {
    pub(super) hashes: Vec<u32>,
    /// What each word is.
    pub(super) sorts: Vec<Sort>,
}

impl WordSet {
    pub(super) fn of(text: &str) -> Self {
        let mut words: Vec<(u32, Sort)> = Vec::new();
        each_piece(text, |piece| match piece {
            Piece::Word(word) => {
                let lower = lower(word);
                words.push((hash(&lower), Sort::of(word, &lower)));
            }
            Piece::Run(run) => {
                let each = run.into_iter().map(|c| {
                    let one = c.to_string();
                    (hash(&one), Sort::of(&one, &one))
                });
                words.extend(each);
            }
        });
        let (mut signs, mut place) = (String::new(), 0);
        each_sign(text, |at, sign| {
            // Those that stand together are one.
            if at != place {
                words.extend((!signs.is_empty()).then(|| (hash(&signs), Sort::Sign)));
                signs.clear();
                place = at;
            }
            signs.push(sign);
        });
        words.extend((!signs.is_empty()).then(|| (hash(&signs), Sort::Sign)));
        // Of a word that stands twice, what says most of it counts.
        words.sort_unstable_by_key(|(hash, sort)| (*hash, std::cmp::Reverse(*sort)));
        words.dedup_by_key(|(hash, _)| *hash);
        let (hashes, sorts) = words.into_iter().unzip();
        Self { hashes, sorts }
    }
}

/// Whether a text may be merged with another one of the same [`normal_hash`]. Words are what has a letter or a digit.
#[must_use]
pub fn is_mergeable(text: &str) -> bool {
    let words = text.split_whitespace().filter(|word| word.contains(char::is_alphanumeric));
    words.map(n_words).take(MERGED_WORDS_MIN).sum::<usize>() >= MERGED_WORDS_MIN
}

/// The same for texts with the same words and signs in the same order, whatever their case, spaces and marks.
#[must_use]
pub fn normal_hash(text: &str) -> [u8; 16] {
    let mut hasher = SipHasher13::new();
    each_piece(text, |piece| {
        match piece {
            Piece::Word(word) => hasher.write(lower(word).as_bytes()),
            Piece::Run(run) => run.iter().for_each(|c| hasher.write_u32(u32::from(*c))),
        }
        hasher.write_u8(0xff);
    });
    each_sign(text, |place, sign| {
        hasher.write_u8(0xfe);
        hasher.write_u32(place);
        hasher.write_u32(u32::from(sign));
    });
    hasher.finish128().as_u128().to_be_bytes()
}
