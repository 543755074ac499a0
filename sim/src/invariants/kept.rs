//! What a look has decided is kept, whatever happens after it.

use aios_control::ControlEvent;
use aios_store::ControlHistory;

use super::Seen;

pub(super) fn check(seen: &Seen<'_>) -> Result<(), String> {
    let history = ControlHistory::<ControlEvent>::read(&seen.world.dir)
        .map_err(|error| format!("what is kept of the canary cannot be read: {error}"))?;
    if let Some(fault) = history.fault {
        return Err(format!("what is kept of the canary is damaged: {fault}"));
    }
    let version = history.lines.last().map_or(0, |kept| kept.seq);
    if version < seen.truth.version {
        let told = seen.truth.version;
        return Err(format!("version {told} was told, and {version} is the last one kept"));
    }
    for (version, decision) in &seen.truth.decided {
        let is_kept = history.lines.iter().any(|kept| {
            let ControlEvent::Decision(event) = &kept.record else { return false };
            kept.seq == *version && event.decision == *decision
        });
        if !is_kept {
            return Err(format!("{decision} was decided as version {version} and is not kept"));
        }
    }
    Ok(())
}
