//! How treatment's boundary moves.

use super::*;

/// The boundary of treatment after so many turns of such answers, as the split has it.
fn boundary_after(rig: &Rig, quality: f64, from: u32, n: u32) -> f64 {
    let rows = Traffic { quality: Some(quality), ..Traffic::steady(1_000_000_007) };
    for turn in from..from + n {
        let split = split_of(&rig.split, &rig.keeper.standing());
        let now = START.plus(TURN * turn + SETTLE + Duration::from_micros(1_234));
        rows.pct.set(split.treatment_pct.get());
        let look = Look { split: &split, ..rig.look(&rows, &Gate::MISSING, now) };
        rig.keeper.check(&look).unwrap();
    }
    split_of(&rig.split, &rig.keeper.standing()).treatment_boundary.get()
}

/// Good answers of the embedder let more go to it: a higher boundary, and less main. Bad ones the other way.
#[test]
fn treatments_boundary_follows_the_answers_near_it() {
    let after = |quality, n| boundary_after(&Rig::new(), quality, 1, n);
    assert!((after(1.0, 1) - 0.56).abs() < 1e-9 && (after(0.0, 1) - 0.54).abs() < 1e-9);
    // Three steps a day, and no further than its objective.
    assert!((after(1.0, 100) - 0.58).abs() < 1e-9 && (after(0.0, 100) - 0.52).abs() < 1e-9);
    assert!((after(1.0, 144 * 3) - 0.58).abs() < 1e-9);
}

#[test]
fn a_step_is_a_decision_that_a_restart_knows_and_a_reset_undoes() {
    let rig = Rig::new();
    assert!((boundary_after(&rig, 1.0, 1, 2) - 0.57).abs() < 1e-9);
    let before = rig.keeper.standing();
    assert_eq!((before.rollout.steps.len(), before.rollout.canary.consecutive_passes), (2, 0));
    let rig = rig.reopened();
    assert_eq!(rig.keeper.standing(), before);
    let history = aios_store::ControlHistory::<aios_control::ControlEvent>::read(&rig.dir).unwrap();
    let decided = history.lines.iter().filter_map(|kept| match &kept.record {
        aios_control::ControlEvent::Decision(event) => Some((event.decision.name(), event.actor)),
        aios_control::ControlEvent::Verdict(_)
        | aios_control::ControlEvent::Hand(_)
        | aios_control::ControlEvent::Standing(_) => None,
    });
    let step = ("move_boundary", aios_core::Actor::Controller);
    assert_eq!(decided.collect::<Vec<_>>(), [step, step]);
    rig.decide(Wish::Reset(pct(10.0))).unwrap();
    assert_eq!(rig.keeper.standing().rollout.boundary, None);
}

#[test]
fn the_boundary_stays_where_an_operator_says_so() {
    let rig = Rig::new();
    rig.decide(Wish::Hold).unwrap();
    assert_eq!(boundary_after(&rig, 1.0, 1, 3), 0.55);
    let mut rig = Rig::new();
    rig.settings.boundary.step = 0.0;
    assert_eq!(boundary_after(&rig, 1.0, 1, 3), 0.55);
    let mut rig = Rig::new();
    rig.split.adaptive = false;
    assert_eq!(boundary_after(&rig, 1.0, 1, 3), 0.55);
}
