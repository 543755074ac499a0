//! The scan: BM25 of every fragment of a scope, with the words of the turns beside it.
//!
//! One pass over all terms tells which fragments hold what is asked, and by that how rare each term is here; only
//! those and the ones beside them are scored. Whether a term is asked for is told by one look into a small table
//! for nearly all, so that the pass costs a nanosecond a term, and there is no index to be kept.

use crate::analyzer::Term;
use crate::query::{Query, TERMS_MAX};
use crate::scope::{Kind, Scope};

/// Slots of the table; a power of two, and many times as many as terms.
const SLOTS: usize = 4096;

/// A scope of fewer fragments says too little of how rare a term is: by its own count what it holds would weigh
/// nothing beside what it does not. How much of a question is answered is weighed as if it had as many.
const LARGE: usize = 200;

/// A fragment in which something of the question stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Scored {
    pub(crate) at: usize,
    pub(crate) score: f32,
    /// Which terms of the question stand in it or beside it, a bit for each: no more than these count for it.
    pub(crate) held: u64,
}

/// What a scan finds.
#[derive(Debug, Default)]
pub(crate) struct Scanned {
    /// Fragments that hold a term, or stand beside one that does, in their order.
    pub(crate) scored: Vec<Scored>,
    holders: Holders,
    /// What each term of the question weighs in it.
    weights: Vec<f32>,
    /// What all of them weigh.
    weight: f32,
    /// What it takes to tell one fragment from all others.
    one_of_all: f32,
}

impl Scanned {
    /// How much of the question stands in some fragments together: 1 if all of it does.
    pub(crate) fn share(&self, members: impl Iterator<Item = usize>) -> f32 {
        self.share_of(self.held_by(members))
    }

    /// The same of terms. More terms are never less.
    pub(crate) fn share_of(&self, held: u64) -> f32 {
        if self.weight > 0.0 { self.weight_of(held) / self.weight } else { 0.0 }
    }

    /// How far what they hold of the question tells some fragments from all others: 1 if by chance no more than one
    /// fragment of the scope held as much. What the question says besides is no matter: whoever asks has other
    /// words than whoever answers, but one rare word in common is seldom chance.
    pub(crate) fn evidence(&self, members: impl Iterator<Item = usize>) -> f32 {
        self.weight_of(self.held_by(members)) / self.one_of_all
    }

    fn held_by(&self, members: impl Iterator<Item = usize>) -> u64 {
        members.fold(0, |held, at| held | self.holders.held_by(at))
    }

    fn weight_of(&self, held: u64) -> f32 {
        bits(held).map(|n| self.weights[n]).sum()
    }
}

/// The places of the bits that are set.
fn bits(mut of: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let n = (of != 0).then(|| of.trailing_zeros() as usize)?;
        of &= of - 1;
        Some(n)
    })
}

/// Scans a scope.
pub(crate) fn scan(scope: &Scope, query: &Query) -> Scanned {
    let mut scanned = Scanned { holders: Holders::find(scope, &query.terms), ..Scanned::default() };
    let n_with = &scanned.holders.n_with;
    let idf = |n: usize| -> Vec<f32> { n_with.iter().map(|n_with| idf(n, *n_with)).collect() };
    scanned.weights = weights(scope, query, idf(scope.len().max(LARGE)));
    scanned.weight = scanned.weights.iter().sum();
    scanned.one_of_all = (scope.len().max(LARGE) as f32).ln();
    scanned.scored = scanned.holders.score(scope, query, &idf(scope.len()));
    scanned
}

/// How rare a term is that stands in `n_with` of `n` fragments.
fn idf(n: usize, n_with: u32) -> f32 {
    let (n, n_with) = (n as f32, n_with as f32);
    (1.0 + (n - n_with + 0.5) / (n_with + 0.5)).ln()
}

/// What each term weighs in how much of the question is answered, of how rare they are. Who speaks here is no
/// matter: each turn is theirs, and whoever asks names them.
fn weights(scope: &Scope, query: &Query, all: Vec<f32>) -> Vec<f32> {
    let is_speaker = |word: &Option<Term>| {
        word.is_some_and(|word| scope.speakers().iter().any(|names| names.contains(&word)))
    };
    let without = all.iter().zip(&query.words);
    let without = without.map(|(weight, word)| if is_speaker(word) { 0.0 } else { *weight });
    let without: Vec<f32> = without.collect();
    // A question that names somebody and says nothing else is about them.
    if without.iter().any(|weight| *weight > 0.0) { without } else { all }
}

/// Fragments that hold terms of the question themselves.
#[derive(Debug, Default)]
struct Holders {
    /// In their order.
    all: Vec<Holder>,
    /// How often each of their terms stands there: for one holder after the other, in the order of its bits.
    counts: Vec<u32>,
    /// In how many fragments each term of the question stands.
    n_with: Vec<u32>,
}

#[derive(Debug, Clone, Copy)]
struct Holder {
    at: usize,
    /// Which terms of the question it holds, a bit for each.
    held: u64,
    /// Place of its first count.
    counts: usize,
}

impl Holders {
    fn find(scope: &Scope, terms: &[Term]) -> Self {
        let mut found = Self { n_with: vec![0; terms.len()], ..Self::default() };
        if terms.is_empty() {
            return found;
        }
        let asked = Asked::new(terms);
        let mut counts = [0; TERMS_MAX];
        for at in 0..scope.len() {
            let mut held = 0_u64;
            for n in scope.terms(at).iter().filter_map(|term| asked.place(*term)) {
                counts[n] += 1;
                held |= 1 << n;
            }
            if held != 0 {
                found.all.push(Holder { at, held, counts: found.counts.len() });
            }
            for n in bits(held) {
                found.n_with[n] += 1;
                found.counts.push(std::mem::take(&mut counts[n]));
            }
        }
        found
    }

    /// Which terms of the question a fragment holds.
    fn held_by(&self, at: usize) -> u64 {
        let place = self.all.binary_search_by_key(&at, |holder| holder.at);
        place.map_or(0, |place| self.all[place].held)
    }

    /// Of those that hold something and those beside them.
    fn score(&self, scope: &Scope, query: &Query, idf: &[f32]) -> Vec<Scored> {
        let mut scored = Vec::with_capacity(scope.len().min(3 * self.all.len()));
        let means = [Kind::Turn, Kind::Document].map(|kind| scope.mean_length(kind));
        let mut scorer = Scorer { scope, query, idf, means, tf: [0.0; TERMS_MAX] };
        let mut next = 0;
        for (place, holder) in self.all.iter().enumerate() {
            let last = (holder.at + 1).min(scope.len() - 1);
            for at in next.max(holder.at.saturating_sub(1))..=last {
                // Whatever stands beside it is no further away than that among those that hold something.
                let near = place.saturating_sub(1)..self.all.len().min(place + 3);
                let near = near.map(|place| (&self.all[place], self.counts_of(place)));
                let (score, held) = scorer.score(at, near);
                scored.extend((score > 0.0).then_some(Scored { at, score, held }));
            }
            next = holder.at + 2;
        }
        scored
    }

    fn counts_of(&self, place: usize) -> &[u32] {
        &self.counts[self.all[place].counts..]
    }
}

struct Scorer<'a> {
    scope: &'a Scope,
    query: &'a Query,
    idf: &'a [f32],
    /// Mean lengths of turns and of documents.
    means: [f32; 2],
    /// How often each term stands in the fragment, with what those beside it lend; nothing between two.
    tf: [f32; TERMS_MAX],
}

impl Scorer<'_> {
    /// BM25 of one fragment, and the terms that it is of; `near` are those that hold something, among them the ones
    /// beside it.
    fn score<'a>(
        &mut self,
        at: usize,
        near: impl Iterator<Item = (&'a Holder, &'a [u32])>,
    ) -> (f32, u64) {
        let Self { scope, query, .. } = *self;
        let weights = &query.weights;
        if !scope.is_live(at, query.now) {
            return (0.0, 0);
        }
        let before = at.checked_sub(1).filter(|before| scope.is_joined(*before));
        let next = scope.is_joined(at).then_some(at + 1);
        let mut held = 0;
        for (holder, counts) in near {
            let weight = match holder.at {
                own if own == at => 1.0,
                beside if Some(beside) == before || Some(beside) == next => weights.neighbor,
                _ => continue,
            };
            held |= holder.held;
            let counts = bits(holder.held).zip(counts);
            counts.for_each(|(n, count)| self.tf[n] += weight * *count as f32);
        }
        let lent: usize = before.iter().chain(&next).map(|at| scope.terms(*at).len()).sum();
        let length = scope.terms(at).len() as f32 + weights.neighbor * lent as f32;
        let norm = self.norm(scope.rows[at].kind, length);
        let of_term = |n: usize| {
            let tf = std::mem::take(&mut self.tf[n]);
            self.idf[n] * tf * (weights.k1 + 1.0) / (tf + norm)
        };
        (bits(held).map(of_term).sum(), held)
    }

    /// How a length holds a fragment back.
    fn norm(&self, kind: Kind, length: f32) -> f32 {
        let weights = &self.query.weights;
        let [of_turns, of_documents] = self.means;
        let (b, mean) = match kind {
            Kind::Turn => (weights.b_turn, of_turns),
            Kind::Document => (weights.b_document, of_documents),
        };
        weights.k1 * (1.0 - b + b * length / mean)
    }
}

/// The question's terms, to be told from others quickly: a table in which each has the first free slot from its own.
struct Asked<'a> {
    terms: &'a [Term],
    /// Number of the term, from one; 0 is free.
    slots: [u8; SLOTS],
}

impl<'a> Asked<'a> {
    fn new(terms: &'a [Term]) -> Self {
        let mut asked = Self { terms, slots: [0; SLOTS] };
        for (number, term) in (1..).zip(terms) {
            let mut slot = *term as usize % SLOTS;
            while asked.slots[slot] != 0 {
                slot = (slot + 1) % SLOTS;
            }
            asked.slots[slot] = number;
        }
        asked
    }

    fn place(&self, term: Term) -> Option<usize> {
        let mut slot = term as usize % SLOTS;
        loop {
            let place = usize::from(self.slots[slot].checked_sub(1)?);
            if self.terms[place] == term {
                return Some(place);
            }
            slot = (slot + 1) % SLOTS;
        }
    }
}
