//! Judges what came back for one question.

use std::collections::BTreeSet;

use super::qa::QaCase;

/// What came back for a question.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answer {
    /// Ids of the fragments of each result, the best result first.
    pub results: Vec<Vec<String>>,
    /// Words of all results together.
    pub n_words: usize,
    /// Fragments that are not of the conversation that was asked about.
    pub n_leaks: usize,
    /// How long it took.
    pub ms: f64,
}

/// How well a question was answered.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judged {
    /// Share of the expected fragments that are in the first k results.
    pub recall: f64,
    /// Whether any of them is.
    pub is_hit: bool,
    /// Whether all of them are.
    pub has_all: bool,
    /// The same, worth more the earlier they come.
    pub ndcg: f64,
}

/// Judges the first `k` results. A fragment counts once, in the first result that has it.
///
/// `None` where nothing should have come back: then there is no recall.
#[must_use]
pub fn judge(case: &QaCase, answer: &Answer, k: usize) -> Option<Judged> {
    let expected: BTreeSet<&str> = case.expected_fragments.iter().map(String::as_str).collect();
    if expected.is_empty() {
        return None;
    }
    let mut left = expected.clone();
    let mut gain = 0.0;
    for (place, result) in answer.results.iter().take(k).enumerate() {
        let n_new = result.iter().filter(|id| left.remove(id.as_str())).count();
        gain += n_new as f64 * discount(place);
    }
    let n_found = expected.len() - left.len();
    let ideal: f64 = (0..expected.len().min(k)).map(discount).sum();
    Some(Judged {
        recall: n_found as f64 / expected.len() as f64,
        is_hit: n_found > 0,
        has_all: left.is_empty(),
        // A span may hold several at once, which is better than the ideal of one in each.
        ndcg: (gain / ideal).min(1.0),
    })
}

fn discount(place: usize) -> f64 {
    1.0 / (place as f64 + 2.0).log2()
}
