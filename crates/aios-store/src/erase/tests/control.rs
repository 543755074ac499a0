//! What control keeps is a chain: no line leaves it.

use serde_json::{Value, json};

use super::*;
use crate::{ControlHistory, ControlLog};

fn said(n: u64, reason: &str) -> Value {
    json!({ "n": n, "reason": reason })
}

#[test]
fn the_chain_of_control_goes_on_across_an_erasure() {
    let rig = Rig::filled();
    let ours = fixture::conversation(7);
    let now = rig.clock.now();
    let (mut control, _) = ControlLog::open::<Value>(&rig.dir).unwrap().unwrap();
    // As it was kept before such words were masked, alone in its file and among others.
    control.append(now, &said(1, &format!("seen with {ours}"))).unwrap();
    assert_eq!(rig.erase(7).state, ErasureState::Completed);
    control.append(now, &said(2, "approved")).unwrap();
    assert_eq!(rig.erase(6).state, ErasureState::Completed);
    control.append(now, &said(3, "resumed")).unwrap();
    drop(control);
    let rig = rig.restart();
    let history = ControlHistory::<Value>::read(&rig.dir).unwrap();
    assert_eq!(history.fault, None);
    let kept: Vec<u64> =
        history.lines.iter().map(|kept| kept.record["n"].as_u64().unwrap()).collect();
    assert_eq!(kept, [1, 2, 3]);
}
