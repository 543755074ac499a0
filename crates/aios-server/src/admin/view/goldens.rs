//! The goldens' tab: the last report beside its baseline, runs, and what could become a case.

use aios_core::{Tier, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::words::{Time, Word};

/// The golden set, its baseline and the last run.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct GoldensView {
    /// Cases in the set.
    n_cases: usize,
    /// Cases among them that wait to be accepted.
    n_candidates: usize,
    /// The built-in set is used: there is none in the data directory.
    is_built_in: bool,
    /// What runs are compared with.
    baseline: Option<ReportView>,
    /// The last run.
    report: Option<ReportView>,
    /// Case by case.
    cases: Vec<CaseView>,
    /// The run that is under way or was the last of this server.
    run: Option<RunView>,
}

/// A report.
#[derive(Debug, Serialize, JsonSchema)]
struct ReportView {
    /// When the run ended.
    #[schemars(with = "Time")]
    at: Timestamp,
    /// `PASS`, `FAIL` or `ERROR`.
    status: String,
    /// Why it could not be judged.
    error: Option<String>,
    /// Cases that decide.
    n: usize,
    /// Those that passed.
    n_passed: usize,
    /// Those whose runs did not all agree.
    n_flaky: usize,
    /// Share of cases that passed.
    pass_rate: f64,
    /// Median latency.
    latency_ms_p50: f64,
    /// 95th percentile.
    latency_ms_p95: f64,
    /// Share of runs without an answer.
    error_rate: f64,
    /// Share of answered runs that went to main.
    main_share: f64,
    /// Recall among the first five fragments.
    recall_at_5: Option<f64>,
    /// Runs that simulated models answered.
    n_simulated_runs: usize,
    /// What got worse, beyond chance and threshold.
    regressions: Vec<ChangeView>,
    /// What got better.
    improvements: Vec<ChangeView>,
    /// What one should know and what decides nothing.
    notes: Vec<String>,
}

/// Something that got worse or better.
#[derive(Debug, Serialize, JsonSchema)]
struct ChangeView {
    /// What: `case`, `pass_rate`, `latency` or `main_share`.
    what: String,
    /// The case.
    id: Option<String>,
    /// Before and now.
    detail: String,
    /// How likely it is by chance.
    p_value: Option<f64>,
}

/// A case in the last run and in the baseline.
#[derive(Debug, Serialize, JsonSchema)]
struct CaseView {
    /// The case.
    id: String,
    /// The message.
    question: String,
    /// It waits to be accepted and decides nothing.
    is_candidate: bool,
    /// In the last run.
    now: Option<CaseRun>,
    /// In the baseline.
    baseline: Option<CaseRun>,
    /// What is expected of it, as the last run found it.
    assertions: Vec<AssertionView>,
}

/// A case in one run.
#[derive(Debug, Serialize, JsonSchema)]
struct CaseRun {
    /// Whether it passed.
    is_passed: bool,
    /// Some runs passed and some did not.
    is_flaky: bool,
    /// Times it was asked.
    n_runs: usize,
    /// Median latency.
    latency_ms: Option<f64>,
    /// The tier that it was routed to.
    #[schemars(with = "Option<Word<Tier>>")]
    tier: Option<Tier>,
    /// The answer of the first run, as it is kept.
    answer: String,
}

/// An expectation.
#[derive(Debug, Serialize, JsonSchema)]
struct AssertionView {
    /// Its key in the set.
    key: String,
    /// What was expected.
    expected: String,
    /// Whether every run met it.
    is_met: bool,
    /// What was found instead.
    found: String,
}

/// A golden run of this server.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(crate) struct RunView {
    /// `running`, `done` or `failed`.
    pub(crate) state: String,
    /// When it was begun.
    #[schemars(with = "Time")]
    pub(crate) began_at: Timestamp,
    /// When it ended.
    #[schemars(with = "Option<Time>")]
    pub(crate) ended_at: Option<Timestamp>,
    /// Questions that were answered.
    pub(crate) n_done: usize,
    /// Questions to ask, as far as known: doubtful ones are asked again.
    pub(crate) n_all: usize,
    /// What it came to, or why it failed.
    pub(crate) told: Option<String>,
}

/// Live questions that could become cases.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct CandidatesView {
    /// The most pressing first.
    candidates: Vec<CandidateView>,
    /// Live questions that were looked at.
    n_looked: usize,
    /// Lines that could not be read.
    n_bad: usize,
}

/// A live question that could become a case.
#[derive(Debug, Serialize, JsonSchema)]
struct CandidateView {
    /// The case's id, made of its question.
    id: String,
    /// The question, redacted.
    question: String,
    /// Why, the strongest first.
    reasons: Vec<ReasonView>,
    /// The tier that it was routed to.
    #[schemars(with = "Word<Tier>")]
    tier: Tier,
    /// The event that it comes from.
    event_id: String,
}

/// Why a question could become a case.
#[derive(Debug, Serialize, JsonSchema)]
struct ReasonView {
    /// The reason.
    reason: String,
    /// How strong it is, 0 to 1.
    strength: f64,
}

/// What of the candidates is asked for.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CandidatesAsked {
    /// Questions since this time; without it, of the last day.
    #[schemars(with = "Option<Time>")]
    since: Option<Timestamp>,
    /// At most so many.
    max: Option<usize>,
}

/// An event whose question is to become a case.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PromoteAsked {
    /// The event.
    event_id: String,
}

/// A question that is a case now, as a candidate.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Promoted {
    /// The case's id.
    id: String,
    /// Whether it was added; else the set knows it already.
    is_new: bool,
}
