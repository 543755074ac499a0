//! The figures and counts of a run, from its cases.

use aios_core::Tier;

use super::{Metrics, Summary, TestResult};
use crate::observation::Observation;
use crate::stats::{mean, median, percentile, wilson};

impl Metrics {
    /// Over the cases that decide. Of nothing every share is 0, and so is no good one.
    #[must_use]
    pub fn of(tests: &[TestResult]) -> Self {
        let deciding: Vec<_> = tests.iter().filter(|test| !test.is_candidate).collect();
        let runs: Vec<_> = even_runs(&deciding).collect();
        // No error is passed over, also where it came of asking again.
        let all: Vec<_> = deciding.iter().flat_map(|test| &test.runs).collect();
        let n_errors = all.iter().filter(|run| !run.is_answered()).count();
        let answered: Vec<_> = runs.iter().filter(|run| run.is_answered()).collect();
        let latencies: Vec<f64> = answered.iter().map(|run| run.latency_ms).collect();
        let n_passed = deciding.iter().filter(|test| test.passed).count();
        let n_main = answered.iter().filter(|run| run.source == Some(Tier::Main)).count();
        let costs = answered.iter().map(|run| run.cost_usd).sum::<Option<f64>>();
        Self {
            pass_rate: share(n_passed, deciding.len()),
            pass_rate_ci: wilson(n_passed as u64, deciding.len() as u64),
            pass_k: share(deciding.iter().filter(|test| test.pass_k).count(), deciding.len()),
            p50_ms: median(&latencies).unwrap_or(0.0),
            p95_ms: percentile(&latencies, 0.95).unwrap_or(0.0),
            mean_ms: mean(&latencies).unwrap_or(0.0),
            error_rate: share(n_errors, all.len()),
            main_model_percent: 100.0 * share(n_main, answered.len()),
            recall_at_5: None,
            cost_usd: costs.filter(|_| !answered.is_empty()),
            n: runs.len(),
        }
    }
}

/// As many runs of each case as every case has: what was asked again counts for its case, and must not give it more
/// weight among the others.
pub(crate) fn even_runs<'a>(tests: &[&'a TestResult]) -> impl Iterator<Item = &'a Observation> {
    let n = tests.iter().map(|test| test.runs.len()).min().unwrap_or(0);
    tests.iter().flat_map(move |test| test.runs.iter().take(n))
}

impl Summary {
    /// `is_new` tells the cases that the baseline does not know.
    #[must_use]
    pub fn of(tests: &[TestResult], is_new: impl Fn(&TestResult) -> bool) -> Self {
        let n = |is: &dyn Fn(&TestResult) -> bool| {
            tests.iter().filter(|test| !test.is_candidate && is(test)).count()
        };
        let runs = tests.iter().flat_map(|test| &test.runs);
        Self {
            cases: n(&|_| true),
            passed: n(&|test| test.passed),
            failed: n(&|test| !test.passed),
            flaky: n(&|test| test.flaky),
            candidates: tests.iter().filter(|test| test.is_candidate).count(),
            new: n(&is_new),
            simulated_runs: runs.filter(|run| run.simulated).count(),
        }
    }
}

fn share(n: usize, of: usize) -> f64 {
    if of == 0 { 0.0 } else { n as f64 / of as f64 }
}
