//! Verdicts follow from what is kept of them.

use aios_control::replay::contradiction;
use aios_control::{ControlEvent, Sources, VerdictEvent};

use super::*;

fn verdicts(rig: &Rig) -> Vec<VerdictEvent> {
    let history = aios_store::ControlHistory::<ControlEvent>::read(&rig.dir).unwrap();
    let of = |event| match event {
        ControlEvent::Verdict(event) => Some(*event),
        ControlEvent::Decision(_) | ControlEvent::Hand(_) | ControlEvent::Standing(_) => None,
    };
    history.lines.into_iter().filter_map(|kept| of(kept.record)).collect()
}

#[test]
fn every_verdict_follows_from_its_counts() {
    // An equal treatment, one that does harm, and one of which a report says so; whoever is listened to.
    let failed = report("a", GoldenGate::Failed);
    for sources in Sources::NAMES.map(|(_, sources)| sources) {
        for (fails_every, gate) in
            [(1_000_000_007, &open_gate()), (60, &open_gate()), (1_000_000_007, &failed)]
        {
            let mut rig = Rig::new();
            rig.settings.sources = sources;
            rig.turns(&Traffic::steady(fails_every), gate, 1, 12);
            let verdicts = verdicts(&rig);
            assert!(verdicts.len() >= 2, "{sources:?} {}", verdicts.len());
            for event in verdicts {
                assert_eq!(contradiction(&event), None, "{sources:?} {event:?}");
            }
        }
    }
}
