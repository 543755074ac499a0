//! One case in a report.

use aios_core::Tier;
use serde::{Deserialize, Serialize};

use crate::golden::{GoldenCase, Origin};
use crate::observation::Observation;
use crate::stats::median;

/// A case and its runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TestResult {
    /// The case.
    pub id: String,
    /// Hash of what it asks and expects.
    pub case_sha256: String,
    /// The message.
    pub question: String,
    /// What kind of question it is.
    #[serde(default, rename = "trait", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// It waits to be accepted and decides nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_candidate: bool,
    /// More than half of its runs passed.
    pub passed: bool,
    /// Runs that passed.
    pub n_passed: usize,
    /// Every run passed.
    pub pass_k: bool,
    /// Some runs passed and some did not.
    pub flaky: bool,
    /// Median latency of the answered runs.
    pub latency_ms: Option<f64>,
    /// The tier that every answered run was routed to, if it is the same one.
    pub tier: Option<Tier>,
    /// Each expectation over all runs.
    pub assertions: Vec<AssertionResult>,
    /// Each run.
    pub runs: Vec<Observation>,
    /// Where a promoted case comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
}

/// An expectation over all runs of a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssertionResult {
    /// Its key in the golden set; `answered` is expected of every case.
    pub key: String,
    /// What was expected.
    pub expected: String,
    /// Runs that met it.
    pub n_passed: usize,
    /// What was found in the first run that did not.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub found: String,
}

impl TestResult {
    /// Judges the runs of a case.
    #[must_use]
    pub fn of(case: &GoldenCase, runs: Vec<Observation>) -> Self {
        let checked: Vec<Vec<AssertionResult>> = runs.iter().map(|run| check(case, run)).collect();
        let has_passed =
            |one: &&Vec<AssertionResult>| one.iter().all(|result| result.n_passed == 1);
        let n_passed = checked.iter().filter(has_passed).count();
        let answered = || runs.iter().filter(|run| run.is_answered());
        let latencies: Vec<f64> = answered().map(|run| run.latency_ms).collect();
        let tier = answered().next().and_then(|run| run.tier);
        Self {
            id: case.id.clone(),
            case_sha256: case.sha256.clone(),
            question: case.question.clone(),
            kind: case.kind.clone(),
            is_candidate: case.is_candidate,
            passed: 2 * n_passed > runs.len(),
            n_passed,
            pass_k: n_passed == runs.len() && !runs.is_empty(),
            flaky: n_passed > 0 && n_passed < runs.len(),
            latency_ms: median(&latencies),
            tier: tier.filter(|tier| answered().all(|run| run.tier == Some(*tier))),
            assertions: summed(checked),
            origin: case.origin.clone(),
            runs,
        }
    }

    /// The same with every text that a model wrote changed in this way, once it was judged.
    #[must_use]
    pub fn with_texts(mut self, change: impl Fn(&str) -> String) -> Self {
        for run in &mut self.runs {
            run.answer = change(&run.answer);
            run.error = run.error.as_deref().map(&change);
        }
        for assertion in &mut self.assertions {
            assertion.found = change(&assertion.found);
        }
        self
    }

    /// No run passed.
    #[must_use]
    pub const fn is_gone(&self) -> bool {
        self.n_passed == 0 && !self.runs.is_empty()
    }
}

/// One run against all expectations. Without an answer none is met.
fn check(case: &GoldenCase, run: &Observation) -> Vec<AssertionResult> {
    let result = |key: &str, expected: String, passed: bool, found: String| AssertionResult {
        key: key.to_owned(),
        expected,
        n_passed: usize::from(passed),
        found,
    };
    let is_answered = run.is_answered() && !run.answer.trim().is_empty();
    let why = run.error.clone().unwrap_or_else(|| "the answer is empty".to_owned());
    let found = if is_answered { String::new() } else { why };
    let answered = result("answered", "an answer".to_owned(), is_answered, found);
    let others = case.expectations.iter().map(|expectation| {
        if run.is_answered() {
            let check = expectation.check(run);
            result(expectation.key(), expectation.told(), check.passed, check.found)
        } else {
            result(expectation.key(), expectation.told(), false, String::new())
        }
    });
    std::iter::once(answered).chain(others).collect()
}

fn summed(checked: Vec<Vec<AssertionResult>>) -> Vec<AssertionResult> {
    let mut runs = checked.into_iter();
    let mut sum = runs.next().unwrap_or_default();
    for run in runs {
        for (total, one) in sum.iter_mut().zip(run) {
            total.n_passed += one.n_passed;
            if total.found.is_empty() {
                total.found = one.found;
            }
        }
    }
    sum
}
