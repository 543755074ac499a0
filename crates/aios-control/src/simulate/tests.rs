use aios_core::{Percent, Verdict};

use super::*;
use crate::evidence::Evidence;
use crate::judge::{Ceilings, JudgePolicy, judge};
use crate::plan::CanaryPolicy;
use crate::slo::default_slos;

/// What is asked by default, with the objectives on top.
fn asked() -> JudgePolicy {
    let mut asked = JudgePolicy::new(P95_MS);
    asked.ceilings = Ceilings::of(&default_slos());
    assert!(asked.ceilings.is_some());
    asked
}

/// The same where so many more errors are tolerated, and nobody minds how long it takes.
fn tolerant(error_margin: f64) -> JudgePolicy {
    let mut tolerant = asked().with_latency_margin(1.0);
    tolerant.error_margin = error_margin;
    tolerant
}

fn simulation(scenario: Scenario, judging: Judging, requests_per_check: u32) -> Simulation {
    let (seed, policy, asked) = (1, CanaryPolicy::default(), asked());
    Simulation { seed, scenario, judging, policy, asked, requests_per_check, checks_max: 1_000 }
}

fn tally(scenario: Scenario, judging: Judging, requests_per_check: u32, runs: u32) -> Tally {
    let simulation = simulation(scenario, judging, requests_per_check);
    let mut tally = Tally::default();
    (0..runs).for_each(|n| tally.add(&simulation.rollout(n)));
    tally
}

#[test]
fn a_seed_gives_the_same_rollout_again() {
    let checks_max = 100;
    let simulation = simulation(Scenario::Margin, Judging::Evidence, 1_000);
    let simulation = Simulation { seed: 9, checks_max, ..simulation };
    assert_eq!(simulation.rollout(3), simulation.rollout(3));
    assert_ne!(simulation.rollout(3), Simulation { seed: 10, ..simulation }.rollout(3));
}

#[test]
fn bars_hold_at_a_thousand_requests_a_check() {
    for scenario in Scenario::ALL {
        let tally = tally(scenario, Judging::Evidence, 1_000, 200);
        for bar in bars(&simulation(scenario, Judging::Evidence, 1_000), &tally) {
            assert!(bar.is_kept(), "{scenario:?} {bar:?}");
        }
    }
}

/// Injected harm must be found, not merely left unproven.
#[test]
fn harm_is_rolled_back() {
    for scenario in [Scenario::Errors, Scenario::P95, Scenario::Quality] {
        let tally = tally(scenario, Judging::Evidence, 1_000, 100);
        assert!(tally.rolled_back_pct() >= 99.0, "{scenario:?} {}", tally.rolled_back_pct());
    }
}

/// Of both buckets over the objective nobody says that it is treatment's doing, wherever the canary stands and however many
/// requests there are; where treatment alone is over it, everybody does.
#[test]
fn an_objective_rolls_back_what_breaks_it_alone() {
    for scenario in [Scenario::Over, Scenario::Held] {
        for (requests, runs) in [(100, 200), (3_000, 100)] {
            let found = tally(scenario, Judging::Evidence, requests, runs).rolled_back_pct();
            assert!(found <= 2.0, "{scenario:?} {requests} {found}");
        }
    }
    // Margins so wide that nothing but the objective is in the way of 3 %.
    let rolled_back = |asked: JudgePolicy| {
        let simulation =
            Simulation { asked, ..simulation(Scenario::Errors, Judging::Evidence, 10_000) };
        let ends = (0..50).filter(|n| simulation.rollout(*n).end == End::RolledBack);
        ends.count()
    };
    let n_rolled_back = rolled_back(tolerant(0.1));
    assert!(n_rolled_back >= 49, "{n_rolled_back}");
    let mut without = tolerant(0.1);
    without.ceilings = None;
    assert_eq!(rolled_back(without), 0);
}

/// What the margins tolerate is no fault, and how long it takes is promised for the default ones.
#[test]
fn bars_are_those_of_the_margins() {
    let figures = |scenario, asked| {
        let simulation = Simulation { asked, ..simulation(scenario, Judging::Evidence, 1_000) };
        let bars = bars(&simulation, &Tally::default());
        bars.iter().map(|bar| bar.figure).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(figures(Scenario::Equal, asked()), "rolled_back_pct checks_median");
    assert_eq!(figures(Scenario::Equal, tolerant(0.03)), "rolled_back_pct");
    for scenario in [Scenario::Errors, Scenario::Late, Scenario::Margin] {
        assert_eq!(figures(scenario, asked()), "promoted_pct");
        assert_eq!(figures(scenario, tolerant(0.03)), "");
    }
    assert_eq!(figures(Scenario::Quality, tolerant(0.03)), "promoted_pct");
}

/// What the judge is better than: the thresholds roll an equal treatment back.
#[test]
fn thresholds_on_one_window_are_noise() {
    let tally = tally(Scenario::Equal, Judging::Thresholds, 1_000, 100);
    assert!(tally.rolled_back_pct() > 50.0, "{}", tally.rolled_back_pct());
}

/// The stage is held, so that nothing ends the looking: a thousand looks at the same growing evidence.
#[test]
fn a_thousand_looks_do_not_find_harm_where_there_is_none() {
    let harmed = (0..HELD_RUNS).filter(|seed| breaches_within(1_000, *seed)).count();
    let most = HELD_RUNS as usize * 2 / 100;
    assert!(harmed <= most, "{harmed} of {HELD_RUNS}");
}

const HELD_RUNS: u64 = 50;

fn breaches_within(n_looks: u32, seed: u64) -> bool {
    let first = Percent::new(10.0).unwrap();
    let mut traffic = traffic::Traffic::new(seed, Scenario::Equal);
    let mut evidence = Evidence::new(asked(), first);
    (0..n_looks).any(|_| {
        (0..100).for_each(|_| evidence.add(&traffic.next(first, 1).seen));
        let verdict = judge(&evidence, Percent::new(25.0).unwrap()).verdict;
        evidence.settle();
        verdict == Verdict::Breached
    })
}

/// Rollouts of few long conversations, of which one in so many is found to do harm within a thousand looks.
fn breached_of_few(hears: fn(&mut Evidence, &mut Vec<u64>, u64) -> bool) -> usize {
    let first = Percent::new(10.0).unwrap();
    let breaches = |seed: &u64| {
        let mut traffic = traffic::Traffic::new(*seed, Scenario::Clustered);
        let mut evidence = Evidence::new(asked(), first);
        (0..1_000).any(|_| {
            let mut spoken = Vec::new();
            for _ in 0..100 {
                let traffic::Arrival { conversation, seen } = traffic.next(first, 1);
                if hears(&mut evidence, &mut spoken, conversation) {
                    evidence.add(&seen);
                }
            }
            let verdict = judge(&evidence, Percent::new(25.0).unwrap()).verdict;
            evidence.settle();
            verdict == Verdict::Breached
        })
    };
    (0..HELD_RUNS).filter(breaches).count()
}

/// What a few conversations say over and over again is no news: heard once in each window they would roll back what is
/// equal, because the slow ones happen to be in treatment.
#[test]
fn few_long_conversations_are_heard_once() {
    let once = breached_of_few(|evidence, _, conversation| evidence.calls_on(conversation));
    assert!(once <= HELD_RUNS as usize * 2 / 100, "{once} of {HELD_RUNS}");
    let in_each_window = breached_of_few(|_, spoken, conversation| {
        let is_new = !spoken.contains(&conversation);
        spoken.push(conversation);
        is_new
    });
    assert!(in_each_window > HELD_RUNS as usize / 4, "{in_each_window} of {HELD_RUNS}");
}
