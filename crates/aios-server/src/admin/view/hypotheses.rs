//! The hypotheses' tab: what the traffic says to each, and what it said before.

use aios_control::hypothesis::{Finished, Hypothesis};
use aios_core::{HypothesisEvent, Timestamp};
use aios_store::{DataDir, Index, Span, StoreError};
use axum::extract::State;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;

use super::scene::{Scene, Views};
use super::tiles::word;
use super::words::Time;
use crate::judging;

/// All hypotheses.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct HypothesesView {
    /// When they were tested; where there is too much to test now, when the newest finding went on record, if any did.
    #[schemars(with = "Option<Time>")]
    tested_at: Option<Timestamp>,
    /// Traffic from this time on was looked at.
    #[schemars(with = "Time")]
    since: Timestamp,
    /// Requests since then, where they are too many to be tested while somebody waits: then each finding is the last
    /// that went on record.
    n_too_many: Option<u64>,
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
    /// `supported`, `refuted`, `inconclusive` or `no_data`; `untested` where none is on record and nothing was tested now.
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
    /// What it was found to be at earlier times, the oldest first; the last is of now, if it was tested now.
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

/// Most requests that are tested while somebody waits.
const TESTED_MAX: u64 = 200_000;

pub(crate) async fn show(State(views): State<Views>) -> Response {
    views.show(|dir, scene| look(dir, scene, TESTED_MAX)).await
}

/// All hypotheses, tested now unless there are more than `tested_max` requests to test them on.
pub(in crate::admin) fn look(
    dir: &DataDir,
    scene: &Scene,
    tested_max: u64,
) -> Result<HypothesesView, StoreError> {
    let since = judging::anchored(dir, scene.now, scene.shown.retention.events.total)?;
    let index = Index::read(dir)?;
    let (mut findings, mut n) = (Vec::new(), 0);
    if let Some(index) = &index {
        findings = index.findings()?;
        index.cells(Span::Hour, since..scene.now, |cell| n += cell.counts.n())?;
    }
    let is_tested = n <= tested_max;
    // On nothing, it is still known how each would be tested.
    let rows = index.as_ref().filter(|_| is_tested);
    let quality_min = scene.objectives.quality_min;
    let tested = judging::tested(&scene.hypotheses, rows, since, scene.now, quality_min)?.finished;
    let each = scene.hypotheses.iter().zip(&tested).map(|(hypothesis, found)| {
        let recorded = findings.iter().filter(|finding| finding.name == hypothesis.name);
        let mut known: Vec<_> = recorded.map(Known::from).collect();
        known.extend(is_tested.then(|| Known::of(found, scene.now)));
        hypothesis_view(hypothesis, found.by_lot, known)
    });
    Ok(HypothesesView {
        since,
        n_too_many: (!is_tested).then_some(n),
        hypotheses: each.collect(),
        tested_at: match is_tested {
            true => Some(scene.now),
            false => findings.iter().map(|finding| finding.ts).max(),
        },
    })
}

/// A finding with what it rests on.
struct Known {
    shown: FindingView,
    log_e_for: f64,
    log_e_against: f64,
}

fn hypothesis_view(of: &Hypothesis, is_by_lot: bool, known: Vec<Known>) -> HypothesisView {
    let last = known.last();
    let finding = last.map_or("untested", |last| &last.shown.finding).to_owned();
    let n_pairs = last.map_or(0, |last| last.shown.n_pairs);
    HypothesisView {
        name: of.name.clone(),
        statement: of.statement.clone(),
        metric: word(&of.metric),
        groups: word(&of.groups),
        direction: word(&of.direction),
        margin: of.margin,
        n_pairs_min: of.n_pairs_min,
        would_change: would_change(of, &finding, n_pairs),
        finding,
        n_pairs,
        effect: last.and_then(|last| last.shown.effect),
        interval_low: last.map_or(-1.0, |last| last.shown.interval_low),
        interval_high: last.map_or(1.0, |last| last.shown.interval_high),
        log_e_for: last.map_or(0.0, |last| last.log_e_for),
        log_e_against: last.map_or(0.0, |last| last.log_e_against),
        is_by_lot,
        history: known.into_iter().map(|known| known.shown).collect(),
    }
}

fn would_change(of: &Hypothesis, finding: &str, n_pairs: u64) -> String {
    let (margin, needed) = (of.margin, of.n_pairs_min);
    match finding {
        "supported" => format!(
            "newer pairs that put the true difference beyond the margin of {margin}, at every look at once"
        ),
        "refuted" => {
            format!("newer pairs that put the true difference within the margin of {margin}")
        }
        "inconclusive" => format!(
            "more pairs: the interval still holds the margin of {margin}, so that both can be true"
        ),
        "untested" => {
            "a test of all requests, as each night makes one, or `aios hypotheses run`".to_owned()
        }
        _ if n_pairs < needed => {
            format!("{} more pairs: it takes {needed} until anything is said", needed - n_pairs)
        }
        _ => "requests in both groups".to_owned(),
    }
}

impl Known {
    fn of(found: &Finished, at: Timestamp) -> Self {
        let shown = FindingView {
            at,
            finding: found.finding.name().to_owned(),
            n_pairs: found.n_pairs,
            effect: found.effect,
            interval_low: found.interval.0,
            interval_high: found.interval.1,
        };
        Self { shown, log_e_for: found.log_e_for, log_e_against: found.log_e_against }
    }
}

impl From<&HypothesisEvent> for Known {
    fn from(event: &HypothesisEvent) -> Self {
        let shown = FindingView {
            at: event.ts,
            finding: event.finding.name().to_owned(),
            n_pairs: event.n_pairs,
            effect: event.effect,
            interval_low: event.interval.0,
            interval_high: event.interval.1,
        };
        Self { shown, log_e_for: event.log_e_for, log_e_against: event.log_e_against }
    }
}
