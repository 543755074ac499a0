use super::*;

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
        "erasures",
        "rotations",
        "verdicts met",
        "verdicts breached",
        "advances",
        "rollbacks",
        "answers that remember",
        "limits reached",
    ] {
        assert!(reached.n(what) > 0, "no {what} in {SEEDS:?}: {reached}");
    }
}

/// Every seed comes to the same twice, whatever the threads did meanwhile.
#[test]
fn a_seed_comes_to_the_same_each_time() {
    for seed in (0..15).filter(|seed| !is_remembering(*seed)) {
        let script = script(seed);
        let first = run(seed, &script, None).unwrap();
        assert_eq!(run(seed, &script, None).unwrap(), first, "seed {seed}");
    }
}

/// The first seed that finds a planted bug, and what it broke.
fn first(planted: Planted) -> (u64, Violation) {
    let mut found = (0..FOUND_WITHIN)
        .filter_map(|seed| Some((seed, run(seed, &script(seed), Some(planted)).err()?)));
    found.next().unwrap_or_else(|| panic!("{planted:?} is not found within {FOUND_WITHIN} seeds"))
}

fn check(planted: Planted, expect: &str) {
    let (seed, violation) = first(planted);
    println!("{planted:?} is found by seed {seed}: {violation}");
    assert_eq!(violation.invariant, expect, "{violation}");
    // Shortened, it still shows the same, and each step that is left is needed.
    let (steps, shown) = shrink(seed, &script(seed), violation, Some(planted));
    assert_eq!(shown.invariant, expect);
    assert_eq!(run(seed, &steps, Some(planted)).unwrap_err(), shown);
    assert!(run(seed, &steps, None).is_ok(), "it breaks without the bug, too");
}

#[test]
fn an_event_that_is_written_twice_is_found() {
    check(Planted::DoubleEvent, "one request, one event");
}

#[test]
fn a_rollback_that_is_lost_is_found() {
    check(Planted::LostRollback, "what was decided is kept");
}

#[test]
fn somebody_who_comes_back_after_an_erasure_is_found() {
    check(Planted::Resurrection, "what is erased stays erased");
}
