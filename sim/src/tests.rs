use super::*;

/// Runs a script, or runs it twice, in a home of its own.
fn run(seed: u64, script: &[Step], planted: Option<Planted>) -> Result<Outcome, Violation> {
    crate::run(&Home::new(None).unwrap(), seed, script, planted)
}

fn run_twice(seed: u64, script: &[Step], planted: Option<Planted>) -> Result<Outcome, Violation> {
    crate::run_twice(&Home::new(None).unwrap(), seed, script, planted)
}

/// Seeds that every test run goes through. More of them: `cargo xtask sim`.
const SEEDS: std::ops::Range<u64> = 0..60;

/// Within so many seeds a planted bug must be found.
const FOUND_WITHIN: u64 = 1_000;

/// Everything holds, and seeds get to where bugs are.
#[test]
fn seeds_hold_and_come_to_where_it_matters() {
    let mut reached = Reached::default();
    for seed in SEEDS {
        match run(seed, &script(seed), None) {
            Ok(outcome) => reached.merge(&outcome.reached),
            Err(violation) => panic!("seed {seed} {violation}"),
        }
    }
    for what in [
        "answers",
        "refusals",
        "clients that left",
        "crashes",
        "power cuts",
        "events without power",
        "erasures",
        "rotations",
        "verdicts met",
        "verdicts breached",
        "advances",
        "rollbacks",
        "answers that remember",
        "limits reached",
        "feedback",
        "names in the index",
        "segments compressed",
    ] {
        assert!(reached.n(what) > 0, "no {what} in {SEEDS:?}: {reached}");
    }
}

/// Every seed comes to the same twice, whatever the threads did meanwhile.
#[test]
fn a_seed_comes_to_the_same_each_time() {
    for seed in 0..15 {
        run_twice(seed, &script(seed), None).unwrap_or_else(|found| panic!("seed {seed} {found}"));
    }
}

/// What comes to something else each time is found by whoever runs it twice, and shortened.
#[test]
fn a_seed_that_comes_to_something_else_is_found_and_shortened() {
    let planted = Some(Planted::Restless);
    assert!(run(0, &script(0), planted).is_ok());
    let found = run_twice(0, &script(0), planted).unwrap_err();
    assert_eq!(found.invariant, Planted::Restless.breaks());
    let (steps, shown) = shrink(&script(0), found, |steps| run_twice(0, steps, planted));
    assert_eq!((steps.len(), shown.invariant), (1, Planted::Restless.breaks()));
}

/// The first seed that finds a planted bug, and what it broke.
fn first(planted: Planted) -> (u64, Violation) {
    let mut found = (0..FOUND_WITHIN)
        .filter_map(|seed| Some((seed, run(seed, &script(seed), Some(planted)).err()?)));
    found.next().unwrap_or_else(|| panic!("{planted:?} is not found within {FOUND_WITHIN} seeds"))
}

/// It is found by the invariant that it breaks, which holds without it.
fn found(planted: Planted) -> (u64, Violation) {
    let (seed, violation) = first(planted);
    println!("{planted:?} is found by seed {seed}: {violation}");
    assert_eq!(violation.invariant, planted.breaks(), "{violation}");
    assert!(run(seed, &script(seed), None).is_ok(), "it breaks without the bug, too");
    (seed, violation)
}

/// What a limit does is told by how it is found: who was let in, or refused.
fn told(planted: Planted) {
    let (_, violation) = found(planted);
    let words = match planted {
        Planted::NoLimit => "was let in beside",
        Planted::LavishMinute => "was let in with",
        _ => "was refused",
    };
    assert!(violation.why.contains(words), "{violation}");
}

/// Shortened, it still shows the same, and without the bug it does not.
fn shortened(planted: Planted) {
    let (seed, violation) = found(planted);
    let again = |steps: &[Step]| run(seed, steps, Some(planted));
    let (steps, shown) = shrink(&script(seed), violation, again);
    assert_eq!(shown.invariant, planted.breaks());
    assert_eq!(run(seed, &steps, Some(planted)).unwrap_err(), shown);
    assert!(run(seed, &steps, None).is_ok(), "it breaks without the bug, too");
}

/// An invariant that nothing can break would hold of itself.
#[test]
fn each_invariant_is_broken_by_a_planted_bug() {
    let broken = Planted::ALL.map(|(_, planted)| planted.breaks());
    for name in invariants::names() {
        assert!(broken.contains(&name), "no planted bug breaks `{name}`");
    }
}

/// A test each, so that they run beside one another.
macro_rules! planted_bugs {
    ($($name:ident: $check:ident($planted:ident);)*) => {
        $(#[test]
        fn $name() {
            $check(Planted::$planted);
        })*

        #[test]
        fn each_planted_bug_has_its_test() {
            let with_tests = [$(Planted::$planted,)* Planted::Restless];
            assert_eq!(Planted::ALL.map(|(_, planted)| planted), with_tests);
        }
    };
}

planted_bugs! {
    an_event_that_is_written_twice_is_found: shortened(DoubleEvent);
    a_rollback_that_is_lost_is_found: shortened(LostRollback);
    somebody_who_comes_back_after_an_erasure_is_found: shortened(Resurrection);
    a_text_that_is_kept_as_it_was_said_is_found: found(RawText);
    a_kill_switch_that_is_not_heard_is_found: found(DeafKillSwitch);
    a_stage_without_its_passes_is_found: found(EarlyAdvance);
    a_stage_that_is_passed_over_is_found: found(SkippedStage);
    an_answer_before_its_event_is_safe_is_found: found(EarlyAnswer);
    what_passes_as_it_was_said_is_found: found(Unmasked);
    a_breaker_that_stays_open_is_found: found(StuckBreaker);
    a_client_that_is_taken_for_another_is_found: found(MixedUp);
    a_client_that_is_refused_too_early_is_found: told(HarshLimit);
    a_request_that_never_ends_is_found: found(Endless);
    a_panic_that_is_caught_is_found: shortened(Panic);
    a_panic_that_nobody_catches_is_found: shortened(LoosePanic);
    a_failed_golden_run_that_counts_as_passed_is_found: found(FailedGolden);
    somebody_who_is_left_in_the_index_is_found: found(LeftInIndex);
    a_fenced_event_that_is_written_twice_is_found: found(FencedTwice);
    a_client_that_has_no_limit_is_found: told(NoLimit);
    a_client_that_is_let_in_too_often_is_found: told(LavishMinute);
    feedback_that_is_lost_is_found: found(LostFeedback);
    an_override_that_nobody_looks_at_is_found: found(DeafOverride);
}
