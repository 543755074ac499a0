//! The index that everything is judged by is not there or cannot be read. Then nothing that it would say is told.

use std::time::Duration;

use aios_store::oldest_event;

use super::{Ground, Trouble};
use crate::alerts::Severity;

/// Time for a server that has just started to make it.
const IN_THE_MAKING: Duration = Duration::from_secs(10 * 60);

pub(super) fn trouble(ground: &Ground<'_>) -> Option<Trouble> {
    let is_missing = ground.seen.is_some_and(|seen| !seen.has_index);
    let has_events = || matches!(oldest_event(ground.dir), Ok(Some(_)));
    let is_wrong = is_missing && ground.up() > IN_THE_MAKING && has_events();
    is_wrong.then(|| blind("the index is missing or damaged, and is not made anew"))
}

/// The objectives could not be looked at.
pub(in crate::alerts) fn blind(why: &str) -> Trouble {
    let detail = format!("nothing is known of the objectives: {why}");
    Trouble { about: "index_unreadable".to_owned(), severity: Severity::Page, detail }
}
