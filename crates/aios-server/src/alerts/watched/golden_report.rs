//! The golden report cannot be read, or says nothing, such as one that has grown old, although the set is asked each night.

use aios_store::{GoldenPaths, read_document};

use super::{Ground, Trouble, ticket};
use crate::judging;
use crate::nightly::{StepState, last_report};

pub(super) fn trouble(ground: &Ground<'_>) -> Option<Trouble> {
    let text = match ground.dir.read_golden_report() {
        Ok(text) => text?,
        Err(error) => return Some(ticket("golden_report", error.to_string())),
    };
    match judging::goldens(&text, ground.objectives, ground.dir.path(), ground.now) {
        Err(error) => {
            let detail = format!("goldens/last_report.json cannot be used: {error}");
            Some(ticket("golden_report", detail))
        }
        Ok(Err(why)) if is_required(ground) => {
            let detail = format!("goldens/last_report.json says nothing: {why}");
            Some(ticket("golden_report", detail))
        }
        Ok(Ok(_) | Err(_)) => None,
    }
}

/// Whether a night asks the set and had no reason to leave it be, such as a bucket that nobody may be in.
fn is_required(ground: &Ground<'_>) -> bool {
    let baseline = read_document(&GoldenPaths::of(ground.dir.path()).baseline);
    let was_skipped = last_report(ground.dir).is_ok_and(|night| {
        let steps = night.map(|night| night.steps).unwrap_or_default();
        steps.iter().any(|step| step.step == "golden" && step.state == StepState::Skipped)
    });
    ground.expects.goldens && matches!(baseline, Ok(Some(_))) && !was_skipped
}
