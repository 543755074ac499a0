//! The words of a text as a set, with what each is.

use siphasher::sip128::{Hasher128 as _, SipHasher13};
use std::hash::Hasher as _;

use super::guard::Sort;
use crate::analyzer::hash;
use crate::words::{Piece, each_piece, lower};

/// The different words of a text, in the order of their hashes.
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
        // Of a word that stands twice, what says most of it counts.
        words.sort_unstable_by_key(|(hash, sort)| (*hash, std::cmp::Reverse(*sort)));
        words.dedup_by_key(|(hash, _)| *hash);
        let (hashes, sorts) = words.into_iter().unzip();
        Self { hashes, sorts }
    }
}

/// The same for texts with the same words in the same order, whatever their case, spaces and marks.
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
    hasher.finish128().as_u128().to_be_bytes()
}
