//! The routing tab: where the boundaries were and are, what weighs how much, and why a message goes where it goes.

use aios_core::{Bucket, Tier, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::words::{Time, Word};

/// Routing.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct RoutingView {
    /// When this was looked at.
    #[schemars(with = "Time")]
    at: Timestamp,
    /// The split in force.
    split: SplitView,
    /// Why the override file was not taken, if it was not.
    override_error: Option<String>,
    /// The knots in force: `golden` or `traffic`.
    profile: String,
    /// Prompts that they were made from; 0 for the built-in ones.
    n_knot_prompts: usize,
    /// How far an applied boundary may be from the baseline boundary.
    drift_max: Option<f64>,
    /// The baseline boundary.
    baseline_boundary: f64,
    /// Boundaries that were applied, over time.
    boundaries: Boundaries,
    /// Weights of live messages.
    weights: Weights,
    /// Share of routed messages that went to main, by bucket.
    main_shares: Vec<MainShare>,
    /// What other boundaries would make of the golden set.
    sweep: Vec<SweptView>,
}

/// How conversations are dealt.
#[derive(Debug, Serialize, JsonSchema)]
struct SplitView {
    /// Share in treatment, in percent.
    treatment_pct: f64,
    /// Control's boundary.
    control_boundary: f64,
    /// Treatment's boundary.
    treatment_boundary: f64,
    /// Whether routing adapts.
    is_adaptive: bool,
    /// Whether adaptation is frozen.
    is_frozen: bool,
    /// Where it comes from.
    origin: String,
}

/// Boundaries over time; every list has one entry for each step.
#[derive(Debug, Default, Serialize, JsonSchema)]
struct Boundaries {
    /// Length of a step, in seconds.
    step_s: u32,
    /// When each step began, in milliseconds since 1970.
    at_ms: Vec<i64>,
    /// Control's mean boundary.
    control: Vec<Option<f64>>,
    /// Treatment's mean boundary.
    treatment: Vec<Option<f64>>,
    /// Farthest from the baseline boundary that any applied one was.
    drift: Vec<Option<f64>>,
    /// Share of control's routed messages that went to main.
    main_share_control: Vec<Option<f64>>,
    /// Share of treatment's.
    main_share_treatment: Vec<Option<f64>>,
}

/// A histogram over [0, 1].
#[derive(Debug, Default, Serialize, JsonSchema)]
struct Weights {
    /// Width of a bar.
    bar_width: f64,
    /// Messages of control in each bar.
    n_control: Vec<u64>,
    /// Messages of treatment in each bar.
    n_treatment: Vec<u64>,
    /// Messages that were weighed.
    n_all: u64,
}

/// How much of a bucket goes to main.
#[derive(Debug, Serialize, JsonSchema)]
struct MainShare {
    /// The bucket.
    #[schemars(with = "Word<Bucket>")]
    bucket: Bucket,
    /// Messages that were routed.
    n: u64,
    /// Messages that went to main.
    n_main: u64,
}

/// What one boundary would make of the golden set.
#[derive(Debug, Serialize, JsonSchema)]
struct SweptView {
    /// The boundary.
    boundary: f64,
    /// Share of cases that would go to main.
    main_share: f64,
    /// Cases whose expected tier would be another.
    n_mismatched: usize,
    /// Cases of which nobody knows how that tier answers.
    n_unseen: usize,
    /// Share of the others that would pass.
    pass_rate: Option<f64>,
    /// Their median latency.
    latency_ms_p50: Option<f64>,
    /// Their 95th percentile.
    latency_ms_p95: Option<f64>,
}

/// A message to explain; it is kept nowhere.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExplainAsked {
    /// The message.
    text: String,
}

/// Why a message goes where it goes, for each bucket.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Explained {
    /// The message's weight.
    weight: f64,
    /// The sum of the terms.
    raw: f64,
    /// Each term that is not zero.
    terms: Vec<TermView>,
    /// Where it goes in each bucket.
    choices: Vec<Choice>,
}

/// One term of the raw score.
#[derive(Debug, Serialize, JsonSchema)]
struct TermView {
    /// Its name.
    name: String,
    /// Its value.
    value: f64,
    /// How it is computed.
    meaning: String,
}

/// Where a message goes in one bucket.
#[derive(Debug, Serialize, JsonSchema)]
struct Choice {
    /// The bucket.
    #[schemars(with = "Word<Bucket>")]
    bucket: Bucket,
    /// The tier.
    #[schemars(with = "Word<Tier>")]
    tier: Tier,
    /// The boundary.
    boundary: f64,
    /// Weight less boundary.
    margin: f64,
    /// Why, as a word.
    reason: String,
}
