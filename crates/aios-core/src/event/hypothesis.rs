//! What the traffic came to say to a hypothesis.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{EventId, Timestamp};

/// A hypothesis has another finding than before. It is about nobody: it holds counts, and names of the
/// configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HypothesisEvent {
    /// Version of the event's shape.
    pub schema_version: Cow<'static, str>,
    /// This event.
    pub event_id: EventId,
    /// When it was tested.
    pub ts: Timestamp,
    /// The hypothesis.
    pub name: String,
    /// What it says.
    pub statement: String,
    /// What the traffic says to it.
    pub finding: Finding,
    /// What it said before, if that is on record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Finding>,
    /// From when on traffic was looked at.
    pub since: Timestamp,
    /// Pairs it rests on.
    pub n_pairs: u64,
    /// Mean difference, first group less second, where more is worse.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<f64>,
    /// Where the true difference lies, at 95 % and at every look at once.
    pub interval: (f64, f64),
    /// Natural logarithm of the e-value for it.
    pub log_e_for: f64,
    /// Natural logarithm of the e-value against it.
    pub log_e_against: f64,
    /// Whether the groups were drawn by lot.
    pub by_lot: bool,
}

/// What the traffic says to a hypothesis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// It holds.
    Supported,
    /// It does not hold.
    Refuted,
    /// Nobody can tell yet.
    Inconclusive,
    /// There is nothing to compare.
    NoData,
}

impl Finding {
    /// Name in events and for people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Supported => "supported",
            Self::Refuted => "refuted",
            Self::Inconclusive => "inconclusive",
            Self::NoData => "no_data",
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
