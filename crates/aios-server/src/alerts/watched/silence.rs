//! No request has come for too long, where some are expected at all times. Only configuration knows whether they are.

use aios_control::slo::burn::is_silent_too_long;

use super::{Ground, Trouble};
use crate::alerts::Severity;

pub(super) fn trouble(ground: &Ground<'_>) -> Option<Trouble> {
    let seen = ground.seen.filter(|_| ground.expects.traffic)?;
    // What came before the start was not this server's to serve.
    let last = seen.last_event.map_or(ground.since, |last| last.max(ground.since));
    let errors = ground.objectives.slos.iter().find(|slo| slo.sli.name() == "error_rate")?;
    let is_silent = is_silent_too_long(last, 1.0 - errors.bad_share_max(), ground.now);
    let minutes = ground.now.since(last).as_secs() / 60;
    is_silent.then(|| Trouble {
        about: "silence".to_owned(),
        severity: Severity::Page,
        detail: format!(
            "no request has come for {minutes} minutes, and `alerts.expect_traffic` is set"
        ),
    })
}
