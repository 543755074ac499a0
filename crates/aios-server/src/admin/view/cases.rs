//! From golden documents to what is shown of them. What cannot be read is told, and the rest is shown.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::time::Duration;

use aios_core::Timestamp;
use aios_eval::{AssertionResult, BUILT_IN_SET, Candidate, Change, GoldenSet, Report, TestResult};
use aios_store::{DataDir, GoldenPaths, StoreError, read_document};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::candidates::{Found, find};
use super::goldens::{
    AssertionView, CandidateView, CandidatesAsked, CandidatesView, CaseRun, CaseView, ChangeView,
    GoldensView, ReasonView, ReportView, RunView,
};
use super::scene::{Scene, Views};
use crate::admin::asked::Asked;
use crate::admin::guard::error;
use crate::promotion::Wanted;

/// Candidates where nobody says how many, and most at once.
const CANDIDATES_DEFAULT: usize = 20;
const CANDIDATES_MAX: usize = 200;

const DAY: Duration = Duration::from_secs(86_400);

pub(crate) async fn show(State(views): State<Views>) -> Response {
    let run = views.golden_run();
    views.show(move |dir, scene| goldens(dir, run, scene.now)).await
}

/// How the last run of this server goes; `null` if there was none.
pub(crate) async fn run(State(views): State<Views>) -> Response {
    Json(views.golden_run()).into_response()
}

pub(crate) async fn candidates(
    State(views): State<Views>,
    Asked(asked): Asked<CandidatesAsked>,
) -> Response {
    let make = move |dir: &DataDir, scene: &Scene| {
        let text = read_document(&GoldenPaths::of(dir.path()).set)?;
        let Ok(set) = GoldenSet::parse(text.as_deref().unwrap_or(BUILT_IN_SET)) else {
            return Ok(None);
        };
        let wanted = Wanted {
            since: asked.since.unwrap_or_else(|| scene.now.minus(DAY)),
            slow_ms: scene.objectives.limits().slow_ms,
            max: asked.max.unwrap_or(CANDIDATES_DEFAULT).min(CANDIDATES_MAX),
        };
        let found = find(dir, &scene.redactor, &set, wanted, scene.now)?;
        Ok(Some(found_view(found)))
    };
    match views.read(make).await {
        Ok(Some(found)) => Json(found).into_response(),
        Ok(None) => {
            let why = "goldens/sample_set.json cannot be used; `aios golden lint` says why";
            error(StatusCode::CONFLICT, "bad_set", why)
        }
        Err(response) => response,
    }
}

fn goldens(dir: &DataDir, run: Option<RunView>, now: Timestamp) -> Result<GoldensView, StoreError> {
    let paths = GoldenPaths::of(dir.path());
    let mut faults = Faults::default();
    let text = read_document(&paths.set)?;
    let set = faults.note(&paths.set, GoldenSet::parse(text.as_deref().unwrap_or(BUILT_IN_SET)));
    let mut report = |path: &Path| -> Result<Option<Report>, StoreError> {
        let text = read_document(path)?;
        let read = text.and_then(|text| faults.note(path, Report::parse(&text)));
        // It is shown all the same, and what is wrong with it beside.
        if let Some(report) = &read {
            faults.note(path, report.proof(now));
        }
        Ok(read)
    };
    let (baseline, last) = (report(&paths.baseline)?, report(&paths.report)?);
    let cases = set.as_ref().map_or(&[][..], GoldenSet::cases);
    Ok(GoldensView {
        n_cases: cases.len(),
        n_candidates: cases.iter().filter(|case| case.is_candidate).count(),
        is_built_in: text.is_none(),
        cases: beside(last.as_ref(), baseline.as_ref()),
        baseline: baseline.as_ref().map(report_view),
        report: last.as_ref().map(report_view),
        fault: faults.told(),
        run,
    })
}

/// Files that cannot be used.
#[derive(Default)]
struct Faults(Vec<String>);

impl Faults {
    fn note<T, E: fmt::Display>(&mut self, path: &Path, read: Result<T, E>) -> Option<T> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        read.map_err(|error| self.0.push(format!("goldens/{name}: {error}"))).ok()
    }

    fn told(self) -> Option<String> {
        (!self.0.is_empty()).then(|| self.0.join("; "))
    }
}

fn report_view(report: &Report) -> ReportView {
    let (metrics, summary) = (&report.metrics, &report.summary);
    ReportView {
        at: report.timestamp,
        status: report.status.name().to_owned(),
        error: report.error.clone(),
        n: summary.cases,
        n_passed: summary.passed,
        n_flaky: summary.flaky,
        pass_rate: metrics.pass_rate,
        latency_ms_p50: metrics.p50_ms,
        latency_ms_p95: metrics.p95_ms,
        error_rate: metrics.error_rate,
        main_share: metrics.main_model_percent / 100.0,
        recall_at_5: metrics.recall_at_5,
        n_simulated_runs: summary.simulated_runs,
        regressions: report.regressions_detected.iter().map(change).collect(),
        improvements: report.improvements_detected.iter().map(change).collect(),
        notes: report.notes.clone(),
    }
}

fn change(of: &Change) -> ChangeView {
    ChangeView {
        what: of.what.clone(),
        id: of.id.clone(),
        detail: of.detail.clone(),
        p_value: of.p_value,
    }
}

/// Every case of either, in the order of the last run.
fn beside(last: Option<&Report>, baseline: Option<&Report>) -> Vec<CaseView> {
    let tests =
        |report: Option<&Report>| report.map(|report| report.tests.clone()).unwrap_or_default();
    let mut before: BTreeMap<_, _> =
        tests(baseline).into_iter().map(|test| (test.id.clone(), test)).collect();
    let mut cases: Vec<_> = tests(last)
        .iter()
        .map(|test| case(test, Some(test), before.remove(&test.id).as_ref()))
        .collect();
    cases.extend(before.values().map(|test| case(test, None, Some(test))));
    cases
}

fn case(of: &TestResult, now: Option<&TestResult>, baseline: Option<&TestResult>) -> CaseView {
    CaseView {
        id: of.id.clone(),
        question: of.question.clone(),
        is_candidate: of.is_candidate,
        now: now.map(case_run),
        baseline: baseline.map(case_run),
        assertions: of.assertions.iter().map(|one| assertion(one, of.runs.len())).collect(),
    }
}

fn case_run(test: &TestResult) -> CaseRun {
    CaseRun {
        is_passed: test.passed,
        is_flaky: test.flaky,
        n_runs: test.runs.len(),
        latency_ms: test.latency_ms,
        tier: test.tier,
        answer: test.runs.first().map(|run| run.answer.clone()).unwrap_or_default(),
    }
}

fn assertion(of: &AssertionResult, n_runs: usize) -> AssertionView {
    AssertionView {
        key: of.key.clone(),
        expected: of.expected.clone(),
        is_met: of.n_passed == n_runs,
        found: of.found.clone(),
    }
}

fn found_view(found: Found) -> CandidatesView {
    CandidatesView {
        n_looked: found.n_looked,
        looked_back_to: found.looked_back_to,
        n_bad: found.n_bad,
        candidates: found.candidates.into_iter().map(candidate).collect(),
    }
}

fn candidate(of: Candidate) -> CandidateView {
    let reasons = of.reasons.iter().map(|(reason, strength)| ReasonView {
        reason: reason.name().to_owned(),
        strength: *strength,
    });
    CandidateView {
        reasons: reasons.collect(),
        id: of.id,
        question: of.question,
        tier: of.tier,
        event_id: of.origin.event_id,
    }
}
