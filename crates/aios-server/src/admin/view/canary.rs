//! The canary's tab: its history, newest first.

use aios_core::{Bucket, GoldenGate, Timestamp, Verdict};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::overview::{CanaryBrief, Mark, Traffic};
use super::words::{Time, Word};

/// What of the canary is asked for.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CanaryAsked {
    /// From here on; without it, a week before the end.
    #[schemars(with = "Option<Time>")]
    since: Option<Timestamp>,
    /// Up to here; without it, now.
    #[schemars(with = "Option<Time>")]
    until: Option<Timestamp>,
    /// Only lines with a smaller number, for the next page.
    before: Option<u64>,
    /// At most so many lines.
    n: Option<usize>,
}

/// The canary and how it came there.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct CanaryView {
    /// When this was looked at.
    #[schemars(with = "Time")]
    at: Timestamp,
    /// Where it stands.
    brief: CanaryBrief,
    /// What it was and what was decided, the newest first.
    history: Vec<Chapter>,
    /// To be sent as `before` for the next page; none at the end.
    next_before: Option<u64>,
    /// Requests over time, by bucket, to hold decisions against.
    traffic: Traffic,
    /// Decisions in that time.
    marks: Vec<Mark>,
}

/// One line of what control has kept.
#[derive(Debug, Serialize, JsonSchema)]
struct Chapter {
    /// Its number.
    seq: u64,
    /// When.
    #[schemars(with = "Time")]
    at: Timestamp,
    /// `verdict`, `decision`, `hand` or `standing`.
    kind: String,
    /// In a sentence.
    says: String,
    /// The verdict, if it is one.
    verdict: Option<VerdictView>,
    /// What was decided: `advance`, `roll_back`, `reset`, `hold`, `resume` or `move_boundary`.
    decision: Option<String>,
    /// Who decided: `controller` or `operator`.
    actor: Option<String>,
    /// Why, in the operator's words.
    reason: Option<String>,
}

/// A verdict with what it rests on.
#[derive(Debug, Serialize, JsonSchema)]
struct VerdictView {
    /// What came out.
    #[schemars(with = "Word<Verdict>")]
    verdict: Verdict,
    /// Why, as a word.
    reason: String,
    /// From when on its evidence is.
    #[schemars(with = "Time")]
    since: Timestamp,
    /// Up to when.
    #[schemars(with = "Time")]
    until: Timestamp,
    /// Share in treatment at the time, in percent.
    treatment_pct: f64,
    /// The golden gate at the time.
    #[schemars(with = "Word<GoldenGate>")]
    golden: GoldenGate,
    /// Natural logarithm of the e-value that rolls back when it reaches its limit.
    harm_log_e: f64,
    /// What each metric said.
    metrics: Vec<MetricView>,
}

/// What one metric said.
#[derive(Debug, Serialize, JsonSchema)]
struct MetricView {
    /// The metric.
    metric: String,
    /// Each bucket's counts.
    sides: Vec<Side>,
    /// Natural logarithm of the e-value for harm.
    harm_log_e: f64,
    /// Natural logarithm of the e-value for no worse than the margin.
    noninferior_log_e: f64,
    /// The margin.
    margin: f64,
}

/// Counts of one bucket.
#[derive(Debug, Serialize, JsonSchema)]
struct Side {
    /// The bucket.
    #[schemars(with = "Word<Bucket>")]
    bucket: Bucket,
    /// Requests.
    n: u64,
    /// Bad ones among them.
    n_bad: u64,
}
