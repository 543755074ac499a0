//! What follows from a comparison.

use super::{ALPHA_CASES, ALPHA_LATENCY, Comparison, ERRORS_MAX, change};
use crate::report::{Change, Metrics, Status, TestResult};

/// What a comparison comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// In one word.
    pub status: Status,
    /// Why it cannot be told, if it cannot.
    pub error: Option<String>,
    /// What got worse.
    pub regressions: Vec<Change>,
    /// What got better.
    pub improvements: Vec<Change>,
    /// What one should know.
    pub notes: Vec<String>,
}

impl Comparison<'_> {
    /// Judges. Too little to judge is an error, never a pass.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        let regressions = self.regressions();
        let error = self.cannot_be_told();
        let status = match (&error, regressions.is_empty()) {
            (Some(_), _) => Status::Error,
            (None, false) => Status::Fail,
            (None, true) => Status::Pass,
        };
        Outcome {
            status,
            error,
            regressions,
            improvements: self.improvements(),
            notes: self.notes(),
        }
    }

    fn cannot_be_told(&self) -> Option<String> {
        if self.pairs.is_empty() {
            return Some("no case could be compared".to_owned());
        }
        unanswered(self.tests)
    }

    pub(super) fn has_moved(&self) -> bool {
        self.main_shares().is_some_and(|(before, now)| (now - before).abs() > self.threshold)
    }

    fn regressions(&self) -> Vec<Change> {
        let mut found: Vec<_> = self.gone().map(|pair| gone(pair.before, pair.now)).collect();
        let p = self.p_cases();
        if p <= ALPHA_CASES {
            let (worse, better) = (self.worse().count(), self.better().count());
            let detail = format!("{worse} cases got worse, {better} better");
            found.push(change("pass_rate", None, detail, Some(p)));
        }
        if let Some(shift) = self.is_slower() {
            let detail = format!("{} over {} cases", percent(shift.ratio), shift.n);
            found.push(change("latency", None, detail, Some(shift.p_slower)));
        }
        if let Some((before, now)) = self.main_shares().filter(|_| self.has_moved()) {
            let detail =
                format!("main answers {:.0} % instead of {:.0} %", now * 100.0, before * 100.0);
            found.push(change("main_share", None, detail, None));
        }
        found
    }

    fn improvements(&self) -> Vec<Change> {
        let is_back = |pair: &&super::Pair<'_>| !pair.before.passed && pair.now.pass_k;
        let back = self.pairs.iter().filter(is_back).map(|pair| {
            let detail = format!("{} before, {} now", runs(pair.before), runs(pair.now));
            change("case", Some(&pair.now.id), detail, None)
        });
        let quicker = self.latency().filter(|shift| {
            shift.ratio < 1.0 / (1.0 + self.threshold) && shift.p_faster <= ALPHA_LATENCY
        });
        let quicker = quicker.map(|shift| {
            let detail = format!("{} over {} cases", percent(shift.ratio), shift.n);
            change("latency", None, detail, Some(shift.p_faster))
        });
        back.chain(quicker).collect()
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        for pair in &self.pairs {
            let id = &pair.now.id;
            if let (Some(before), Some(now)) = (pair.before.tier, pair.now.tier)
                && before != now
            {
                notes.push(format!("{id} is routed to {now} instead of {before}"));
            }
            if pair.now.flaky && pair.before.pass_k {
                notes.push(format!("{id} wavers: {} passed", runs(pair.now)));
            }
            if !pair.now.passed && !pair.before.passed {
                notes.push(format!("{id} does not pass, and did not in the baseline"));
            }
        }
        let n = self.pairs.len();
        if n > 0 && n < CASES_WANTED {
            // With nothing bad in n, the upper end of the exact one-sided interval at 95 %.
            let unseen = 100.0 * (1.0 - 0.05_f64.powf(1.0 / n as f64));
            notes.push(format!(
                "{n} cases cannot show what goes wrong in fewer than {unseen:.0} % of questions"
            ));
        }
        if self.latency().is_some_and(|shift| shift.n < PAIRS_FOR_LATENCY) {
            notes.push("too few cases to tell slower answers from chance".to_owned());
        }
        notes
    }
}

/// Cases from which on a set says something of rare faults.
const CASES_WANTED: usize = 20;
/// Fewer pairs cannot reach [`ALPHA_LATENCY`], however much slower each is.
const PAIRS_FOR_LATENCY: usize = 5;

/// Why a run cannot be judged: nothing was asked, or too much was not answered.
#[must_use]
pub fn unanswered(tests: &[TestResult]) -> Option<String> {
    let metrics = Metrics::of(tests);
    if metrics.n == 0 || tests.iter().any(|test| test.runs.is_empty()) {
        return Some("not every case was run".to_owned());
    }
    if metrics.error_rate <= ERRORS_MAX {
        return None;
    }
    let why = tests.iter().flat_map(|test| &test.runs).find_map(|run| run.error.as_deref());
    let why = why.unwrap_or("no reason given");
    Some(format!("{:.0} % of the runs were not answered: {why}", metrics.error_rate * 100.0))
}

fn gone(before: &TestResult, now: &TestResult) -> Change {
    let failed = now.assertions.iter().find(|result| result.n_passed < now.runs.len());
    let why = failed.map_or_else(String::new, |failed| {
        format!(" ({}: expected {}, found {})", failed.key, failed.expected, failed.found)
    });
    let detail = format!("{} before, {} now{why}", runs(before), runs(now));
    change("case", Some(&now.id), detail, None)
}

fn runs(test: &TestResult) -> String {
    format!("{}/{}", test.n_passed, test.runs.len())
}

fn percent(ratio: f64) -> String {
    let percent = (ratio - 1.0) * 100.0;
    let word = if percent < 0.0 { "quicker" } else { "slower" };
    format!("{:.0} % {word}", percent.abs())
}
