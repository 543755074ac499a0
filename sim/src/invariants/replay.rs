//! The state is a fold over the log: what is in force is what the lines say.

use aios_control::replay::replay;
use aios_control::{Canary, CanaryPolicy, ControlEvent};
use aios_server::Standing;
use aios_store::ControlHistory;

use super::Seen;
use crate::setup;

pub(super) fn check(seen: &Seen<'_>) -> Result<(), String> {
    let start = setup::control(seen.seed, true, None).canary.start;
    let kept = Standing::read(&seen.world.dir, start).map_err(|error| error.to_string())?;
    let (mut is, folded) = (seen.world.plane.standing().rollout.clone(), kept.rollout);
    // Before the first line only the keeper knows where it begins.
    if folded.version == 0 {
        is = folded.clone();
    }
    if is != folded {
        return Err(format!("it stands at {is:?}, and its lines say {folded:?}"));
    }
    let history =
        ControlHistory::<ControlEvent>::read(&seen.world.dir).map_err(|error| error.to_string())?;
    let lines = history.lines.iter().map(|kept| &kept.record);
    let replayed = replay(Canary::at(start), lines, &CanaryPolicy::default(), |asked| asked);
    match replayed.iter().find(|one| one.is_other()) {
        Some(other) => Err(format!("replayed, a verdict comes to something else: {other:?}")),
        None => Ok(()),
    }
}
