//! One score of several: words, vectors, who spoke, how new it is.

use crate::query::Query;
use crate::scan::{Scanned, Scored};
use crate::scope::Scope;

/// The candidates, best first; of equals the newest.
pub(crate) fn rank(scope: &Scope, query: &Query, scanned: &Scanned) -> Vec<Scored> {
    let lexical = scaled(&scanned.scored);
    let mut ranked = match &query.vector {
        None => lexical,
        Some(_) => with_vectors(scope, query, &lexical),
    };
    let named = named_speakers(scope, query);
    for one in &mut ranked {
        let row = &scope.rows[one.at];
        if row.speaker.is_some_and(|speaker| named[usize::from(speaker)]) {
            one.score += query.weights.speaker;
        }
        let days = query.now.since(row.ts).as_secs_f32() / 86_400.0;
        one.score += query.weights.freshness * (-days / query.weights.freshness_days).exp2();
    }
    let best_first = |a: &Scored, b: &Scored| {
        b.score.total_cmp(&a.score).then_with(|| scope.rows[b.at].ts.cmp(&scope.rows[a.at].ts))
    };
    if ranked.len() > CANDIDATES_MAX {
        ranked.select_nth_unstable_by(CANDIDATES_MAX, best_first);
        ranked.truncate(CANDIDATES_MAX);
    }
    ranked.sort_by(best_first);
    ranked
}

/// Most candidates that results are made of.
const CANDIDATES_MAX: usize = 256;

/// From 0 to 1. What holds nothing of the question has 0 already, so that is the least.
fn scaled(scored: &[Scored]) -> Vec<Scored> {
    let most = scored.iter().fold(0.0_f32, |most, one| most.max(one.score));
    scored.iter().map(|one| Scored { score: one.score / most, ..*one }).collect()
}

/// Every fragment that has a word or a vector in common with the question.
fn with_vectors(scope: &Scope, query: &Query, lexical: &[Scored]) -> Vec<Scored> {
    let Some(asked) = &query.vector else { return lexical.to_vec() };
    let cosine = |at: usize| scope.vector(at).map(|vector| vector.cosine(asked));
    let cosines: Vec<Option<f32>> = (0..scope.len()).map(cosine).collect();
    let bounds = cosines
        .iter()
        .flatten()
        .fold((f32::MAX, f32::MIN), |(low, high), cosine| (low.min(*cosine), high.max(*cosine)));
    let width = (bounds.1 - bounds.0).max(f32::EPSILON);
    let mut words = lexical.iter().peekable();
    let mut all = Vec::with_capacity(scope.len());
    for (at, cosine) in cosines.iter().enumerate() {
        let word = words.next_if(|one| one.at == at).map(|one| one.score);
        if !scope.is_live(at, query.now) || (word.is_none() && cosine.is_none()) {
            continue;
        }
        let dense = cosine.map_or(0.0, |cosine| (cosine - bounds.0) / width);
        let share = query.weights.lexical;
        all.push(Scored { at, score: share * word.unwrap_or(0.0) + (1.0 - share) * dense });
    }
    all
}

/// Which speakers the question names.
fn named_speakers(scope: &Scope, query: &Query) -> Vec<bool> {
    let is_named = |names: &Vec<_>| names.iter().any(|name| query.names.contains(name));
    scope.speakers().iter().map(is_named).collect()
}
