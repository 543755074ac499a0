//! What the canary says of itself is what the API's description says.

use aios_control::Held;
use aios_core::Actor;
use aios_store::ControlFault;

use super::*;
use crate::admin::tests::shapes::Description;

#[test]
fn how_it_stands_is_described_wherever_it_is() {
    let (description, rig) = (Description::read(), Rig::new());
    let check = || description.check_type("Standing", &*rig.keeper.standing());
    check();
    let rows = Traffic::steady(1_000_000_007);
    for turn in 1..=3 {
        let now = START.plus(TURN * turn + SETTLE);
        let checked = rig.keeper.check(&rig.look(&rows, &open_gate(), now)).unwrap();
        description.check_type("Checked", &checked);
        check();
    }
    assert!(rig.keeper.standing().rollout.testimony.is_some());
    for wish in [Wish::Hold, Wish::Resume, Wish::Reset(pct(5.0))] {
        rig.decide(wish).unwrap();
        check();
    }
    let fault = ControlFault { file: "control.ndjson".into(), line: 2, why: "edited".into() };
    let mut standing = (*rig.keeper.standing()).clone();
    standing.fault = Some(fault);
    standing.rollout.report = Some("r1".into());
    standing.rollout.report_made = Some(START);
    let reason = aios_privacy::Redactor::new(&[]).redact("to look").text;
    standing.rollout.hold = Some(Held { since: START, actor: Actor::Operator, reason });
    description.check_type("Standing", &standing);
}

#[test]
fn whatever_a_look_comes_to_is_described() {
    let (description, rig) = (Description::read(), Rig::new());
    let checked = rig.keeper.check(&rig.look(&Silence, &open_gate(), START)).unwrap();
    let quiet = [
        Quiet::Off,
        Quiet::RolledBack,
        Quiet::Promoted,
        Quiet::Overridden,
        Quiet::Ahead { until: START },
        Quiet::NotYet { due: START },
        Quiet::NoBaseline,
        Quiet::NoRequests,
        Quiet::Unread { n_lines: 1 },
    ];
    let (from, to, boundary) = (pct(10.0), pct(25.0), BOUNDARY_DEFAULT);
    let decided = [
        Decision::Advance { from, to },
        Decision::RollBack { from: to, to: from },
        Decision::Reset { to },
        Decision::Hold,
        Decision::Resume,
        Decision::MoveBoundary { from: boundary, to: boundary },
    ];
    let all = quiet.map(|quiet| Checked { quiet: Some(quiet), ..checked.clone() });
    all.iter().for_each(|checked| description.check_type("Checked", checked));
    let all = decided.map(|decision| Checked { decision: Some(decision), ..checked.clone() });
    all.iter().for_each(|checked| description.check_type("Checked", checked));
}
