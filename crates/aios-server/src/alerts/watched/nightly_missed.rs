//! The night's work has not been done for two days.

use std::time::Duration;

use super::{Ground, Trouble, ticket};
use crate::nightly::due_since;

const DAY: Duration = Duration::from_secs(86_400);

/// One night may be missed because the machine was off, and is caught up.
const MISSED_AFTER: Duration = DAY.saturating_mul(2);

/// Time for a server that has just started to do it.
const CATCHING_UP: Duration = Duration::from_secs(60 * 60);

pub(super) fn trouble(ground: &Ground<'_>) -> Option<Trouble> {
    let last = due_since(ground.dir)?;
    let is_missed = ground.now.since(last) > MISSED_AFTER && ground.up() > CATCHING_UP;
    let detail = || format!("the night's work was last begun, or could have been, at {last}");
    (ground.expects.nights && is_missed).then(|| ticket("nightly_missed", detail()))
}
