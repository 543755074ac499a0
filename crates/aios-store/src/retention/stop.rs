//! Why nothing is removed until somebody says so, or mends something.

use std::fmt;

use aios_core::Timestamp;
use serde::{Deserialize, Serialize};

use super::plan::{REMOVED_MAX_PCT, Step};

/// Why nothing is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "why")]
pub enum Stop {
    /// The clock is far from where it was.
    ClockJumped {
        /// What it showed at the last run, or when the newest event happened.
        before: Timestamp,
        /// What it shows.
        now: Timestamp,
    },
    /// More events would go than ever should at once.
    RemovesTooMuch {
        /// Events that would go.
        n_removed: u64,
        /// Events there are.
        n_events: u64,
    },
    /// More of the audit trail would go than ever should at once.
    RemovesTooMuchAudit {
        /// Entries that would go.
        n_removed: u64,
        /// Entries there are.
        n_entries: u64,
    },
    /// What the clock showed before cannot be read, so nobody knows whether it has jumped.
    Unremembered,
    /// The holds cannot be read, so nobody knows what must stay.
    HoldsUnreadable,
}

impl Stop {
    /// Whether a step is taken all the same. Compressing loses nothing.
    pub(crate) fn allows(self, step: Step) -> bool {
        match self {
            Self::ClockJumped { .. }
            | Self::RemovesTooMuch { .. }
            | Self::RemovesTooMuchAudit { .. } => false,
            Self::Unremembered | Self::HoldsUnreadable => matches!(step, Step::Compress(_)),
        }
    }

    /// Whether `--force` goes on. What must stay is not forced away.
    #[must_use]
    pub fn yields(self) -> bool {
        self != Self::HoldsUnreadable
    }

    /// Whether the time cannot be believed, for whatever is to go by it.
    pub(crate) fn doubts_the_clock(self) -> bool {
        matches!(self, Self::ClockJumped { .. } | Self::Unremembered)
    }

    /// What the user can do.
    #[must_use]
    pub fn hint(self) -> &'static str {
        match self {
            Self::ClockJumped { .. }
            | Self::RemovesTooMuch { .. }
            | Self::RemovesTooMuchAudit { .. } => "if this is right, go on with --force",
            Self::Unremembered => {
                "`aios logs verify` says what is wrong with retention.json; if the clock is right, --force writes it anew"
            }
            Self::HoldsUnreadable => {
                "`aios logs verify` says what is wrong with holds.json; restore it from a backup, or remove it to end all holds"
            }
        }
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ClockJumped { before, now } => write!(
                f,
                "the clock jumped by more than a day: it shows {now}, and {before} was last seen"
            ),
            Self::RemovesTooMuch { n_removed, n_events } => write!(
                f,
                "{n_removed} of {n_events} events would go at once, more than {REMOVED_MAX_PCT} %"
            ),
            Self::RemovesTooMuchAudit { n_removed, n_entries } => write!(
                f,
                "{n_removed} of {n_entries} audit entries would go at once, more than {REMOVED_MAX_PCT} %"
            ),
            Self::Unremembered => f.write_str(
                "retention.json cannot be read, so nobody knows whether the clock has jumped",
            ),
            Self::HoldsUnreadable => {
                f.write_str("holds.json cannot be read, so nobody knows what must stay")
            }
        }
    }
}
