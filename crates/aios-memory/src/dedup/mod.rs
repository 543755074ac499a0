//! Finds copies, and tells them from corrections.
//!
//! No measure of likeness separates a copy from a correction: "not" added, a number or a name changed
//! leaves a sentence as like the old one as a light rewording does. So likeness only proposes pairs, and a
//! guard looks at the words that differ. Only what is the same word for word may be merged; all else is
//! linked and stays.

mod clusters;
mod guard;
mod minhash;
mod signs;
mod words;

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use crate::jaccard::jaccard;
use clusters::{Alike, Clusters};
use minhash::{Bands, Signature};
use words::WordSet;

pub use guard::guard_mark;
pub use words::{is_mergeable, normal_hash};

/// Least share of common words of a near copy.
const NEAR: f32 = 0.6;

/// Most fragments of one bucket that a new one is compared with, the latest first. A phrase that thousands
/// share would else cost their square.
const COMPARED_MAX: usize = 32;

/// A text that is compared with others of its scope.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// Its number in the store.
    pub id: i64,
    /// Its scope: nothing is ever compared across two.
    pub scope: i64,
    /// The text.
    pub text: &'a str,
}

/// Two fragments that say nearly the same.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Link {
    /// The earlier one.
    pub earlier: i64,
    /// The later one.
    pub later: i64,
    /// Share of common words.
    pub likeness: f32,
    /// They differ in a number, a sign, a name or a "not": one may correct the other.
    pub is_variant: bool,
}

/// What is there more than once.
#[derive(Debug, Default, PartialEq)]
pub struct Copies {
    /// The first fragment, and a later one with the same words, which are enough to be told from a "yes".
    pub exact: Vec<(i64, i64)>,
    /// Pairs that are nearly the same.
    pub near: Vec<Link>,
}

/// Finds copies among subjects in the order in which they were said.
#[must_use]
pub fn find_copies(subjects: &[Subject<'_>]) -> Copies {
    let mut copies = Copies::default();
    let mut first = HashMap::with_capacity(subjects.len());
    let mut bands = Bands::new(subjects.len());
    let mut clusters = Clusters::default();
    let mut kept: Vec<(usize, WordSet)> = Vec::with_capacity(subjects.len());
    for (at, subject) in subjects.iter().enumerate() {
        let same = first.entry((subject.scope, normal_hash(subject.text))).or_insert(at);
        if *same != at {
            if is_mergeable(subject.text) {
                copies.exact.push((subjects[*same].id, subject.id));
            }
            continue;
        }
        let words = WordSet::of(subject.text);
        if words.hashes.is_empty() {
            continue;
        }
        let signature = Signature::of(&words.hashes, subject.scope);
        let alike =
            bands.put(&signature, kept.len(), COMPARED_MAX).into_iter().filter_map(|near| {
                let (other, other_words) = &kept[near];
                let likeness = jaccard(&words.hashes, &other_words.hashes);
                let is_near = subjects[*other].scope == subject.scope && likeness >= NEAR;
                let is_variant = is_near && guard::is_variant(other_words, &words);
                is_near.then_some(Alike { at: near, likeness, is_variant })
            });
        let alike = alike.collect();
        copies.near.extend(clusters.put(alike).into_iter().map(|one| Link {
            earlier: subjects[kept[one.at].0].id,
            later: subject.id,
            likeness: one.likeness,
            is_variant: one.is_variant,
        }));
        kept.push((at, words));
    }
    copies
}
