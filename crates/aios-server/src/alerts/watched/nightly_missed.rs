//! The night's work has not been done for two days.

use std::time::Duration;

use super::{Ground, Trouble, ticket};
use crate::nightly::due_since;

const DAY: Duration = Duration::from_secs(86_400);

/// One night may be missed because the machine was off, and is caught up.
const MISSED_AFTER: Duration = DAY.saturating_mul(2);

/// Time to do it for a server that has just started, or whose nights were just switched on.
const CATCHING_UP: Duration = Duration::from_secs(60 * 60);

pub(super) fn trouble(ground: &Ground<'_>) -> Option<Trouble> {
    let expected_since = ground.expects.nights?;
    let last = due_since(ground.dir)?;
    let had_time = ground.now.since(expected_since) > CATCHING_UP;
    let is_missed = had_time && ground.now.since(last) > MISSED_AFTER;
    let detail = || format!("the night's work was last begun, or could have been, at {last}");
    is_missed.then(|| ticket("nightly_missed", detail()))
}
