//! The hypotheses' tab: what the traffic says to each, and what it said before.

use aios_core::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::words::Time;

/// All hypotheses.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct HypothesesView {
    /// When they were tested.
    #[schemars(with = "Time")]
    tested_at: Timestamp,
    /// Traffic from this time on was looked at.
    #[schemars(with = "Time")]
    since: Timestamp,
    /// Each, in the order of the configuration.
    hypotheses: Vec<HypothesisView>,
}

/// One hypothesis.
#[derive(Debug, Serialize, JsonSchema)]
struct HypothesisView {
    /// Its name.
    name: String,
    /// What it says.
    statement: String,
    /// What is compared: `quality`, `errors` or `latency`.
    metric: String,
    /// Between whom.
    groups: String,
    /// What is claimed.
    direction: String,
    /// By how much.
    margin: f64,
    /// Fewest pairs that say anything.
    n_pairs_min: u64,
    /// `supported`, `refuted`, `inconclusive` or `no_data`.
    finding: String,
    /// Pairs it rests on.
    n_pairs: u64,
    /// Mean difference, first group less second, where more is worse.
    effect: Option<f64>,
    /// Lower end of where the true difference lies.
    interval_low: f64,
    /// Upper end of it.
    interval_high: f64,
    /// Natural logarithm of the e-value for it.
    log_e_for: f64,
    /// Natural logarithm of the e-value against it.
    log_e_against: f64,
    /// Whether the groups were drawn by lot.
    is_by_lot: bool,
    /// What would change the finding, in a sentence.
    would_change: String,
    /// What it was found to be at earlier times, the oldest first; the last is of now.
    history: Vec<FindingView>,
}

/// A finding of an earlier time.
#[derive(Debug, Serialize, JsonSchema)]
struct FindingView {
    /// When.
    #[schemars(with = "Time")]
    at: Timestamp,
    /// What.
    finding: String,
    /// Pairs it rested on.
    n_pairs: u64,
    /// The difference.
    effect: Option<f64>,
    /// Lower end of where the true one lay.
    interval_low: f64,
    /// Upper end.
    interval_high: f64,
}
