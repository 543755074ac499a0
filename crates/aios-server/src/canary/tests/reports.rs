//! What golden reports say, alone and beside live traffic, and how often they count.

use super::*;

#[test]
fn without_the_golden_gate_nothing_advances() {
    let (rig, rows) = (Rig::new(), Traffic::steady(1_000_000_007));
    assert_eq!(rig.turns(&rows, &Gate::MISSING, 1, 8), [""; 0]);
    assert_eq!(rig.keeper.standing().rollout.canary.consecutive_passes, 8);
    assert_eq!(rig.turns(&rows, &open_gate(), 9, 1), ["9: advance 25"]);
}

/// A thousand at once look at the same evidence; the log has one verdict of it.
#[test]
fn what_is_checked_a_thousand_times_at_once_counts_once() {
    let rig = Rig::new();
    let gate = report("r1", GoldenGate::FreshPass);
    let now = START.plus(TURN + SETTLE + Duration::from_micros(1_000_777));
    const N: usize = 1_000;
    let n_counted = |live: bool| {
        let all_are_there = std::sync::Barrier::new(N);
        let work = || {
            let own = Traffic::steady(1_000_000_007);
            let rows: &dyn RowSource = if live { &own } else { &Silence };
            let look = rig.look(rows, &gate, now);
            all_are_there.wait();
            rig.keeper.check(&look).unwrap().quiet.is_none()
        };
        std::thread::scope(|scope| {
            // A look needs little; a thousand of the usual stacks would be two gigabytes.
            let thread = || std::thread::Builder::new().stack_size(512 << 10);
            let threads: Vec<_> =
                (0..N).map(|_| thread().spawn_scoped(scope, work).unwrap()).collect();
            threads.into_iter().filter_map(|thread| thread.join().unwrap().then_some(())).count()
        })
    };
    // Without traffic the report alone counts, with it the window.
    assert_eq!(n_counted(false), 1);
    assert_eq!(rig.keeper.standing().rollout.canary.consecutive_passes, 1);
    assert_eq!(n_counted(true), 1);
    assert_eq!(rig.keeper.standing().rollout.canary.consecutive_passes, 2);
    assert_eq!(rig.keeper.standing().rollout.version, 2);
}

#[test]
fn a_report_alone_speaks_only_where_there_is_no_traffic() {
    let rig = Rig::new();
    let check = |rows: &dyn RowSource, gate: &Gate, turn: u32| {
        let now = START.plus(TURN * turn + SETTLE + Duration::from_micros(1_234));
        let checked = rig.keeper.check(&rig.look(rows, gate, now)).unwrap();
        (checked.quiet.is_none(), checked.verdict, checked.reason)
    };
    let met = (true, Verdict::Met, VerdictReason::ObjectivesMet);
    assert_eq!(check(&Silence, &report("a", GoldenGate::FreshPass), 1), met);
    assert!(!check(&Silence, &report("a", GoldenGate::FreshPass), 2).0);
    let broken = (true, Verdict::Breached, VerdictReason::ObjectiveBroken);
    assert_eq!(check(&Silence, &report("b", GoldenGate::Failed), 2), broken);
    let rows = Traffic::steady(1_000_000_007);
    assert_eq!(check(&rows, &open_gate(), 3), (true, Verdict::Met, VerdictReason::WithinMargins));
    // From now on a good report waits for traffic, and a bad one does not.
    assert!(!check(&Silence, &report("c", GoldenGate::FreshPass), 3).0);
    assert_eq!(check(&Silence, &report("d", GoldenGate::Failed), 3), broken);
}

/// With everybody in treatment live traffic says nothing any more, and golden reports go on to count.
#[test]
fn reports_that_fail_take_everybody_back() {
    let (rig, rows) = (Rig::new(), Traffic::steady(1_000_000_007));
    rig.decide(Wish::Reset(pct(100.0))).unwrap();
    let check = |gate: &Gate, turn: u32| {
        let now = START.plus(TURN * turn + SETTLE + Duration::from_micros(1_234));
        let checked = rig.keeper.check(&rig.look(&rows, gate, now)).unwrap();
        (checked.quiet, checked.canary.consecutive_failures, checked.decision)
    };
    let quiet = Some(Quiet::Promoted);
    assert_eq!(check(&open_gate(), 1), (quiet, 0, None));
    assert_eq!(check(&report("a", GoldenGate::Failed), 2), (None, 1, None));
    // Once, however often it is looked at; and one that passed in between ends the row.
    assert_eq!(check(&report("a", GoldenGate::Failed), 3), (quiet, 1, None));
    assert_eq!(check(&report("b", GoldenGate::FreshPass), 4), (None, 0, None));
    assert_eq!(check(&report("c", GoldenGate::Failed), 5), (None, 1, None));
    let back = Decision::RollBack { from: pct(100.0), to: pct(10.0) };
    assert_eq!(check(&report("d", GoldenGate::Failed), 6), (None, 0, Some(back)));
    assert_eq!(rig.keeper.standing().rollout.canary.phase, Phase::RolledBack);
}

/// Treatment has traffic from the first second on: before it was judged a report alone says nothing.
#[test]
fn a_report_alone_does_not_speak_while_traffic_waits_to_be_judged() {
    let rig = Rig::new();
    let rows = Traffic { since: START, ..Traffic::steady(1_000_000_007) };
    let check = |rows: &dyn RowSource, name: &str, state| {
        let now = START.plus(Duration::from_secs(60));
        let gate = report(name, state);
        rig.keeper.check(&rig.look(rows, &gate, now)).unwrap().quiet.is_none()
    };
    assert!(!check(&rows, "a", GoldenGate::FreshPass));
    assert!(check(&rows, "b", GoldenGate::Failed));
    // Without any, three of them would be three passes.
    assert!(check(&Silence, "c", GoldenGate::FreshPass));
}
