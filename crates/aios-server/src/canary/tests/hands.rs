//! What operators do: overrides, freezes, approvals, and who was first.

use super::*;

#[test]
fn the_operators_hand_stops_the_looking_and_what_it_moved_is_no_evidence() {
    let (rig, rows, gate) = (Rig::new(), Traffic::steady(1_000_000_007), open_gate());
    let now = START.plus(TURN * 3 + SETTLE);
    let quiet = |split: &Split, since: Timestamp| {
        let look = Look { split, in_force_since: Some(since), ..rig.look(&rows, &gate, now) };
        rig.keeper.check(&look).unwrap().quiet
    };
    let overridden = Split { origin: "override".into(), ..rig.split.clone() };
    assert_eq!(quiet(&overridden, START), Some(Quiet::Overridden));
    let cleared = START.plus(TURN * 3);
    let due = cleared.plus(TURN + SETTLE);
    assert_eq!(quiet(&rig.split, cleared), Some(Quiet::NotYet { due }));
    // Nothing is decided by that: a rollout still begins where configuration says.
    let base = Split { treatment_pct: pct(30.0), ..rig.split.clone() };
    assert_eq!(split_of(&base, &rig.keeper.standing()).treatment_pct, pct(30.0));
    // That it was there and is there no more is on record, in the order in which it was.
    let history = aios_store::ControlHistory::<aios_control::ControlEvent>::read(&rig.dir).unwrap();
    let hands = history.lines.iter().map(|kept| match &kept.record {
        aios_control::ControlEvent::Hand(event) => (event.on, event.origin.clone(), event.ts),
        other => panic!("{other:?}"),
    });
    let on = (true, "override".to_owned(), now);
    assert_eq!(hands.collect::<Vec<_>>(), [on, (false, "canary".to_owned(), cleared)]);
}

/// A freeze is an operator's way to gain time, and must not take the way back away.
#[test]
fn what_is_frozen_does_not_advance_and_is_rolled_back() {
    let freeze = |rig: &mut Rig| rig.split.frozen = true;
    let (mut rig, gate) = (Rig::new(), open_gate());
    freeze(&mut rig);
    let good = Traffic::steady(1_000_000_007);
    assert_eq!(rig.turns(&good, &gate, 1, 8), [""; 0]);
    assert_eq!(rig.keeper.standing().rollout.canary.consecutive_passes, 8);
    rig.split.frozen = false;
    assert_eq!(rig.turns(&good, &gate, 9, 1), ["9: advance 25"]);
    let mut rig = Rig::new();
    freeze(&mut rig);
    let decided = rig.turns(&Traffic::steady(10), &gate, 1, 20);
    assert_eq!(decided.len(), 1, "{decided:?}");
    assert!(decided[0].ends_with("roll back 10"), "{decided:?}");
    // What was kept says of itself why it did not advance.
    let history = aios_store::ControlHistory::<aios_control::ControlEvent>::read(&rig.dir).unwrap();
    let lines = history.lines.iter().map(|kept| &kept.record);
    let policy = &rig.settings.policy;
    let replayed =
        aios_control::replay::replay(Canary::at(pct(10.0)), lines, policy, |judge| judge);
    assert!(!replayed.is_empty() && replayed.iter().all(|again| !again.is_other()));
}

/// What was dealt under an override is no evidence when its server has gone and the file with it.
#[test]
fn the_records_know_of_the_operators_hand_when_nobody_serves() {
    let (rig, rows, gate) = (Rig::new(), Traffic::steady(1_000_000_007), open_gate());
    let now = START.plus(TURN * 3 + SETTLE);
    let window = |rig: &Rig, split: &Split, since, now| {
        let look = Look { split, in_force_since: since, ..rig.look(&rows, &gate, now) };
        rig.keeper.check(&look).unwrap().window
    };
    let overridden = Split { origin: "override".into(), ..rig.split.clone() };
    assert_eq!(window(&rig, &overridden, Some(START), now), None);
    let rig = rig.reopened();
    let later = now.plus(TURN * 5);
    assert_eq!(window(&rig, &rig.split, None, later), None);
    let window = window(&rig, &rig.split, None, later.plus(TURN + SETTLE)).unwrap();
    assert!(window.since >= later, "{window:?}");
}

#[test]
fn who_was_overtaken_changes_nothing() {
    let rig = Rig::new();
    let reset = |version| Order {
        wish: Wish::Reset(pct(25.0)),
        reason: RedactedText::default(),
        if_version: Some(version),
    };
    assert_eq!(rig.keeper.decide(reset(0), START).unwrap().rollout.version, 1);
    let error = rig.keeper.decide(reset(0), START).unwrap_err();
    assert!(matches!(error, CanaryError::Conflict { expected: 0, found: 1 }), "{error}");
    assert_eq!(rig.keeper.standing().rollout.version, 1);
}

#[test]
fn an_operator_goes_on_without_proof_and_no_further_than_there_is() {
    let rig = Rig::new();
    let standing = rig.decide(Wish::Approve(Stages::default())).unwrap();
    assert_eq!(standing.rollout.canary.treatment_pct, pct(25.0));
    rig.decide(Wish::Hold).unwrap();
    assert!(rig.keeper.standing().rollout.canary.held);
    rig.decide(Wish::Reset(pct(100.0))).unwrap();
    let error = rig.decide(Wish::Approve(Stages::default())).unwrap_err();
    assert!(error.to_string().contains("promoted at 100 %"), "{error}");
}
