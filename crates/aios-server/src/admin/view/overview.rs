//! The first tab: are the objectives kept, what comes in, what is wrong.

use aios_core::{Bucket, Outcome, Tier, Timestamp, Verdict};
use aios_store::{DataDir, Index};
use axum::extract::State;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;

use super::asked::Times;
use super::past;
use super::scene::{Scene, Views};
use super::series::Series;
use super::tiles;
use super::words::{Time, Word};
use crate::admin::asked::Asked;
use crate::alerts::Severity;

/// How the system does.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Overview {
    /// When this was looked at.
    #[schemars(with = "Time")]
    pub(super) at: Timestamp,
    /// Whether any request was ever recorded.
    pub(super) has_events: bool,
    /// Each objective.
    pub(super) tiles: Vec<Tile>,
    /// All live requests of the time together.
    pub(super) totals: Totals,
    /// Live requests over time.
    pub(super) traffic: Traffic,
    /// What is wrong now.
    pub(super) alerts: Vec<Alert>,
    /// The canary.
    pub(super) canary: CanaryBrief,
    /// What was decided in that time.
    pub(super) marks: Vec<Mark>,
}

/// One objective.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Tile {
    /// The indicator.
    pub(super) slo: String,
    /// On which side of the objective it is good: `at_least` or `at_most`.
    pub(super) good: String,
    /// The objective.
    pub(super) objective: f64,
    /// `share` (0 to 1), `ms`, or `distance`.
    pub(super) unit: String,
    /// One verdict of all that is known.
    #[schemars(with = "Word<Verdict>")]
    pub(super) verdict: Verdict,
    /// It is not asked for here, such as recall without a memory.
    pub(super) is_off: bool,
    /// The figure that stands for it: of live traffic where there is some.
    pub(super) value: Option<f64>,
    /// What the figure rests on.
    pub(super) n: u64,
    /// Who says what.
    pub(super) statements: Vec<Said>,
    /// What is left of its budget, if it is a share of events.
    pub(super) budget: Option<BudgetLeft>,
}

/// What one witness says of an objective.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Said {
    /// `live`, `goldens` or `routing`.
    pub(super) witness: String,
    /// Kept, broken, or too little to go by.
    #[schemars(with = "Word<Verdict>")]
    pub(super) verdict: Verdict,
    /// The figure.
    pub(super) value: f64,
    /// What it rests on.
    pub(super) n: u64,
    /// It is on the wrong side, which may well be chance.
    pub(super) is_unproven: bool,
}

/// What is left of a budget of 30 days.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct BudgetLeft {
    /// Events of the 30 days.
    pub(super) n: u64,
    /// Bad ones among them.
    pub(super) n_bad: u64,
    /// What may be bad of all events.
    pub(super) bad_share_max: f64,
    /// What is left, in percent; below 0 where it is overdrawn.
    pub(super) left_pct: f64,
    /// How fast it burns: 1 is just as fast as it may.
    pub(super) burn_rate: f64,
    /// `none`, `ticket`, `page` or `insufficient`.
    pub(super) alert: String,
    /// In how many hours nothing is left; none where it does not run out.
    pub(super) exhausted_in_hours: Option<f64>,
    /// Share of bad events in each of the last 24 hours, the oldest first; none where there were no events.
    pub(super) hourly_bad: Vec<Option<f64>>,
}

/// Sums of a time.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(crate) struct Totals {
    /// Requests.
    pub(super) n_requests: u64,
    /// Requests that failed, by no fault of the caller.
    pub(super) n_failed: u64,
    /// Requests that simulated models answered.
    pub(super) n_simulated: u64,
    /// By how they ended.
    pub(super) outcomes: Vec<OutcomeCount>,
    /// Share of routed messages that went to main: what a client had pinned, and embeddings, are no choice of routing.
    pub(super) main_share: Option<f64>,
    /// Half of all requests took at most so long. Percentiles are right within 3 %.
    pub(super) latency_ms_p50: Option<f64>,
    /// 95 of 100 took at most so long.
    pub(super) latency_ms_p95: Option<f64>,
    /// 99 of 100 took at most so long.
    pub(super) latency_ms_p99: Option<f64>,
    /// Tokens of prompts.
    pub(super) input_tokens: u64,
    /// Tokens of answers.
    pub(super) output_tokens: u64,
    /// Cost in US dollars, as far as endpoints have prices.
    pub(super) cost_usd: f64,
}

/// How many ended in one way.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct OutcomeCount {
    /// How they ended.
    #[schemars(with = "Word<Outcome>")]
    pub(super) outcome: Outcome,
    /// How many.
    pub(super) n: u64,
}

/// Requests over time; every list has one entry for each step.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(crate) struct Traffic {
    /// Length of a step, in seconds.
    pub(super) step_s: u32,
    /// When each step began, in milliseconds since 1970.
    pub(super) at_ms: Vec<i64>,
    /// From when on requests are counted, the first step's too, in milliseconds since 1970: it is counted by the minute.
    pub(super) since_ms: i64,
    /// Up to when, the last step's too.
    pub(super) until_ms: i64,
    /// Requests.
    pub(super) n: Vec<u64>,
    /// Requests that failed, by no fault of the caller.
    pub(super) n_failed: Vec<u64>,
    /// Latency that half of the requests did not exceed.
    pub(super) latency_ms_p50: Vec<Option<f64>>,
    /// Latency that 95 of 100 did not exceed.
    pub(super) latency_ms_p95: Vec<Option<f64>>,
    /// Latency that 99 of 100 did not exceed.
    pub(super) latency_ms_p99: Vec<Option<f64>>,
    /// Tokens of prompts.
    pub(super) input_tokens: Vec<u64>,
    /// Tokens of answers.
    pub(super) output_tokens: Vec<u64>,
    /// Cost in US dollars.
    pub(super) cost_usd: Vec<f64>,
    /// The same requests by how they ended; only ways in which any did.
    pub(super) outcomes: Vec<OutcomeSeries>,
    /// The same requests by whose they were, whoever answered: control and treatment.
    pub(super) buckets: Vec<BucketSeries>,
    /// The same requests by who answered and whose they were.
    pub(super) lanes: Vec<Lane>,
}

/// Requests that ended in one way.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct OutcomeSeries {
    /// How they ended.
    #[schemars(with = "Word<Outcome>")]
    pub(super) outcome: Outcome,
    /// How many in each step.
    pub(super) n: Vec<u64>,
}

/// Requests of one bucket.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct BucketSeries {
    /// The bucket.
    #[schemars(with = "Word<Bucket>")]
    pub(super) bucket: Bucket,
    /// Requests in each step.
    pub(super) n: Vec<u64>,
    /// Requests that failed in each step.
    pub(super) n_failed: Vec<u64>,
    /// Latency in each step that 95 of 100 did not exceed.
    pub(super) latency_ms_p95: Vec<Option<f64>>,
}

/// Requests of one bucket that one tier answered, or none.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Lane {
    /// The tier that answered; none if no tier did.
    #[schemars(with = "Option<Word<Tier>>")]
    pub(super) tier: Option<Tier>,
    /// The bucket.
    #[schemars(with = "Word<Bucket>")]
    pub(super) bucket: Bucket,
    /// Requests in each step.
    pub(super) n: Vec<u64>,
    /// Requests that failed in each step.
    pub(super) n_failed: Vec<u64>,
    /// Latency in each step that 95 of 100 did not exceed.
    pub(super) latency_ms_p95: Vec<Option<f64>>,
}

/// Something that is wrong now.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Alert {
    /// What: an objective, or a part.
    pub(super) about: String,
    /// Whom it concerns.
    #[schemars(with = "Word<Severity>")]
    pub(super) severity: Severity,
    /// Since when.
    #[schemars(with = "Time")]
    pub(super) since: Timestamp,
    /// What is the matter.
    pub(super) detail: String,
    /// What to do, step by step.
    pub(super) runbook: Vec<String>,
}

/// Where the canary stands.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(crate) struct CanaryBrief {
    /// Whether it moves by itself; else configuration says what the split is.
    pub(super) is_enabled: bool,
    /// Share of conversations in treatment, in percent, as it is in force.
    pub(super) treatment_pct: f64,
    /// Where the split in force comes from: `canary`, `config`, `override`, `kill_switch`, …
    pub(super) origin: String,
    /// `off`, `running`, `rolled_back` or `promoted`.
    pub(super) phase: String,
    /// An operator holds it.
    pub(super) is_held: bool,
    /// The shares through which it grows, in percent.
    pub(super) stages_pct: Vec<f64>,
    /// The share of its stage, in percent.
    pub(super) stage_pct: f64,
    /// The stage that follows, in percent.
    pub(super) next_pct: Option<f64>,
    /// Since when it is at this stage.
    #[schemars(with = "Option<Time>")]
    pub(super) stage_since: Option<Timestamp>,
    /// Verdicts in a row that were met.
    pub(super) n_consecutive_passes: u32,
    /// Verdicts in a row that were breached.
    pub(super) n_consecutive_failures: u32,
    /// Passes in a row that advance it.
    pub(super) n_passes_to_advance: u32,
    /// Failures in a row that roll it back.
    pub(super) n_failures_to_roll_back: u32,
    /// Why the last verdict was what it was.
    pub(super) reason: Option<String>,
    /// Verdicts without proof, one after the other.
    pub(super) n_inconclusive: u32,
    /// What is on trial, in words.
    pub(super) candidate: Option<String>,
    /// Number of the last line that is part of this state; send it as `if_version` with a change.
    pub(super) version: u64,
    /// Why what is kept of it cannot be used.
    pub(super) fault: Option<String>,
}

/// A decision, to be marked in charts.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Mark {
    /// When, in milliseconds since 1970.
    pub(super) at_ms: i64,
    /// `advance`, `roll_back`, `reset`, `hold`, `resume` or `move_boundary`.
    pub(super) kind: String,
    /// In a few words.
    pub(super) label: String,
}

pub(crate) async fn show(State(views): State<Views>, Asked(asked): Asked<Times>) -> Response {
    let make = move |dir: &DataDir, scene: &Scene| {
        let times = asked.day(scene.now);
        let index = Index::read(dir)?;
        let series = Series::read(index.as_ref(), &times)?;
        Ok(Overview {
            at: scene.now,
            has_events: index.map(|index| index.n_events()).transpose()?.is_some_and(|n| n > 0),
            tiles: tiles::tiles(scene),
            totals: series.totals(),
            traffic: series.traffic(),
            alerts: tiles::alerts(dir)?,
            canary: tiles::brief(scene),
            marks: past::marks(dir, &times)?,
        })
    };
    views.show(make).await
}
