//! How many blocks and looks a rollout will need, said before it begins, and what it can catch.

use aios_core::Percent;
use serde::Serialize;

use crate::blocks::Shape;
use crate::evidence::Testimony;
use crate::judge::{JudgePolicy, Metric, Question};
use crate::plan::CanaryPolicy;
use crate::stages::Stages;

/// Blocks until non-inferiority is shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Needed {
    /// In half of all rollouts.
    pub median: f64,
    /// In nine of ten.
    pub p90: f64,
}

/// Blocks that an equal treatment needs to be shown within `margin`, where both buckets are bad at
/// `rate`. Growth of a bettor's wealth per block is about `margin^2 / (2 (v + margin^2))`, with `v` the
/// variance of a block's difference (Kelly, "A new interpretation of information rate", 1956); the
/// factors were fitted to simulations. Rates below 0.3 % need about twice as many.
#[must_use]
pub fn blocks_needed(rate: f64, margin: f64, shape: Shape) -> Needed {
    const MEDIAN: f64 = 8.0;
    const P90: f64 = 18.0;
    let per_side = 1.0 / f64::from(shape.treated) + 1.0 / f64::from(shape.controls);
    let variance = rate * (1.0 - rate) * per_side;
    let relative = (variance + margin * margin) / (margin * margin);
    Needed { median: MEDIAN * relative, p90: P90 * relative }
}

/// The last of three metrics is proven later than one of them. Half of all rollouts have all three where 79 % have
/// one, 90 % where 97 % have; that is so much more than the median and the p90 of one, whose logarithms are about normal.
const ALL_MEDIAN: f64 = 1.68;
const ALL_P90: f64 = 1.39;

/// What is expected of the traffic.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Expected {
    /// Conversations between two looks, in both buckets together.
    pub requests_per_check: f64,
    /// Share of requests that fail.
    pub error_rate: f64,
    /// Share of answers that are not good enough; none where nobody says how good they are.
    pub miss_rate: Option<f64>,
}

/// One stage, as it will probably go.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct StagePlan {
    /// Share in treatment.
    pub treatment_pct: f64,
    /// Where it leads.
    pub next_pct: f64,
    /// By how much more often treatment may fail to get there.
    pub error_margin: f64,
    /// Blocks that must come in during it, in half of all rollouts.
    pub blocks: f64,
    /// Looks in half of all rollouts …
    pub checks_median: f64,
    /// … and in nine of ten.
    pub checks_p90: f64,
}

/// A rollout of an equal treatment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Forecast {
    /// Its stages.
    pub stages: Vec<StagePlan>,
    /// Looks until everybody is in treatment, in half of all rollouts.
    pub checks_median: f64,
    /// The smallest rise of the error rate that is probably rolled back before the rollout would end.
    pub errors_caught: f64,
    /// The same of answers that are not good enough, where anybody says.
    pub misses_caught: Option<f64>,
}

/// Foretells a rollout. Evidence of earlier stages goes on counting, each block of it for as much as its margin
/// makes it worth.
#[must_use]
pub fn forecast(policy: &JudgePolicy, canary: &CanaryPolicy, expected: &Expected) -> Forecast {
    let mut seen: Vec<(Shape, f64)> = Vec::new();
    let mut stages = Vec::new();
    for pct in canary.stages.iter() {
        let Some((stage, shape)) = stage(policy, canary, expected, &seen, pct) else { continue };
        seen.push((shape, stage.blocks));
        stages.push(stage);
    }
    let caught = |rate: f64, metric: Metric| smallest_caught(rate, policy.tolerated(metric), &seen);
    Forecast {
        checks_median: stages.iter().map(|stage| stage.checks_median).sum(),
        errors_caught: caught(expected.error_rate, Metric::Errors),
        misses_caught: expected.miss_rate.map(|rate| caught(rate, Metric::Quality)),
        stages,
    }
}

/// What came in at the stage that runs, and what it needs by itself if treatment is equal; none where everybody is
/// in one bucket. `next` is the stage that follows.
#[must_use]
pub fn blocks_still_needed(kept: &Testimony, next: Option<Percent>) -> Option<(u64, Needed)> {
    let epoch = kept.epochs.last()?;
    let question = Question::step_to(next.or_else(|| Stages::default().after(epoch.treatment))?);
    let need = |metric, (n, n_bad): (u64, u64)| {
        let rate = n_bad.max(1) as f64 / n.max(1) as f64;
        blocks_needed(rate.min(0.5), kept.policy.margin(metric, question), epoch.shape)
    };
    let errors = need(Metric::Errors, epoch.errors().controls());
    let misses = need(Metric::Quality, epoch.quality().controls());
    let most = match epoch.quality().n_blocks() > 0 && misses.median > errors.median {
        true => misses,
        false => errors,
    };
    Some((epoch.errors().n_blocks(), most))
}

fn stage(
    policy: &JudgePolicy,
    canary: &CanaryPolicy,
    expected: &Expected,
    seen: &[(Shape, f64)],
    treatment: Percent,
) -> Option<(StagePlan, Shape)> {
    let (shape, next) = (Shape::for_share(treatment)?, canary.stages.after(treatment)?);
    let question = Question::step_to(next);
    let of = |metric, rate: f64, quantile: fn(Needed) -> f64| {
        let margin = policy.margin(metric, question);
        let needed = |shape| quantile(blocks_needed(rate, margin, shape));
        let known: f64 = seen.iter().map(|&(shape, blocks)| blocks / needed(shape)).sum();
        (1.0 - known).max(0.0) * needed(shape)
    };
    let all = |quantile: fn(Needed) -> f64| {
        let errors = of(Metric::Errors, expected.error_rate, quantile);
        let misses = expected.miss_rate.map_or(0.0, |rate| of(Metric::Quality, rate, quantile));
        errors.max(misses).max(policy.blocks_min as f64)
    };
    let share = treatment.get() / 100.0;
    let per_check =
        (share / f64::from(shape.treated)).min((1.0 - share) / f64::from(shape.controls));
    let per_check = expected.requests_per_check * per_check;
    // The proof must hold for so many looks, the first of which is the one that brings it.
    let checks =
        |blocks: f64| (blocks / per_check).ceil().max(1.0) + f64::from(canary.passes) - 1.0;
    let checks_median = checks(all(|needed| ALL_MEDIAN * needed.median));
    let stage = StagePlan {
        treatment_pct: treatment.get(),
        next_pct: next.get(),
        error_margin: policy.margin(Metric::Errors, question),
        blocks: checks_median * per_check,
        checks_median,
        checks_p90: checks(all(|needed| ALL_P90 * needed.p90)),
    };
    Some((stage, shape))
}

/// Found by halving: the more often treatment goes badly, the sooner it is found.
fn smallest_caught(rate: f64, tolerated: f64, seen: &[(Shape, f64)]) -> f64 {
    let is_caught = |rise: f64| {
        let needed = |shape| blocks_needed(rate + rise / 2.0, rise - tolerated, shape).median;
        seen.iter().map(|&(shape, blocks)| blocks / needed(shape)).sum::<f64>() >= 1.0
    };
    let (mut low, mut high) = (tolerated, 1.0 - rate);
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        if is_caught(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    high
}

/// After so many halvings nobody sees a difference.
const HALVINGS: u32 = 30;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::{Judging, P95_MS, Scenario, Simulation, Tally};

    /// The guide's own figures.
    fn expected(requests_per_check: f64) -> Expected {
        Expected { requests_per_check, error_rate: 0.01, miss_rate: Some(0.03) }
    }

    fn forecast_at(requests_per_check: f64) -> Forecast {
        let policy = JudgePolicy::new(17_700.0);
        forecast(&policy, &CanaryPolicy::default(), &expected(requests_per_check))
    }

    fn simulated(scenario: Scenario, requests_per_check: u32) -> Tally {
        let (judging, checks_max) = (Judging::Evidence, 300);
        let (policy, asked) = (CanaryPolicy::default(), JudgePolicy::new(P95_MS));
        let simulation = Simulation {
            seed: 3,
            scenario,
            judging,
            policy,
            asked,
            requests_per_check,
            checks_max,
        };
        let mut tally = Tally::default();
        (0..100).for_each(|n| tally.add(&simulation.rollout(n)));
        tally
    }

    #[test]
    fn a_rollout_takes_about_as_long_as_foretold() {
        for requests_per_check in [100, 1_000, 10_000] {
            let found = simulated(Scenario::Equal, requests_per_check).checks_median().unwrap();
            let told = forecast_at(f64::from(requests_per_check)).checks_median;
            let off = told / f64::from(found);
            assert!((0.75..1.33).contains(&off), "{requests_per_check}: {told}, not {found}");
        }
    }

    #[test]
    fn more_traffic_is_quicker_and_sees_smaller_harm_only_by_waiting() {
        let (few, many) = (forecast_at(100.0), forecast_at(10_000.0));
        assert!(many.checks_median < few.checks_median && many.stages.len() == 4);
        assert!(many.errors_caught < few.errors_caught);
        // What is simulated as 1 -> 3 % is caught at either.
        assert!(few.errors_caught < 0.02, "{}", few.errors_caught);
        let p90 = |all: &Forecast| all.stages.iter().all(|it| it.checks_p90 >= it.checks_median);
        assert!(p90(&few) && p90(&many));
    }

    /// The figures that simulations gave for errors of 1 % at one to one.
    #[test]
    fn it_foretells_what_simulations_found() {
        let half = Shape { treated: 1, controls: 1 };
        for (margin, median, p90) in [(0.02, 440.0, 940.0), (0.01, 1_500.0, 3_400.0)] {
            let needed = blocks_needed(0.01, margin, half);
            let off = |found: f64, expect: f64| (found / expect - 1.0).abs();
            assert!(off(needed.median, median) < 0.12 && off(needed.p90, p90) < 0.12, "{needed:?}");
        }
    }
}
