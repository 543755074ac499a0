//! The hypotheses' tab: what the traffic says to each, and what it said before.

use aios_control::hypothesis::{Finished, Hypothesis};
use aios_core::{HypothesisEvent, Timestamp};
use aios_store::{DataDir, Index, Span};
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

/// Most requests that are tested while somebody waits. Where there are more, what the last night found is shown.
const TESTED_MAX: u64 = 200_000;

pub(crate) async fn show(State(views): State<Views>) -> Response {
    let make = |dir: &DataDir, scene: &Scene| {
        let since = judging::anchored(dir, scene.now, scene.shown.retention.events.total)?;
        let Some(index) = Index::read(dir)? else { return Ok(view(scene, since, &[], vec![])) };
        let findings = index.findings()?;
        let mut n = 0;
        index.cells(Span::Hour, since..scene.now, |cell| n += cell.counts.n())?;
        if n > TESTED_MAX {
            return Ok(view(scene, since, &findings, vec![]));
        }
        let quality_min = scene.objectives.quality_min;
        let family = &scene.hypotheses;
        let tested = judging::tested(family, Some(&index), since, scene.now, quality_min)?;
        Ok(view(scene, since, &findings, tested.finished))
    };
    views.show(make).await
}

/// `tested` is of now; where it is empty, the last findings stand for it.
fn view(
    scene: &Scene,
    since: Timestamp,
    findings: &[HypothesisEvent],
    tested: Vec<Finished>,
) -> HypothesesView {
    let last_at = findings.iter().map(|finding| finding.ts).max();
    let tested_at = if tested.is_empty() { last_at.unwrap_or(scene.now) } else { scene.now };
    let hypotheses = scene.hypotheses.iter().map(|hypothesis| {
        let of_it = findings.iter().filter(|finding| finding.name == hypothesis.name);
        let mut history: Vec<_> = of_it.map(FindingView::from).collect();
        let now = tested.iter().find(|found| found.name == hypothesis.name);
        history.extend(now.map(|found| FindingView::of(found, tested_at)));
        hypothesis_view(hypothesis, now, history)
    });
    HypothesesView { tested_at, since, hypotheses: hypotheses.collect() }
}

fn hypothesis_view(
    of: &Hypothesis,
    now: Option<&Finished>,
    history: Vec<FindingView>,
) -> HypothesisView {
    let last = history.last();
    let finding = last.map_or("no_data", |last| &last.finding).to_owned();
    let n_pairs = last.map_or(0, |last| last.n_pairs);
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
        effect: last.and_then(|last| last.effect),
        interval_low: last.map_or(-1.0, |last| last.interval_low),
        interval_high: last.map_or(1.0, |last| last.interval_high),
        log_e_for: now.map_or(0.0, |now| now.log_e_for),
        log_e_against: now.map_or(0.0, |now| now.log_e_against),
        is_by_lot: now.is_some_and(|now| now.by_lot),
        history,
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
        _ if n_pairs < needed => {
            format!("{} more pairs: it takes {needed} until anything is said", needed - n_pairs)
        }
        _ => "requests in both groups".to_owned(),
    }
}

impl FindingView {
    fn of(found: &Finished, at: Timestamp) -> Self {
        Self {
            at,
            finding: found.finding.name().to_owned(),
            n_pairs: found.n_pairs,
            effect: found.effect,
            interval_low: found.interval.0,
            interval_high: found.interval.1,
        }
    }
}

impl From<&HypothesisEvent> for FindingView {
    fn from(event: &HypothesisEvent) -> Self {
        Self {
            at: event.ts,
            finding: event.finding.name().to_owned(),
            n_pairs: event.n_pairs,
            effect: event.effect,
            interval_low: event.interval.0,
            interval_high: event.interval.1,
        }
    }
}
