//! The last night found what should not be, or could not do its work.

use super::{Ground, Trouble, ticket};
use crate::nightly::{NightReport, StepState, last_report};

pub(super) fn trouble(ground: &Ground<'_>) -> Option<Trouble> {
    let night = match last_report(ground.dir) {
        Ok(night) => night?,
        Err(why) => return Some(ticket("nightly_ended", format!("its report is lost: {why}"))),
    };
    (night.worst() >= StepState::Violation).then(|| ticket("nightly_ended", told(&night)))
}

/// Which steps, and never what they found: that may be somebody's words.
fn told(night: &NightReport) -> String {
    let bad = night.steps.iter().filter(|step| step.state >= StepState::Violation);
    let bad: Vec<_> = bad.map(|step| format!("{} {}", step.step, step.state.name())).collect();
    format!("the night of {} ended with: {}", night.started_at, bad.join(", "))
}
