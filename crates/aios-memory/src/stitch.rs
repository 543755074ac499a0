//! Results of candidates: spans are stitched, what is the same stands once, and words are counted.

use crate::query::{Query, Unit};
use crate::scan::{Scanned, Scored};
use crate::scope::Scope;
use crate::search::Hit;

/// Turns on either side of the one that was found.
const REACH: usize = 2;

/// The same, at most, where words are left when all results are made: a turn more for each in turn, as often as
/// they last.
const REACH_MAX: usize = 5;

/// Turns on either side that say what one is about, also where they are not returned.
const BESIDE: usize = 1;

/// Makes results of candidates, the best first.
pub(crate) fn stitch(
    scope: &Scope,
    query: &Query,
    scanned: &Scanned,
    ranked: impl Iterator<Item = Scored>,
) -> Vec<Hit> {
    let mut made = Made { scope, query, scanned, hits: Vec::new(), said: Vec::new(), n_words: 0 };
    for one in ranked {
        if made.hits.len() == query.k {
            break;
        }
        made.take(one);
    }
    if query.unit == Unit::Span {
        made.widen();
    }
    if made.are_about() { made.hits } else { Vec::new() }
}

struct Made<'a> {
    scope: &'a Scope,
    query: &'a Query,
    scanned: &'a Scanned,
    hits: Vec<Hit>,
    /// Terms of each hit in their order, until none is begun any more.
    said: Vec<Vec<u32>>,
    n_words: usize,
}

impl Made<'_> {
    fn take(&mut self, one: Scored) {
        if self.hits.iter().any(|hit| hit.members.contains(&one.at)) {
            return;
        }
        // Every window has at least this one.
        if !self.has_room(self.words_of(&[one.at])) || !self.is_about(one) {
            return;
        }
        let reach = match self.query.unit {
            Unit::Turn => 0,
            Unit::Span => REACH,
        };
        // What does not fit with all its neighbors may fit with fewer.
        for reach in (0..=reach).rev() {
            let window: Vec<usize> = self.window(one.at, reach).collect();
            if self.extend(&window) || self.begin(one, window) {
                return;
            }
        }
    }

    /// Gives results a turn more on either side, the best first, as far as words are left.
    fn widen(&mut self) {
        for reach in REACH + 1..=REACH_MAX {
            for place in 0..self.hits.len() {
                let new = self.free(self.window(self.hits[place].best, reach));
                self.join(place, new);
            }
        }
    }

    /// The turns around one, as far as the session goes.
    fn window(&self, at: usize, reach: usize) -> impl Iterator<Item = usize> {
        let (mut first, mut last) = (at, at);
        while at - first < reach && first > 0 && self.scope.is_joined(first - 1) {
            first -= 1;
        }
        while last - at < reach && self.scope.is_joined(last) {
            last += 1;
        }
        (first..=last).filter(|near| self.scope.is_live(*near, self.query.now))
    }

    /// Those that are in no result yet.
    fn free(&self, window: impl Iterator<Item = usize>) -> Vec<usize> {
        window.filter(|at| !self.hits.iter().any(|hit| hit.members.contains(at))).collect()
    }

    /// Whether enough of the question is in it, in words or in meaning. Without this, whatever is least
    /// far away would come back for a question that nothing here answers.
    fn is_about(&self, Scored { at, held, .. }: Scored) -> bool {
        let is_enough = |share: f32| share >= self.query.weights.floor;
        // What of those beside it does not hold now counts not: to look for that is seldom needed.
        let holds_enough = is_enough(self.scanned.share_of(held))
            && is_enough(self.scanned.share(self.window(at, BESIDE)));
        holds_enough || self.means(at, self.query.weights.floor_cosine)
    }

    /// Whether some result has more of the question than chance would bring, in words or in meaning.
    fn are_about(&self) -> bool {
        let weights = &self.query.weights;
        let told_apart = |hit: &Hit| {
            self.scanned.evidence(hit.members.iter().copied()) >= weights.floor_evidence
        };
        let is_meant = |hit: &Hit| self.means(hit.best, weights.floor_meaning);
        self.hits.iter().any(|hit| told_apart(hit) || is_meant(hit))
    }

    /// Whether a fragment by itself means what is asked, as far as vectors tell.
    fn means(&self, at: usize, floor: f32) -> bool {
        let asked = self.query.vector.as_ref();
        let cosine = self.scope.vector(at).zip(asked).map(|(one, asked)| one.cosine(asked));
        cosine.is_some_and(|cosine| cosine >= floor)
    }

    /// Joins a window to a result that it overlaps. Whether it did.
    fn extend(&mut self, window: &[usize]) -> bool {
        let overlaps = |hit: &Hit| window.iter().any(|at| hit.members.contains(at));
        let Some(place) = self.hits.iter().position(overlaps) else { return false };
        let new = self.free(window.iter().copied());
        if !self.join(place, new) {
            return false;
        }
        self.said[place] = self.terms_of(&self.hits[place].members);
        true
    }

    /// Adds fragments to a result, if they fit. Whether they did.
    fn join(&mut self, place: usize, new: Vec<usize>) -> bool {
        let n_words = self.words_of(&new);
        if !self.has_room(n_words) {
            return false;
        }
        self.n_words += n_words;
        let mut members = std::mem::take(&mut self.hits[place].members);
        members.extend(new);
        members.sort_unstable();
        let share = self.scanned.share(members.iter().copied());
        let hit = &mut self.hits[place];
        (hit.members, hit.share) = (members, share);
        hit.n_words += n_words;
        true
    }

    /// A result of its own, if it fits and is not there already in the same words. Whether it is dealt
    /// with.
    fn begin(&mut self, one: Scored, window: Vec<usize>) -> bool {
        let members = self.free(window.into_iter());
        let n_words = self.words_of(&members);
        if !self.has_room(n_words) {
            return false;
        }
        let said = self.terms_of(&members);
        if self.is_copy(&members, &said) {
            return true;
        }
        self.n_words += n_words;
        self.said.push(said);
        let share = self.scanned.share(members.iter().copied());
        self.hits.push(Hit { best: one.at, members, score: one.score, share, n_words });
        true
    }

    fn has_room(&self, n_words: usize) -> bool {
        self.n_words.saturating_add(n_words) <= self.query.words_max
    }

    /// Whether a result says all of it already: the same terms in the same order, a few more perhaps, and no other
    /// number, sign, name or "not".
    fn is_copy(&self, members: &[usize], said: &[u32]) -> bool {
        let guard = self.guard_of(members);
        self.hits.iter().zip(&self.said).any(|(hit, all)| {
            let share = said.len() as f32 / all.len().max(1) as f32;
            share >= self.query.weights.same
                && is_within(said, all)
                && self.guard_of(&hit.members) == guard
        })
    }

    fn guard_of(&self, members: &[usize]) -> u32 {
        members.iter().fold(0, |all, at| all.wrapping_add(self.scope.rows[*at].guard))
    }

    fn terms_of(&self, members: &[usize]) -> Vec<u32> {
        members.iter().flat_map(|at| self.scope.terms(*at)).copied().collect()
    }

    fn words_of(&self, members: &[usize]) -> usize {
        members.iter().map(|at| self.scope.rows[*at].n_words as usize).sum()
    }
}

/// Whether all of one stands in the other, in the same order.
fn is_within(said: &[u32], all: &[u32]) -> bool {
    let mut all = all.iter();
    said.iter().all(|one| all.any(|other| other == one))
}
