//! The goldens' tab: the last report beside its baseline, runs, and what could become a case.

use aios_core::{Tier, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::words::{Time, Word};

/// The golden set, its baseline and the last run.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct GoldensView {
    /// Cases in the set.
    pub(super) n_cases: usize,
    /// Cases among them that wait to be accepted.
    pub(super) n_candidates: usize,
    /// The built-in set is used: there is none in the data directory.
    pub(super) is_built_in: bool,
    /// What runs are compared with.
    pub(super) baseline: Option<ReportView>,
    /// The last run.
    pub(super) report: Option<ReportView>,
    /// Case by case.
    pub(super) cases: Vec<CaseView>,
    /// Why something of the above cannot be used, if it cannot.
    pub(super) fault: Option<String>,
    /// The run that is under way or was the last of this server.
    pub(super) run: Option<RunView>,
}

/// A report.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ReportView {
    /// When the run ended.
    #[schemars(with = "Time")]
    pub(super) at: Timestamp,
    /// `PASS`, `FAIL` or `ERROR`.
    pub(super) status: String,
    /// Why it could not be judged.
    pub(super) error: Option<String>,
    /// Cases that decide.
    pub(super) n: usize,
    /// Those that passed.
    pub(super) n_passed: usize,
    /// Those whose runs did not all agree.
    pub(super) n_flaky: usize,
    /// Share of cases that passed.
    pub(super) pass_rate: f64,
    /// Median latency.
    pub(super) latency_ms_p50: f64,
    /// 95th percentile.
    pub(super) latency_ms_p95: f64,
    /// Share of runs without an answer.
    pub(super) error_rate: f64,
    /// Share of answered runs that went to main.
    pub(super) main_share: f64,
    /// Recall among the first five fragments.
    pub(super) recall_at_5: Option<f64>,
    /// Runs that simulated models answered.
    pub(super) n_simulated_runs: usize,
    /// What got worse, beyond chance and threshold.
    pub(super) regressions: Vec<ChangeView>,
    /// What got better.
    pub(super) improvements: Vec<ChangeView>,
    /// What one should know and what decides nothing.
    pub(super) notes: Vec<String>,
}

/// Something that got worse or better.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ChangeView {
    /// What: `case`, `pass_rate`, `latency` or `main_share`.
    pub(super) what: String,
    /// The case.
    pub(super) id: Option<String>,
    /// Before and now.
    pub(super) detail: String,
    /// How likely it is by chance.
    pub(super) p_value: Option<f64>,
}

/// A case in the last run and in the baseline.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct CaseView {
    /// The case.
    pub(super) id: String,
    /// The message.
    pub(super) question: String,
    /// It waits to be accepted and decides nothing.
    pub(super) is_candidate: bool,
    /// In the last run.
    pub(super) now: Option<CaseRun>,
    /// In the baseline.
    pub(super) baseline: Option<CaseRun>,
    /// What is expected of it, as the last run found it.
    pub(super) assertions: Vec<AssertionView>,
}

/// A case in one run.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct CaseRun {
    /// Whether it passed.
    pub(super) is_passed: bool,
    /// Some runs passed and some did not.
    pub(super) is_flaky: bool,
    /// Times it was asked.
    pub(super) n_runs: usize,
    /// Median latency.
    pub(super) latency_ms: Option<f64>,
    /// The tier that it was routed to.
    #[schemars(with = "Option<Word<Tier>>")]
    pub(super) tier: Option<Tier>,
    /// The answer of the first run, as it is kept.
    pub(super) answer: String,
}

/// An expectation.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct AssertionView {
    /// Its key in the set.
    pub(super) key: String,
    /// What was expected.
    pub(super) expected: String,
    /// Whether every run met it.
    pub(super) is_met: bool,
    /// What was found instead.
    pub(super) found: String,
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
    pub(super) candidates: Vec<CandidateView>,
    /// Requests that were looked at, the newest first.
    pub(super) n_looked: usize,
    /// Back to this time; there may be more before it where that is later than was asked for.
    #[schemars(with = "Option<Time>")]
    pub(super) looked_back_to: Option<Timestamp>,
    /// Lines that could not be read.
    pub(super) n_bad: usize,
}

/// A live question that could become a case.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct CandidateView {
    /// The case's id, made of its question.
    pub(super) id: String,
    /// The question, redacted.
    pub(super) question: String,
    /// Why, the strongest first.
    pub(super) reasons: Vec<ReasonView>,
    /// The tier that it was routed to.
    #[schemars(with = "Word<Tier>")]
    pub(super) tier: Tier,
    /// The event that it comes from.
    pub(super) event_id: String,
}

/// Why a question could become a case.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ReasonView {
    /// The reason.
    pub(super) reason: String,
    /// How strong it is, 0 to 1.
    pub(super) strength: f64,
}

/// What of the candidates is asked for.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CandidatesAsked {
    /// Questions since this time; without it, of the last day.
    #[schemars(with = "Option<Time>")]
    pub(super) since: Option<Timestamp>,
    /// At most so many.
    pub(super) max: Option<usize>,
}

/// An event whose question is to become a case.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PromoteAsked {
    /// The event.
    pub(crate) event_id: String,
}

/// A question that is a case now, as a candidate.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Promoted {
    /// The case's id.
    pub(crate) id: String,
    /// Whether it was added; else the set knows it already.
    pub(crate) is_new: bool,
}
