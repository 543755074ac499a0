//! One score of several: words, vectors, who spoke, how new it is.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use aios_core::Timestamp;

use crate::query::Query;
use crate::scan::{Scanned, Scored};
use crate::scope::Scope;
use crate::vector::Quantized;

/// The candidates, best first; of equals the newest, then the first.
pub(crate) fn rank(scope: &Scope, query: &Query, scanned: &Scanned) -> Ranked {
    let lexical = scaled(&scanned.scored);
    let candidates = match &query.vector {
        // Where all of them are looked at, those that hold too little of the question need no place among the others.
        None if lexical.len() <= CANDIDATES_MAX => {
            let holds_enough = |one: &Scored| scanned.share_of(one.held) >= query.weights.floor;
            lexical.into_iter().filter(holds_enough).collect()
        }
        None => lexical,
        Some(_) => with_vectors(scope, query, &lexical),
    };
    let named = named_speakers(scope, query);
    let candidate = |one: Scored| {
        let row = &scope.rows[one.at];
        let is_named = row.speaker.is_some_and(|speaker| named[usize::from(speaker)]);
        let days = query.now.since(row.ts).as_secs_f32() / 86_400.0;
        let freshness = query.weights.freshness * (-days / query.weights.freshness_days).exp2();
        let speaker = if is_named { query.weights.speaker } else { 0.0 };
        let score = one.score + speaker + freshness;
        Candidate { score, ts: row.ts, at: Reverse(one.at), held: one.held }
    };
    Ranked { left: candidates.into_iter().map(candidate).collect(), n_left: CANDIDATES_MAX }
}

/// Candidates in a heap: of hundreds, results are made of the first few.
pub(crate) struct Ranked {
    left: BinaryHeap<Candidate>,
    n_left: usize,
}

impl Iterator for Ranked {
    type Item = Scored;

    fn next(&mut self) -> Option<Scored> {
        self.n_left = self.n_left.checked_sub(1)?;
        let Candidate { score, at: Reverse(at), held, .. } = self.left.pop()?;
        Some(Scored { at, score, held })
    }
}

/// Most candidates that results are made of.
const CANDIDATES_MAX: usize = 256;

struct Candidate {
    score: f32,
    ts: Timestamp,
    at: Reverse<usize>,
    held: u64,
}

impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_score = self.score.total_cmp(&other.score);
        by_score.then_with(|| (self.ts, self.at).cmp(&(other.ts, other.at)))
    }
}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Candidate {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Candidate {}

/// From 0 to 1. What holds nothing of the question has 0 already, so that is the least.
fn scaled(scored: &[Scored]) -> Vec<Scored> {
    let most = scored.iter().fold(0.0_f32, |most, one| most.max(one.score));
    scored.iter().map(|one| Scored { score: one.score / most, ..*one }).collect()
}

/// Every fragment that has a word or a vector in common with the question.
fn with_vectors(scope: &Scope, query: &Query, lexical: &[Scored]) -> Vec<Scored> {
    let Some(asked) = &query.vector else { return lexical.to_vec() };
    let cosines = near(scope, asked, query.weights.neighbor);
    // What may not be found sets no bound for what may.
    let live = cosines.iter().enumerate().filter(|(at, _)| scope.is_live(*at, query.now));
    let bounds = live
        .filter_map(|(_, cosine)| *cosine)
        .fold((f32::MAX, f32::MIN), |(low, high), cosine| (low.min(cosine), high.max(cosine)));
    let width = (bounds.1 - bounds.0).max(f32::EPSILON);
    let mut words = lexical.iter().peekable();
    let mut all = Vec::with_capacity(scope.len());
    for (at, cosine) in cosines.iter().enumerate() {
        let word = words.next_if(|one| one.at == at);
        if !scope.is_live(at, query.now) || (word.is_none() && cosine.is_none()) {
            continue;
        }
        let dense = cosine.map_or(0.0, |cosine| (cosine - bounds.0) / width);
        let share = query.weights.lexical;
        let (word, held) = word.map_or((0.0, 0), |word| (word.score, word.held));
        all.push(Scored { at, score: share * word + (1.0 - share) * dense, held });
    }
    all
}

/// How near each fragment is to what is asked, where it has a vector: the mean of its cosine and, at that weight, those
/// of the turns beside it, as far as there are any. A mean, so that the first and the last turn are at no disadvantage.
fn near(scope: &Scope, asked: &Quantized, weight: f32) -> Vec<Option<f32>> {
    let cosine = |at: usize| scope.vector(at).map(|vector| vector.cosine(asked));
    let cosines: Vec<Option<f32>> = (0..scope.len()).map(cosine).collect();
    let with_those_beside = |at: usize| {
        let before = at.checked_sub(1).filter(|before| scope.is_joined(*before));
        let next = scope.is_joined(at).then_some(at + 1);
        let beside = before.into_iter().chain(next).filter_map(|beside| cosines[beside]);
        let lend = |(sum, of): (f32, f32), cosine: f32| (sum + weight * cosine, of + weight);
        let (sum, of) = beside.fold((cosines[at]?, 1.0), lend);
        Some(sum / of)
    };
    (0..scope.len()).map(with_those_beside).collect()
}

/// Which speakers the question names.
fn named_speakers(scope: &Scope, query: &Query) -> Vec<bool> {
    let is_named = |names: &Vec<_>| names.iter().any(|name| query.names.contains(name));
    scope.speakers().iter().map(is_named).collect()
}

#[cfg(test)]
mod tests;
