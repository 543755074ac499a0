//! What is looked at once a minute beside the objectives: whether that which watches still sees, and still works.
//!
//! An alert is a file here, a line in [`WATCHED`] and its steps in `runbook.rs`.

mod golden_report;
mod index_unreadable;
mod log_unread;
mod nightly_ended;
mod nightly_missed;
mod privacy_unscanned;
mod silence;

use std::collections::BTreeMap;
use std::time::Duration;

use aios_core::Timestamp;
use aios_store::DataDir;

use super::Severity;
use super::book::Trouble;
use super::sight::Seen;
use crate::judging::Objectives;
use crate::sink_metrics::Missed;

pub(super) use index_unreadable::blind;
pub(super) use privacy_unscanned::Misses;

/// What can be looked at.
pub(super) struct Ground<'a> {
    pub(super) dir: &'a DataDir,
    pub(super) objectives: &'a Objectives,
    pub(super) expects: Expects,
    /// The last look at the objectives, if they could be looked at.
    pub(super) seen: Option<&'a Seen>,
    /// Bytes that could not be scanned in the last hour.
    pub(super) missed: &'a BTreeMap<Missed, u64>,
    /// Since when this server watches.
    pub(super) since: Timestamp,
    pub(super) now: Timestamp,
}

/// What configuration says is to happen by itself, so that its absence is a fault.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Expects {
    /// Traffic, at all times.
    pub(crate) traffic: bool,
    /// A night's work, each day; since when.
    pub(crate) nights: Option<Timestamp>,
    /// The golden set, asked each night.
    pub(crate) goldens: bool,
}

/// Each finds one trouble, if it is there.
const WATCHED: &[fn(&Ground<'_>) -> Option<Trouble>] = &[
    log_unread::trouble,
    index_unreadable::trouble,
    golden_report::trouble,
    nightly_ended::trouble,
    nightly_missed::trouble,
    privacy_unscanned::trouble,
    silence::trouble,
];

/// All that is wrong.
pub(super) fn troubles(ground: &Ground<'_>) -> Vec<Trouble> {
    WATCHED.iter().filter_map(|find| find(ground)).collect()
}

impl Ground<'_> {
    /// How long this server has watched.
    fn up(&self) -> Duration {
        self.now.since(self.since)
    }
}

fn ticket(about: &str, detail: String) -> Trouble {
    Trouble { about: about.to_owned(), severity: Severity::Ticket, detail }
}

#[cfg(test)]
mod tests;
