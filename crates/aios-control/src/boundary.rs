//! The adaptive boundary: where treatment's boundary should go next.
//!
//! A weight at or above the boundary goes to main, so a higher boundary means less main: cheaper and
//! faster. A lower one means more main: better answers. The proposal follows what is proven, not what is
//! measured. Only if the embedder is shown to answer well enough near the boundary does it rise; if it
//! is shown not to, it falls; and where nothing is shown, or the operator has fixed it, it stays.
//!
//! What is known of treatment against control may veto a step that would make it worse: it does not rise
//! while treatment's answers seem worse than control's, and does not fall while treatment seems slower.

use std::time::Duration;

use aios_core::{BOUNDARY_DEFAULT, Boundary, Decision, MetricEvidence, Split, Tier, Timestamp};
use serde::{Deserialize, Serialize};

use crate::evalue::LogWealth;
use crate::judge::Metric;
use crate::row::Row;

/// Most that the boundary may be away from its default, whatever the objective for its drift allows.
pub const REACH_MAX: f64 = 0.1;

/// What the operator may choose about the boundary.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BoundaryPolicy {
    /// One step; with 0 it stays where it is.
    pub step: f64,
    /// Most that it may go in one direction or another within a day, all steps together.
    pub per_day_max: f64,
    /// How far it may be away from its default: as far as the objective for its drift allows, and [`REACH_MAX`] at most. What
    /// goes by itself must not break an objective by itself.
    pub reach: f64,
    /// Share of answers near the boundary that must be good enough for the embedder to keep them.
    pub pass_rate_min: f64,
    /// How far from the boundary a weight is near it.
    pub near: f64,
    /// An answer of at least this quality is good enough.
    pub quality_min: f64,
}

impl Default for BoundaryPolicy {
    fn default() -> Self {
        Self {
            step: 0.01,
            per_day_max: 0.03,
            reach: 0.08,
            pass_rate_min: 0.95,
            near: 0.1,
            quality_min: 0.5,
        }
    }
}

/// A step that was made.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// When.
    pub ts: Timestamp,
    /// Where the boundary went.
    pub to: Boundary,
    /// Where it came from.
    pub from: Boundary,
}

/// What the answers near the boundary say about the embedder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Near {
    /// It answers well enough as often as it must: more may go to it.
    GoodEnough,
    /// It does not: less must go to it.
    NotGoodEnough,
    /// Neither is proven.
    Unknown,
}

/// An e-value of 20: wrong with a chance of at most 5 %.
const PROOF_E: f64 = 20.0;

/// Answers of the embedder just below the boundary since its last step: evidence for one boundary is none for the
/// next.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NearCounts {
    /// Those that were good enough.
    pub n_good: u64,
    /// Those that were not.
    pub n_bad: u64,
}

impl NearCounts {
    /// Takes in one request, if it says anything. Buckets do not matter: what the embedder makes of a message does
    /// not depend on who was dealt it.
    pub fn add(&mut self, policy: &BoundaryPolicy, boundary: Boundary, row: &Row) {
        let Some(quality) = row.quality.filter(|_| is_near(policy, boundary, row)) else { return };
        let n = if quality < policy.quality_min { &mut self.n_bad } else { &mut self.n_good };
        *n += 1;
    }

    /// What they prove, however often that is asked.
    #[must_use]
    pub fn say(&self, policy: &BoundaryPolicy) -> Near {
        let limit = 1.0 - policy.pass_rate_min;
        let proven = |sign: f64| {
            let bets = [(sign * (1.0 - limit), self.n_bad), (sign * -limit, self.n_good)];
            LogWealth::after(bets).log_e() >= PROOF_E.ln()
        };
        if proven(1.0) {
            Near::NotGoodEnough
        } else if proven(-1.0) {
            Near::GoodEnough
        } else {
            Near::Unknown
        }
    }
}

/// From this e-value on something is not proven and yet to be reckoned with.
const DOUBT_E: f64 = 2.0;

/// How treatment seems to do against control. Less than proof is enough to keep a boundary from going further.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Doubts {
    /// Its answers seem worse than tolerated.
    pub quality: bool,
    /// It seems slower than tolerated.
    pub latency: bool,
}

impl Doubts {
    /// What the metrics of a verdict say.
    #[must_use]
    pub fn of(metrics: &[MetricEvidence]) -> Self {
        let doubted = |metric: Metric| {
            metrics.iter().any(|it| it.metric == metric.name() && it.harm_log_e >= DOUBT_E.ln())
        };
        Self { quality: doubted(Metric::Quality), latency: doubted(Metric::Latency) }
    }
}

/// The next step of treatment's boundary; none if it should stay.
#[must_use]
pub fn propose(
    policy: &BoundaryPolicy,
    split: &Split,
    near: Near,
    doubts: Doubts,
    steps: &[Step],
    now: Timestamp,
) -> Option<Decision> {
    if split.frozen || !split.adaptive {
        return None;
    }
    let from = split.treatment_boundary;
    let wish = match near {
        Near::GoodEnough if !doubts.quality => policy.step,
        Near::NotGoodEnough if !doubts.latency => -policy.step,
        Near::GoodEnough | Near::NotGoodEnough | Near::Unknown => return None,
    };
    let room = (policy.per_day_max - moved_today(steps, now)).max(0.0);
    let (low, high) =
        (BOUNDARY_DEFAULT.get() - policy.reach, BOUNDARY_DEFAULT.get() + policy.reach);
    // An operator may have put it outside the reach; it never jumps back, it stops going further.
    let target = from.get() + wish.clamp(-room, room);
    let target = if wish > 0.0 { target.min(high) } else { target.max(low) };
    let is_step = (target - from.get()) * wish > 0.0 && (target - from.get()).abs() > SMALLEST;
    let to = Boundary::new(target).ok().filter(|_| is_step)?;
    Some(Decision::MoveBoundary { from, to })
}

/// Less than that is rounding, not a step.
const SMALLEST: f64 = 1e-9;

/// Both directions count: a boundary that swings moves as well.
fn moved_today(steps: &[Step], now: Timestamp) -> f64 {
    const DAY: Duration = Duration::from_secs(86_400);
    let today = steps.iter().filter(|step| now.since(step.ts) < DAY);
    today.map(|step| (step.to.get() - step.from.get()).abs()).sum()
}

fn is_near(policy: &BoundaryPolicy, boundary: Boundary, row: &Row) -> bool {
    let below = row.weight.map(|weight| boundary.get() - weight.get());
    row.tier == Some(Tier::Embedder)
        && below.is_some_and(|below| below > 0.0 && below <= policy.near)
}

#[cfg(test)]
mod tests {
    use aios_core::{Percent, Verdict, Weight};
    use proptest::prelude::*;

    use super::*;
    use crate::row::tests::row;
    use crate::sli::Window;
    use crate::slo::{Good, Slo};

    const HOUR_MICROS: i64 = 3_600_000_000;

    fn boundary(value: f64) -> Boundary {
        Boundary::new(value).unwrap()
    }

    fn split(treatment_boundary: f64) -> Split {
        let plain = Split::plain(Percent::new(10.0).unwrap(), "canary");
        Split { treatment_boundary: boundary(treatment_boundary), ..plain }
    }

    /// Runs proposals, one an hour, and returns the boundary after each.
    fn run(near: impl Fn(usize) -> Near, n: usize) -> Vec<f64> {
        run_within(BoundaryPolicy::default().reach, near, n)
    }

    fn run_within(reach: f64, near: impl Fn(usize) -> Near, n: usize) -> Vec<f64> {
        let (mut split, mut steps, mut path) = (split(0.5), Vec::new(), Vec::new());
        let policy = BoundaryPolicy { reach, ..BoundaryPolicy::default() };
        for hour in 0..n {
            let ts = Timestamp::from_micros(hour as i64 * HOUR_MICROS);
            if let Some(Decision::MoveBoundary { from, to }) =
                propose(&policy, &split, near(hour), Doubts::default(), &steps, ts)
            {
                split.treatment_boundary = to;
                steps.push(Step { ts, to, from });
            }
            path.push(split.treatment_boundary.get());
        }
        path
    }

    fn near_with(n_good: usize, n_bad: usize) -> Near {
        let with = |quality| Row {
            quality: Some(quality),
            tier: Some(Tier::Embedder),
            weight: Some(Weight::new(0.45).unwrap()),
            ..row(0)
        };
        said(&[vec![with(1.0); n_good], vec![with(0.0); n_bad]].concat())
    }

    fn said(rows: &[Row]) -> Near {
        let (policy, mut counts) = (BoundaryPolicy::default(), NearCounts::default());
        rows.iter().for_each(|row| counts.add(&policy, BOUNDARY_DEFAULT, row));
        counts.say(&policy)
    }

    #[test]
    fn good_answers_raise_it_and_bad_ones_lower_it() {
        assert!(run(|_| Near::GoodEnough, 1)[0] > 0.5);
        assert!(run(|_| Near::NotGoodEnough, 1)[0] < 0.5);
        assert_eq!(run(|_| Near::Unknown, 100), vec![0.5; 100]);
    }

    /// What raising it means: the same messages, fewer of them to main.
    #[test]
    fn a_higher_boundary_means_less_main() {
        let n_main = |boundary: f64| (0..100).filter(|n| f64::from(*n) / 100.0 >= boundary).count();
        let raised = run(|_| Near::GoodEnough, 1)[0];
        assert!(n_main(raised) < n_main(0.5), "{raised}");
    }

    #[test]
    fn it_goes_no_further_than_its_objective_and_three_hundredths_a_day() {
        let path = run(|_| Near::GoodEnough, 24 * 10);
        assert!((path[23] - 0.53).abs() < 1e-9, "{}", path[23]);
        assert!((path.last().unwrap() - 0.58).abs() < 1e-9, "{path:?}");
        let path = run(|_| Near::NotGoodEnough, 24 * 10);
        assert!((path.last().unwrap() - 0.42).abs() < 1e-9, "{path:?}");
    }

    /// To the last digit: 0.5 less 0.42 is more than 0.08.
    #[test]
    fn what_goes_by_itself_keeps_the_objective_at_both_ends() {
        for reach in [0.03, 0.05, 0.07, 0.08, 0.1] {
            let drift = Slo::new("boundary_drift", Good::AtMost, reach, 1).unwrap();
            for (near, end) in [(Near::GoodEnough, 0.5 + reach), (Near::NotGoodEnough, 0.5 - reach)]
            {
                let at = *run_within(reach, |_| near, 24 * 10).last().unwrap();
                assert!((at - end).abs() < 1e-9, "{at} {end}");
                let rows = [Row { boundary: boundary(at), ..row(0) }];
                assert_eq!(drift.judge(&Window::new(&rows)).verdict, Verdict::Met, "{reach} {at}");
                let rows = [Row { boundary: boundary(at + (at - 0.5) / 100.0), ..row(0) }];
                assert_eq!(drift.judge(&Window::new(&rows)).verdict, Verdict::Breached);
            }
        }
    }

    #[test]
    fn the_operators_hand_freezes_it() {
        let moves = |split: &Split| {
            let at = Timestamp::from_micros(0);
            let (policy, doubts) = (BoundaryPolicy::default(), Doubts::default());
            propose(&policy, split, Near::GoodEnough, doubts, &[], at).is_some()
        };
        assert!(moves(&split(0.5)));
        assert!(!moves(&Split { frozen: true, ..split(0.5) }));
        assert!(!moves(&Split { adaptive: false, ..split(0.5) }));
        assert!(!moves(&split(0.7)));
    }

    #[test]
    fn a_step_that_would_make_it_worse_is_not_made() {
        let moves = |near: Near, quality: bool, latency: bool| {
            let (policy, at) = (BoundaryPolicy::default(), Timestamp::from_micros(0));
            propose(&policy, &split(0.5), near, Doubts { quality, latency }, &[], at).is_some()
        };
        assert!(!moves(Near::GoodEnough, true, false) && moves(Near::GoodEnough, false, true));
        assert!(
            !moves(Near::NotGoodEnough, false, true) && moves(Near::NotGoodEnough, true, false)
        );
    }

    #[test]
    fn only_proof_moves_it() {
        assert_eq!(near_with(0, 0), Near::Unknown);
        assert_eq!(near_with(20, 0), Near::Unknown);
        assert_eq!(near_with(500, 2), Near::GoodEnough);
        assert_eq!(near_with(95, 5), Near::Unknown);
        assert_eq!(near_with(80, 20), Near::NotGoodEnough);
    }

    #[test]
    fn only_the_embedders_answers_just_below_count() {
        let far = |weight, tier| Row {
            quality: Some(0.0),
            tier: Some(tier),
            weight: Some(Weight::new(weight).unwrap()),
            ..row(0)
        };
        for row in [far(0.2, Tier::Embedder), far(0.6, Tier::Embedder), far(0.45, Tier::Main)] {
            assert_eq!(said(&[row; 500]), Near::Unknown, "{row:?}");
        }
    }

    proptest! {
        #[test]
        fn it_stays_within_reach_and_within_the_day(ways in prop::collection::vec(0..3_u8, 1..200)) {
            let near = |hour: usize| match ways[hour] {
                0 => Near::GoodEnough,
                1 => Near::NotGoodEnough,
                _ => Near::Unknown,
            };
            let path = run(near, ways.len());
            for at in &path {
                prop_assert!((0.42 - 1e-9..=0.58 + 1e-9).contains(at));
            }
            for day in path.windows(24) {
                let moved: f64 = day.windows(2).map(|two| (two[1] - two[0]).abs()).sum();
                prop_assert!(moved <= 0.03 + 1e-9, "{}", moved);
            }
        }
    }
}
