//! Clocks that were ahead, and that go back.

use super::*;

/// Six hours ahead for one look, and back again.
#[test]
fn a_clock_that_was_ahead_is_named_and_a_reset_heals_it() {
    let (rig, rows, gate) = (Rig::new(), Traffic::steady(1_000_000_007), open_gate());
    let check = |now: Timestamp| rig.keeper.check(&rig.look(&rows, &gate, now)).unwrap();
    let until = check(START.plus(TURN * 36)).window.unwrap().until;
    let now = START.plus(TURN * 3 + SETTLE);
    assert_eq!(check(now).quiet, Some(Quiet::Ahead { until }));
    assert_eq!(rig.keeper.standing().rollout.ahead_of(now), Some(until));
    let order =
        Order { wish: Wish::Reset(pct(10.0)), reason: RedactedText::default(), if_version: None };
    rig.keeper.decide(order, now).unwrap();
    assert_eq!(rig.keeper.standing().rollout.ahead_of(now), None);
    let window = check(now.plus(TURN + SETTLE)).window.unwrap();
    assert!(window.since >= now, "{window:?}");
}

/// What was counted stays counted, whatever the clock says then.
#[test]
fn a_clock_that_goes_back_counts_nothing_twice() {
    let (rig, rows, gate) = (Rig::new(), Traffic::steady(1_000_000_007), open_gate());
    let check = |turn: u32| {
        let now = START.plus(TURN * turn + SETTLE + Duration::from_micros(1_234));
        rig.keeper.check(&rig.look(&rows, &gate, now)).unwrap().window
    };
    let counted = check(5).unwrap();
    assert_eq!((check(2), check(5)), (None, None));
    assert_eq!(check(6).unwrap().since, counted.until);
}
