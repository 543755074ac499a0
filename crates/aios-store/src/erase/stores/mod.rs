//! The stores, a file for each family of them.

mod derived;
mod documents;
mod events;
mod housekeeping;
mod memory;
mod proof;

pub(crate) use derived::{CACHE, EXPORTS, INDEX};
pub(crate) use documents::{ALERTS, CLIENTS, GOLDENS, REPORTS, ROUTER, SETTINGS, cut_questions};
pub(crate) use events::{CONTROL, CONTROL_HEAD, EVENTS_COLD, EVENTS_HOT, QUARANTINE, SIDECARS};
pub(crate) use housekeeping::{KEYS, TEMPORARY, TRIALS};
pub(crate) use memory::{MEMORY, MEMORY_SCRAPS};
pub(crate) use proof::{AUDIT, ERASURES};
