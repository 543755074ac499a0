//! The scan: BM25 of every fragment of a scope, with the words of the turns beside it.
//!
//! One pass over all terms, with three rows of counts: of the fragment before, of this one, of the next.
//! Whether a term is asked for is told by one look into a small table for nearly all.

use crate::analyzer::Term;
use crate::query::{Query, TERMS_MAX};
use crate::scope::{Kind, Scope};

/// Slots of the table; a power of two.
const SLOTS: usize = 4096;

/// A fragment in which something of the question stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Scored {
    pub(crate) at: usize,
    pub(crate) score: f32,
}

/// What a scan finds.
#[derive(Debug, Default)]
pub(crate) struct Scanned {
    /// Fragments that hold a term, or stand beside one that does, in their order.
    pub(crate) scored: Vec<Scored>,
    /// Which terms of the question each fragment holds itself; only those that hold any, in their order.
    own: Vec<(usize, u64)>,
    /// What each term of the question weighs in it.
    weights: Vec<f32>,
    /// What all of them weigh.
    weight: f32,
}

impl Scanned {
    /// Which terms of the question a fragment holds, a bit for each.
    fn terms_of(&self, at: usize) -> u64 {
        let found = self.own.binary_search_by_key(&at, |(at, _)| *at);
        found.map_or(0, |place| self.own[place].1)
    }

    /// How much of the question stands in some fragments together: 1 if all of it does.
    pub(crate) fn share(&self, members: impl Iterator<Item = usize>) -> f32 {
        let held = members.fold(0, |held, at| held | self.terms_of(at));
        let weight: f32 = bits(held).map(|n| self.weights[n]).sum();
        if self.weight > 0.0 { weight / self.weight } else { 0.0 }
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
    let asked = Asked::new(&query.terms);
    let idf: Vec<f32> = query.terms.iter().map(|term| scope.idf(*term)).collect();
    let weights = weights(scope, query);
    let weight = weights.iter().sum();
    let mut scanned = Scanned { weights, weight, ..Scanned::default() };
    // Of the fragment before, of this one and of the next; which is which goes round.
    let mut counts = [Counts::default(), Counts::default(), Counts::default()];
    let n = scope.len();
    if query.terms.is_empty() || n == 0 {
        return scanned;
    }
    counts[0].count(scope, 0, &asked);
    for at in 0..n {
        let next = &mut counts[(at + 1) % 3];
        next.clear();
        if at + 1 < n {
            next.count(scope, at + 1, &asked);
        }
        let [before, here, next] = [at + 2, at, at + 1].map(|place| &counts[place % 3]);
        if here.held != 0 {
            scanned.own.push((at, here.held));
        }
        if before.held | here.held | next.held == 0 || !scope.is_live(at, query.now) {
            continue;
        }
        let is_joined_before = at > 0 && scope.is_joined(at - 1);
        let beside = [is_joined_before.then_some(before), scope.is_joined(at).then_some(next)];
        let score = score(scope, at, query, &idf, here, beside);
        if score > 0.0 {
            scanned.scored.push(Scored { at, score });
        }
    }
    scanned
}

/// What each term weighs in how much of the question is answered. Who speaks here is no matter: each turn is
/// theirs, and whoever asks names them.
fn weights(scope: &Scope, query: &Query) -> Vec<f32> {
    let all: Vec<f32> = query.terms.iter().map(|term| scope.idf_at_large(*term)).collect();
    let is_speaker = |word: &Option<Term>| {
        word.is_some_and(|word| scope.speakers().iter().any(|names| names.contains(&word)))
    };
    let without = all.iter().zip(&query.words);
    let without = without.map(|(weight, word)| if is_speaker(word) { 0.0 } else { *weight });
    let without: Vec<f32> = without.collect();
    // A question that names somebody and says nothing else is about them.
    if without.iter().any(|weight| *weight > 0.0) { without } else { all }
}

fn score(
    scope: &Scope,
    at: usize,
    query: &Query,
    idf: &[f32],
    here: &Counts,
    beside: [Option<&Counts>; 2],
) -> f32 {
    let (weights, kind) = (&query.weights, scope.rows[at].kind);
    let lent = |of: fn(&Counts) -> f32| -> f32 { beside.iter().flatten().map(|one| of(one)).sum() };
    let length = here.length + weights.neighbor * lent(|one| one.length);
    let b = match kind {
        Kind::Turn => weights.b_turn,
        Kind::Document => weights.b_document,
    };
    let norm = weights.k1 * (1.0 - b + b * length / scope.mean_length(kind));
    let held = beside.iter().flatten().fold(here.held, |held, one| held | one.held);
    let mut score = 0.0;
    for n in bits(held) {
        let idf = idf[n];
        let lent: f32 = beside.iter().flatten().map(|one| one.n[n]).sum();
        let tf = here.n[n] + weights.neighbor * lent;
        score += idf * tf * (weights.k1 + 1.0) / (tf + norm);
    }
    score
}

/// How often each term of the question stands in one fragment.
struct Counts {
    n: [f32; TERMS_MAX],
    /// A bit for each that does.
    held: u64,
    length: f32,
}

impl Default for Counts {
    fn default() -> Self {
        Self { n: [0.0; TERMS_MAX], held: 0, length: 0.0 }
    }
}

impl Counts {
    fn count(&mut self, scope: &Scope, at: usize, asked: &Asked<'_>) {
        let terms = scope.terms(at);
        self.length = terms.len() as f32;
        for term in terms {
            if let Some(n) = asked.place(*term) {
                self.n[n] += 1.0;
                self.held |= 1 << n;
            }
        }
    }

    fn clear(&mut self) {
        if self.held != 0 {
            self.n = [0.0; TERMS_MAX];
            self.held = 0;
        }
        self.length = 0.0;
    }
}

/// The question's terms, to be told from others quickly.
struct Asked<'a> {
    terms: &'a [Term],
    /// Whether some term falls into a slot.
    slots: Box<[bool; SLOTS]>,
}

impl<'a> Asked<'a> {
    fn new(terms: &'a [Term]) -> Self {
        let mut slots = Box::new([false; SLOTS]);
        for term in terms {
            slots[*term as usize % SLOTS] = true;
        }
        Self { terms, slots }
    }

    fn place(&self, term: Term) -> Option<usize> {
        if !self.slots[term as usize % SLOTS] {
            return None;
        }
        self.terms.iter().position(|one| *one == term)
    }
}
