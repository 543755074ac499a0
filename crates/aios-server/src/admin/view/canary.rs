//! The canary's tab: its history, newest first.

use std::time::Duration;

use aios_control::{ControlEvent, VerdictEvent};
use aios_core::{Bucket, GoldenGate, MetricEvidence, Timestamp, Verdict};
use aios_store::{DataDir, Index, Kept};
use axum::extract::State;
use axum::response::Response;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::asked::Times;
use super::overview::{CanaryBrief, Mark, Traffic};
use super::past;
use super::scene::{Scene, Views};
use super::series::Series;
use super::tiles::{self, word};
use super::words::{Time, Word};
use crate::admin::asked::Asked;

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

/// Lines where nobody says how many, and most at once.
const N_DEFAULT: usize = 50;
const N_MAX: usize = 500;

const WEEK: Duration = Duration::from_secs(7 * 86_400);

pub(crate) async fn show(State(views): State<Views>, Asked(asked): Asked<CanaryAsked>) -> Response {
    let make = move |dir: &DataDir, scene: &Scene| {
        let times = Times { since: asked.since, until: asked.until }.range(scene.now, WEEK);
        let n = asked.n.unwrap_or(N_DEFAULT).clamp(1, N_MAX);
        let (lines, is_more) = past::lines(dir, asked.before, n)?;
        Ok(CanaryView {
            at: scene.now,
            brief: tiles::brief(scene),
            next_before: lines.last().filter(|_| is_more).map(|last| last.seq),
            history: lines.iter().map(chapter).collect(),
            traffic: Series::read(Index::read(dir)?.as_ref(), &times)?.traffic(),
            marks: past::marks(dir, &times)?,
        })
    };
    views.show(make).await
}

fn chapter(kept: &Kept<ControlEvent>) -> Chapter {
    let empty = Chapter {
        seq: kept.seq,
        at: kept.record.at(),
        kind: String::new(),
        says: String::new(),
        verdict: None,
        decision: None,
        actor: None,
        reason: None,
    };
    match &kept.record {
        ControlEvent::Verdict(event) => Chapter {
            kind: "verdict".to_owned(),
            says: format!("{} at {} %: {}", event.verdict, event.treatment_pct, event.reason),
            verdict: Some(verdict(event)),
            ..empty
        },
        ControlEvent::Decision(event) => Chapter {
            kind: "decision".to_owned(),
            says: event.decision.to_string(),
            decision: Some(event.decision.name().to_owned()),
            actor: Some(word(&event.actor)),
            reason: Some(event.reason.as_str().to_owned()).filter(|reason| !reason.is_empty()),
            ..empty
        },
        ControlEvent::Hand(event) => Chapter {
            kind: "hand".to_owned(),
            says: match event.on {
                true => format!("another hand decides the split: {}", event.origin),
                false => format!("the canary decides the split again: {}", event.origin),
            },
            ..empty
        },
        ControlEvent::Standing(_) => Chapter {
            kind: "standing".to_owned(),
            says: "a new file was begun with how things stood".to_owned(),
            ..empty
        },
    }
}

fn verdict(event: &VerdictEvent) -> VerdictView {
    VerdictView {
        verdict: event.verdict,
        reason: event.reason.name().to_owned(),
        since: event.window.since,
        until: event.window.until,
        treatment_pct: event.treatment_pct.get(),
        golden: event.golden,
        harm_log_e: event.harm_log_e,
        metrics: event.metrics.iter().map(metric).collect(),
    }
}

fn metric(said: &MetricEvidence) -> MetricView {
    let side = |bucket, n, n_bad| Side { bucket, n, n_bad };
    MetricView {
        metric: said.metric.to_string(),
        sides: vec![
            side(Bucket::Control, said.n_control, said.n_control_bad),
            side(Bucket::Treatment, said.n_treatment, said.n_treatment_bad),
        ],
        harm_log_e: said.harm_log_e,
        noninferior_log_e: said.noninferior_log_e,
        margin: said.margin,
    }
}
