use super::*;

fn tally(scenario: Scenario, judging: Judging, requests_per_check: u32, runs: u32) -> Tally {
    let simulation =
        Simulation { seed: 1, scenario, judging, requests_per_check, checks_max: 1_000 };
    let mut tally = Tally::default();
    (0..runs).for_each(|n| tally.add(&simulation.rollout(n)));
    tally
}

#[test]
fn a_seed_gives_the_same_rollout_again() {
    let simulation = Simulation {
        seed: 9,
        scenario: Scenario::Margin,
        judging: Judging::Evidence,
        requests_per_check: 1_000,
        checks_max: 100,
    };
    assert_eq!(simulation.rollout(3), simulation.rollout(3));
    assert_ne!(simulation.rollout(3), Simulation { seed: 10, ..simulation }.rollout(3));
}

#[test]
fn bars_hold_at_a_thousand_requests_a_check() {
    for scenario in Scenario::ALL {
        let tally = tally(scenario, Judging::Evidence, 1_000, 200);
        for bar in bars(scenario, 1_000, &tally) {
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

/// What the judge is better than: the thresholds roll an equal treatment back.
#[test]
fn thresholds_on_one_window_are_noise() {
    let tally = tally(Scenario::Equal, Judging::Thresholds, 1_000, 100);
    assert!(tally.rolled_back_pct() > 50.0, "{}", tally.rolled_back_pct());
}
