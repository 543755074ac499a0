//! The report of a run. Texts of models are masked in it like everything that is kept.

use aios_core::Timestamp;
use aios_eval::{
    BaselineRef, Comparison, Kind, Metrics, REPORT_VERSION, Report, SetRef, Status, Summary,
    TestResult, judge_fingerprint,
};
use aios_privacy::Redactor;

use super::asker::{Asker, Judge};
use super::runner::Run;

/// Longest answer that is kept, in characters.
const ANSWER_MAX: usize = 4_000;

/// What a report says beside what was seen.
#[derive(Debug)]
pub struct About<'a> {
    /// Masks what models wrote.
    pub redactor: &'a Redactor,
    /// When the run ended.
    pub now: Timestamp,
    /// Which policy answered, if that is known.
    pub fingerprint: Option<String>,
}

/// The report as far as it does not depend on a comparison.
#[must_use]
pub fn draft(run: &Run<'_>, kind: Kind, about: &About<'_>) -> Report {
    draft_of(run, run.tests(), kind, about, |_| false)
}

/// The report of a run beside its baseline.
#[must_use]
pub fn compared(run: &Run<'_>, baseline: &Report, threshold: f64, about: &About<'_>) -> Report {
    let tests = run.tests();
    let comparison = Comparison::new(baseline, &tests, threshold);
    let mut outcome = comparison.outcome();
    let kept = |text: &str| about.redactor.redact(text).text.as_str().to_owned();
    for change in outcome.regressions.iter_mut().chain(&mut outcome.improvements) {
        change.detail = kept(&change.detail);
    }
    let is_new = |test: &TestResult| !comparison.knows(test);
    let draft = draft_of(run, tests.clone(), Kind::Comparison, about, is_new);
    let mut notes = outcome.notes;
    notes.extend(differences(&draft, baseline));
    Report {
        baseline_timestamp: Some(baseline.timestamp),
        regression_threshold: threshold,
        status: outcome.status,
        error: outcome.error.as_deref().map(kept),
        baseline: Some(BaselineRef { sha256: baseline.report_id.clone() }),
        regressions_detected: outcome.regressions,
        improvements_detected: outcome.improvements,
        notes,
        ..draft
    }
    .sealed()
}

fn draft_of(
    run: &Run<'_>,
    tests: Vec<TestResult>,
    kind: Kind,
    about: &About<'_>,
    is_new: impl Fn(&TestResult) -> bool,
) -> Report {
    let kept = |text: &str| {
        let start: String = text.chars().take(ANSWER_MAX).collect();
        about.redactor.redact(&start).text.as_str().to_owned()
    };
    let set = run.set();
    let is_judged = set.cases().iter().flat_map(|case| &case.expectations);
    let is_judged = is_judged.into_iter().any(|expectation| expectation.key() == "judge");
    let summary = Summary::of(&tests, is_new);
    Report {
        schema_version: REPORT_VERSION.to_owned(),
        report_id: String::new(),
        kind,
        timestamp: about.now,
        baseline_timestamp: None,
        regression_threshold: 0.0,
        status: if summary.failed == 0 { Status::Pass } else { Status::Fail },
        error: None,
        concurrency: run.concurrency(),
        bucket: run.asker().bucket,
        candidate_fingerprint: about.fingerprint.clone(),
        golden_set: SetRef { sha256: set.sha256(), count: set.cases().len() },
        baseline: None,
        judge: is_judged.then(|| judge_name(run.asker())),
        metrics: Metrics::of(&tests),
        summary,
        regressions_detected: Vec::new(),
        improvements_detected: Vec::new(),
        notes: Vec::new(),
        tests: tests.into_iter().map(|test| test.with_texts(kept)).collect(),
        erased: 0,
        replaced: Vec::new(),
    }
}

/// Which judge it is.
#[must_use]
pub fn judge_name(asker: &Asker) -> String {
    let judge = &asker.judge;
    format!("{}, {} votes, prompt {}", judge.model, judge.votes, judge_fingerprint())
}

/// The judge that [`judge_name`] gave this name, with the prompt of today; a difference of prompts is told in the
/// report.
#[must_use]
pub fn judge_named(name: &str) -> Option<Judge> {
    let (name, _prompt) = name.rsplit_once(" votes, prompt ")?;
    let (model, votes) = name.rsplit_once(", ")?;
    Some(Judge { model: model.to_owned(), votes: votes.parse().ok()? })
}

/// What makes a comparison less than fair.
fn differences(report: &Report, baseline: &Report) -> Vec<String> {
    let mut notes = Vec::new();
    if report.concurrency != baseline.concurrency {
        notes.push(format!(
            "{} questions were under way at once, {} in the baseline: latencies differ by that alone",
            report.concurrency, baseline.concurrency
        ));
    }
    if report.judge != baseline.judge {
        notes.push("answers were judged by another judge than in the baseline".to_owned());
    }
    if (report.summary.simulated_runs > 0) != (baseline.summary.simulated_runs > 0) {
        notes.push("simulated models answered in one of the two runs only".to_owned());
    }
    notes
}

#[cfg(test)]
mod tests {
    use aios_core::Bucket;

    use super::*;

    #[test]
    fn a_judge_is_found_by_its_name() {
        let judge = Judge { model: "aios-embedder, 7 votes".to_owned(), votes: 3 };
        let timeout = std::time::Duration::from_secs(1);
        let asker = Asker::new("http://127.0.0.1:1/v1", None, Bucket::Control, timeout, judge);
        let asker = asker.unwrap();
        assert_eq!(judge_named(&judge_name(&asker)).as_ref(), Some(&asker.judge));
        assert_eq!(judge_named("somebody"), None);
    }
}
