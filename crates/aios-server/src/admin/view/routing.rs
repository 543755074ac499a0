//! The routing tab: where the boundaries were and are, what weighs how much, and why a message goes where it goes.

use aios_core::{BOUNDARY_DEFAULT, Bucket, Tier, Timestamp};
use aios_eval::{BUILT_IN_SET, GoldenSet, Report, Swept, sweep};
use aios_route::ExplainedTerm;
use aios_store::{Counts, DataDir, GoldenPaths, Index, StoreError, WEIGHT_BARS, read_document};
use axum::extract::State;
use axum::response::Response;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::asked::Times;
use super::scene::{Scene, Views};
use super::series::{Column, Series, share};
use super::tiles::word;
use super::words::{Time, Word};
use crate::admin::asked::{Asked, Body};

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

/// Boundaries of the sweep, in hundredths: as far as anybody would go by little steps.
const HUNDREDTHS: std::ops::RangeInclusive<u32> = 40..=60;

/// One of so many hundredths.
const STEP: usize = 2;

pub(crate) async fn show(State(views): State<Views>, Asked(asked): Asked<Times>) -> Response {
    let make = move |dir: &DataDir, scene: &Scene| {
        let series = Series::read(Index::read(dir)?.as_ref(), &asked.day(scene.now))?;
        let split = &scene.split;
        let drift = scene.objectives.slos.iter().find(|slo| slo.sli.name() == "boundary_drift");
        let shares = Bucket::ALL.map(|bucket| {
            let counts = series.sum(|(_, of)| of == bucket);
            MainShare { bucket, n: counts.n_weighed(), n_main: counts.n_to_main }
        });
        Ok(RoutingView {
            at: scene.now,
            split: SplitView {
                treatment_pct: split.treatment_pct.get(),
                control_boundary: split.control_boundary.get(),
                treatment_boundary: split.treatment_boundary.get(),
                is_adaptive: split.adaptive,
                is_frozen: split.frozen,
                origin: split.origin.clone(),
            },
            override_error: scene.override_error.clone(),
            profile: word(&scene.policy.profile),
            n_knot_prompts: scene.policy.knots.n_prompts(),
            drift_max: drift.map(|slo| slo.objective),
            baseline_boundary: BOUNDARY_DEFAULT.get(),
            boundaries: boundaries(&series),
            weights: weights(&series),
            main_shares: shares.into(),
            sweep: swept(dir, scene)?,
        })
    };
    views.show(make).await
}

pub(crate) async fn explain(
    State(views): State<Views>,
    Body(asked): Body<ExplainAsked>,
) -> Response {
    let make = move |_: &DataDir, scene: &Scene| {
        let of = |bucket| aios_route::explain(&asked.text, bucket, &scene.policy, &scene.split);
        let explained = Bucket::ALL.map(of);
        let [first, _] = &explained;
        let term = |term: &ExplainedTerm| TermView {
            name: term.name.to_owned(),
            value: term.value,
            meaning: term.meaning.to_owned(),
        };
        Ok(Explained {
            weight: first.weight.get(),
            raw: first.raw,
            terms: first.terms.iter().map(term).collect(),
            choices: explained
                .iter()
                .map(|of| Choice {
                    bucket: of.bucket,
                    tier: of.tier,
                    boundary: of.boundary.get(),
                    margin: of.margin,
                    reason: of.reason.name().to_owned(),
                })
                .collect(),
        })
    };
    views.show(make).await
}

fn boundaries(series: &Series) -> Boundaries {
    let of = |bucket| series.each(move |(_, of)| of == bucket);
    let (control, treatment) = (of(Bucket::Control), of(Bucket::Treatment));
    let mean = |all: &Column| {
        let mean = |counts: &Counts| {
            let n = counts.n_weighed();
            (n > 0).then(|| counts.boundary_sum / n as f64)
        };
        all.iter().map(mean).collect::<Vec<_>>()
    };
    let main = |all: &Column| {
        all.iter().map(|counts| share(counts.n_to_main, counts.n_weighed())).collect::<Vec<_>>()
    };
    let drift = series.each(|_| true).iter().map(farthest).collect();
    Boundaries {
        step_s: u32::try_from(series.steps.step_s).unwrap_or(u32::MAX),
        at_ms: series.steps.at_ms(),
        control: mean(&control),
        treatment: mean(&treatment),
        drift,
        main_share_control: main(&control),
        main_share_treatment: main(&treatment),
    }
}

/// How far the applied boundaries were from the baseline boundary at most.
fn farthest(counts: &Counts) -> Option<f64> {
    let from_baseline = |at: f64| (at - BOUNDARY_DEFAULT.get()).abs();
    Some(from_baseline(counts.boundary_min?).max(from_baseline(counts.boundary_max?)))
}

fn weights(series: &Series) -> Weights {
    let of = |bucket| series.sum(move |(_, of)| of == bucket);
    let (control, treatment) = (of(Bucket::Control), of(Bucket::Treatment));
    Weights {
        bar_width: 1.0 / WEIGHT_BARS as f64,
        n_control: control.weights.to_vec(),
        n_treatment: treatment.weights.to_vec(),
        n_all: control.n_weighed() + treatment.n_weighed(),
    }
}

/// What cannot be used says nothing, and is told where it is looked at: at the goldens.
fn swept(dir: &DataDir, scene: &Scene) -> Result<Vec<SweptView>, StoreError> {
    let paths = GoldenPaths::of(dir.path());
    let text = read_document(&paths.set)?;
    let Ok(set) = GoldenSet::parse(text.as_deref().unwrap_or(BUILT_IN_SET)) else {
        return Ok(Vec::new());
    };
    let mut reports = Vec::new();
    for path in [&paths.baseline, &paths.report] {
        reports.extend(read_document(path)?.and_then(|text| Report::parse(&text).ok()));
    }
    let boundaries: Vec<f64> =
        HUNDREDTHS.step_by(STEP).map(|hundredths| f64::from(hundredths) / 100.0).collect();
    let weigh = |text: &str| {
        aios_route::explain(text, Bucket::Control, &scene.policy, &scene.split).weight.get()
    };
    let view = |swept: Swept| SweptView {
        boundary: swept.boundary,
        main_share: swept.main_share,
        n_mismatched: swept.n_mismatched,
        n_unseen: swept.n_unseen,
        pass_rate: swept.pass_rate,
        latency_ms_p50: swept.latency_ms_p50,
        latency_ms_p95: swept.latency_ms_p95,
    };
    Ok(sweep(&set, &reports, &boundaries, weigh).into_iter().map(view).collect())
}
