//! Whether a run is worse than its baseline, beyond chance and threshold.
//!
//! Four things count, each for itself:
//!
//! - **A case is gone**: every run of it passed in the baseline, and none passes now, whatever the average.
//! - **More cases got worse than better**: McNemar's exact test over all cases, at 1 %.
//! - **Answers are slower**: the geometric mean of the cases' ratios is past the threshold, and chance makes so much
//!   in at most 5 % of runs: sign flips over the cases. A case's ratio is the median over pairs of its runs, then and
//!   now; while the mean is too near to the threshold to tell, more is asked. And somebody could notice it: 20 ms
//!   in the mean.
//! - **Routing has moved**: main's share differs by more than the threshold.
//!
//! Models waver, so nothing that one run suggests is believed at once. [`Comparison::doubts`] names the cases that
//! must be run again; what counts then is all runs together. A case that only wavers passes once before long;
//! how often it is asked grows with the number of suspects, so that a large set with many wavering cases raises
//! no more alarms than a small one.

mod doubts;
mod verdict;

use std::collections::BTreeMap;

use crate::report::{Change, Report, TestResult, even_runs};
use crate::stats::{Shift, mcnemar_worse, mean, ratio, shift};

pub use doubts::Doubt;
pub use verdict::{Outcome, unanswered};

/// Chance of error of the test over all cases.
const ALPHA_CASES: f64 = 0.01;
/// Chance of error of the test of latency; the threshold has to be passed as well.
const ALPHA_LATENCY: f64 = 0.05;
/// Standard errors from the threshold within which it is open on which side of it latency is.
const ERRORS_APART: f64 = 2.0;
/// Mean difference of latency, in milliseconds, that nobody notices.
const UNNOTICED_MS: f64 = 20.0;
/// Share of runs without an answer from which on nothing can be told.
const ERRORS_MAX: f64 = 0.1;

/// A run beside its baseline.
#[derive(Debug)]
pub struct Comparison<'a> {
    pairs: Vec<Pair<'a>>,
    tests: &'a [TestResult],
    threshold: f64,
    latency: Option<Shift>,
}

/// A case before and now.
#[derive(Debug, Clone, Copy)]
struct Pair<'a> {
    before: &'a TestResult,
    now: &'a TestResult,
}

impl Pair<'_> {
    /// How many times longer an answer takes.
    fn slower(&self) -> Option<f64> {
        let times = |test: &TestResult| -> Vec<f64> {
            let answered = test.runs.iter().filter(|run| run.is_answered());
            answered.map(|run| run.latency_ms).collect()
        };
        ratio(&times(self.before), &times(self.now))
    }
}

/// A set does not belong to a baseline.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DriftError {
    /// A case asks or expects something else than then.
    #[error("the case {id:?} is not the one that the baseline was recorded with")]
    Changed {
        /// The case.
        id: String,
    },
    /// A case of the baseline is not in the set.
    #[error("the case {id:?} of the baseline is not in the golden set")]
    Removed {
        /// The case.
        id: String,
    },
    /// They have no case in common.
    #[error("the baseline knows none of the golden set's cases")]
    Strangers,
}

/// Whether a baseline is of this set. New cases are no drift: they are only not compared.
///
/// # Errors
/// When a case was changed or removed, or all are strangers.
pub fn check_drift(baseline: &Report, set: &crate::GoldenSet) -> Result<(), DriftError> {
    let cases: BTreeMap<_, _> = set.cases().iter().map(|case| (case.id.as_str(), case)).collect();
    for test in baseline.tests.iter().filter(|test| !test.is_candidate) {
        let id = || test.id.clone();
        match cases.get(test.id.as_str()) {
            None => return Err(DriftError::Removed { id: id() }),
            Some(case) if case.sha256 != test.case_sha256 => {
                return Err(DriftError::Changed { id: id() });
            }
            Some(_) => {}
        }
    }
    let is_known = |test: &TestResult| !test.is_candidate && cases.contains_key(test.id.as_str());
    if baseline.tests.iter().any(is_known) { Ok(()) } else { Err(DriftError::Strangers) }
}

impl<'a> Comparison<'a> {
    /// Pairs cases by id and content. What is not in both is not compared.
    #[must_use]
    pub fn new(baseline: &'a Report, tests: &'a [TestResult], threshold: f64) -> Self {
        let known: BTreeMap<_, _> = baseline
            .tests
            .iter()
            .filter(|test| !test.is_candidate)
            .map(|test| ((test.id.as_str(), test.case_sha256.as_str()), test))
            .collect();
        let deciding = tests.iter().filter(|test| !test.is_candidate);
        let pair = |now: &'a TestResult| {
            let before = known.get(&(now.id.as_str(), now.case_sha256.as_str()))?;
            Some(Pair { before, now })
        };
        let pairs: Vec<_> = deciding.filter_map(pair).collect();
        let latency = shift(&pairs.iter().filter_map(Pair::slower).collect::<Vec<_>>());
        Self { pairs, tests, threshold, latency }
    }

    /// Cases that were compared.
    #[must_use]
    pub fn n_compared(&self) -> usize {
        self.pairs.len()
    }

    /// Whether a case is in the baseline.
    #[must_use]
    pub fn knows(&self, test: &TestResult) -> bool {
        self.pairs.iter().any(|pair| pair.now.id == test.id)
    }

    /// How latency has moved; none where no case was answered both times.
    #[must_use]
    pub const fn latency(&self) -> Option<Shift> {
        self.latency
    }

    fn gone(&self) -> impl Iterator<Item = &Pair<'a>> {
        self.pairs.iter().filter(|pair| pair.before.pass_k && pair.now.is_gone())
    }

    fn worse(&self) -> impl Iterator<Item = &Pair<'a>> {
        self.pairs.iter().filter(|pair| pair.before.passed && !pair.now.passed)
    }

    fn better(&self) -> impl Iterator<Item = &Pair<'a>> {
        self.pairs.iter().filter(|pair| !pair.before.passed && pair.now.passed)
    }

    fn p_cases(&self) -> f64 {
        mcnemar_worse(self.worse().count() as u64, self.better().count() as u64)
    }

    /// Whether more runs could say something else of latency: it has changed beyond chance, and whether past the
    /// threshold hangs on how the cases differ.
    fn latency_is_open(&self) -> bool {
        let limit = (1.0 + self.threshold).ln();
        self.latency.is_some_and(|shift| {
            shift.p_slower <= ALPHA_LATENCY
                && self.added_ms() > UNNOTICED_MS
                && (shift.ratio.ln() - limit).abs() < ERRORS_APART * shift.error
        })
    }

    fn is_slower(&self) -> Option<Shift> {
        self.latency().filter(|shift| {
            shift.ratio > 1.0 + self.threshold
                && shift.p_slower <= ALPHA_LATENCY
                && self.added_ms() > UNNOTICED_MS
        })
    }

    /// How much longer an answer takes, in the mean.
    fn added_ms(&self) -> f64 {
        let added = |pair: &Pair<'_>| Some(pair.now.latency_ms? - pair.before.latency_ms?);
        mean(&self.pairs.iter().filter_map(added).collect::<Vec<_>>()).unwrap_or(0.0)
    }

    /// Main's share before and now, over the answered runs of the compared cases.
    fn main_shares(&self) -> Option<(f64, f64)> {
        let share = |of: fn(&Pair<'a>) -> &'a TestResult| {
            let tests: Vec<_> = self.pairs.iter().map(of).collect();
            let sources: Vec<_> = even_runs(&tests).filter_map(|run| run.source).collect();
            let n_main = sources.iter().filter(|source| **source == aios_core::Tier::Main).count();
            (!sources.is_empty()).then(|| n_main as f64 / sources.len() as f64)
        };
        Some((share(|pair| pair.before)?, share(|pair| pair.now)?))
    }
}

fn change(what: &str, id: Option<&str>, detail: String, p_value: Option<f64>) -> Change {
    Change { what: what.to_owned(), id: id.map(str::to_owned), detail, p_value }
}

#[cfg(test)]
mod tests;
