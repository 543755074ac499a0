//! Where words may stand: many short needles at once, over text in lower case.
//!
//! Only the first four bytes of each word are searched for, which is enough to pass over prose at a
//! few instructions per sixteen bytes where the processor has vector instructions (Teddy, of
//! Hyperscan). Where it has none, an automaton over the same needles takes its place.

use std::collections::BTreeMap;

use aho_corasick::packed::{self, MatchKind};
use aho_corasick::{AhoCorasick, Input, Span};

/// So much of a word is searched for. With less, half of all prose would have to be looked at twice.
pub(super) const NEEDLE: usize = 4;

/// The needles, and for each the detectors that want to know of it, one bit each.
pub(super) struct Words {
    search: Search,
    owners: Vec<u64>,
}

enum Search {
    Packed(packed::Searcher),
    Automaton(AhoCorasick),
}

impl Words {
    /// The words with the bit of the detector to which each belongs. `None` without words.
    pub(super) fn new<'w>(words: impl IntoIterator<Item = (&'w str, u64)>) -> Option<Self> {
        let needles = needles(words);
        if needles.is_empty() {
            return None;
        }
        let (needles, owners): (Vec<_>, Vec<_>) = needles.into_iter().unzip();
        let packed = packed::Config::new()
            .match_kind(MatchKind::LeftmostFirst)
            .heuristic_pattern_limits(false)
            .only_teddy(true)
            .builder()
            .extend(&needles)
            .build();
        let search = packed.map_or_else(
            || {
                let automaton = AhoCorasick::new(&needles);
                Search::Automaton(automaton.expect("a few dozen short words fit an automaton"))
            },
            Search::Packed,
        );
        Some(Self { search, owners })
    }

    /// The first needle that begins in `lower` at or after `from`: its owners and its place.
    pub(super) fn next(&self, lower: &[u8], from: usize) -> Option<(u64, usize)> {
        let span = Span { start: from, end: lower.len() };
        let found = match &self.search {
            Search::Packed(packed) => packed.find_in(lower, span),
            Search::Automaton(automaton) => automaton.find(Input::new(lower).span(span)),
        }?;
        Some((self.owners[found.pattern().as_usize()], found.start()))
    }
}

/// The words' beginnings, all of one length, so that at each place there is at most one.
fn needles<'w>(words: impl IntoIterator<Item = (&'w str, u64)>) -> BTreeMap<Vec<u8>, u64> {
    let mut needles = BTreeMap::<Vec<u8>, u64>::new();
    for (word, owner) in words {
        debug_assert!(word.len() >= NEEDLE, "{word} is too short to be told by its start");
        let needle: Vec<_> = word.bytes().take(NEEDLE).collect();
        *needles.entry(needle.to_ascii_lowercase()).or_default() |= owner;
    }
    needles
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each needle of `text` with its owners, in both ways of searching.
    fn check(text: &str, expect: &[(u64, usize)]) {
        let needles = [("AKIA", 1), ("password", 4), ("passcode", 8), ("www.", 16)];
        let words = Words::new(needles).unwrap();
        let automaton = AhoCorasick::new(super::needles(needles).keys()).unwrap();
        let slow = Words { search: Search::Automaton(automaton), owners: words.owners.clone() };
        for words in [words, slow] {
            let (mut found, mut from) = (Vec::new(), 0);
            while let Some((owners, at)) = words.next(text.as_bytes(), from) {
                found.push((owners, at));
                from = at + 1;
            }
            assert_eq!(found, expect, "{text}");
        }
    }

    #[test]
    fn a_word_is_found_by_its_beginning_for_all_who_want_it() {
        check("no such thing here, whatever one may look for", &[]);
        check("my passport and www.x.example, akia1", &[(12, 3), (16, 16), (1, 31)]);
        check("pass", &[(12, 0)]);
        check("", &[]);
    }
}
