use aios_core::Bucket;
use rand_distr::Distribution;
use rand_distr::uniform::Uniform;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;

use super::*;
use crate::evidence::Observation;

const SLOW_MS: f64 = 10_000.0;

/// How a bucket behaves.
#[derive(Clone, Copy)]
struct Behaves {
    errors: f64,
    misses: f64,
    slowdown: f64,
}

const WELL: Behaves = Behaves { errors: 0.01, misses: 0.03, slowdown: 1.0 };

fn percent(value: f64) -> Percent {
    Percent::new(value).unwrap()
}

/// Evidence of `n` conversations at half and half.
fn evidence(n: u32, treatment: Behaves, control: Behaves) -> Evidence {
    let mut evidence = Evidence::new(JudgePolicy::new(SLOW_MS), percent(50.0));
    let mut random = Xoshiro256PlusPlus::seed_from_u64(1);
    let unit = Uniform::new(0.0, 1.0).unwrap();
    for k in 0..n {
        let bucket = if k % 2 == 0 { Bucket::Treatment } else { Bucket::Control };
        let behaves = if k % 2 == 0 { treatment } else { control };
        let mut draw = || unit.sample(&mut random);
        // Uniform latencies, of which one in twenty is above the p95.
        evidence.add(&Observation {
            bucket,
            failed: draw() < behaves.errors,
            latency_ms: draw() * SLOW_MS / 0.95 * behaves.slowdown,
            missed: Some(draw() < behaves.misses),
        });
    }
    evidence
}

fn check(n: u32, treatment: Behaves, control: Behaves, expect: VerdictReason) {
    let judged = judge(&evidence(n, treatment, control), percent(75.0));
    assert_eq!(judged.reason, expect, "{judged:?}");
}

#[test]
fn an_equal_treatment_is_met_once_there_is_enough() {
    check(100, WELL, WELL, VerdictReason::Inconclusive);
    check(20_000, WELL, WELL, VerdictReason::WithinMargins);
}

/// The polarity of every metric: harm in treatment is a breach, the same in control is none.
#[test]
fn harm_breaches_in_the_one_bucket_and_not_in_the_other() {
    let harms = [
        Behaves { errors: 0.04, ..WELL },
        Behaves { misses: 0.10, ..WELL },
        Behaves { slowdown: 1.3, ..WELL },
    ];
    for harmed in harms {
        let reason = judge(&evidence(20_000, harmed, WELL), percent(75.0)).reason;
        assert_eq!(verdict_of(reason), Verdict::Breached, "{reason}");
        check(20_000, WELL, harmed, VerdictReason::WithinMargins);
    }
}

#[test]
fn an_outage_of_both_is_not_blamed_on_treatment() {
    let broken = Behaves { errors: 0.5, ..WELL };
    check(4_000, broken, broken, VerdictReason::ControlUnhealthy);
    let mut over = evidence(4_000, broken, broken);
    over.settle();
    for bucket in [Bucket::Treatment, Bucket::Control] {
        over.add(&Observation { bucket, failed: false, latency_ms: 1.0, missed: Some(false) });
    }
    assert_eq!(judge(&over, percent(75.0)).reason, VerdictReason::Inconclusive);
}

#[test]
fn what_was_judged_is_no_news() {
    let mut judged = evidence(20_000, WELL, WELL);
    judged.settle();
    assert_eq!(judge(&judged, percent(75.0)).reason, VerdictReason::NoNewData);
}

#[test]
fn a_lost_part_of_treatment_is_not_judged() {
    let mut lossy = evidence(2_000, WELL, WELL);
    let more =
        Observation { bucket: Bucket::Control, failed: false, latency_ms: 1.0, missed: None };
    (0..400).for_each(|_| lossy.add(&more));
    assert_eq!(judge(&lossy, percent(75.0)).reason, VerdictReason::SampleRatioMismatch);
}

#[test]
fn a_stage_that_disagrees_stops_what_the_whole_would_let_pass() {
    let mut evidence = evidence(40_000, WELL, WELL);
    evidence.enter(percent(75.0));
    let mut stage = |bucket, failed, n: u32| {
        let seen = Observation { bucket, failed, latency_ms: 1_000.0, missed: Some(false) };
        (0..n).for_each(|_| evidence.add(&seen));
    };
    // A hundred blocks, four of them with an error in treatment.
    for k in 0..100 {
        stage(Bucket::Treatment, k % 25 == 0, 1);
        stage(Bucket::Treatment, false, 2);
        stage(Bucket::Control, false, 1);
    }
    assert_eq!(judge(&evidence, percent(100.0)).reason, VerdictReason::Inconclusive);
}

#[test]
fn margins_shrink_as_the_share_grows() {
    let policy = JudgePolicy::new(SLOW_MS);
    let margin = |pct| policy.margin(Metric::Errors, Question::step_to(percent(pct)));
    assert_eq!([25.0, 50.0, 100.0].map(margin), [0.04, 0.02, 0.01]);
    assert_eq!(Question::step_to(percent(30.0)), Question::To50);
}

#[test]
fn the_difference_is_where_it_was_put() {
    let harmed = evidence(20_000, Behaves { misses: 0.10, ..WELL }, WELL);
    let (low, high) = difference_interval(&harmed, Metric::Quality);
    assert!(0.0 < low && low < 0.07 && 0.07 < high && high < 0.15, "{low} {high}");
    let (low, high) = difference_interval(&harmed, Metric::Errors);
    assert!(low < 0.0 && 0.0 < high, "{low} {high}");
}
