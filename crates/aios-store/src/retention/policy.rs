//! The table of terms.

use std::time::Duration;

use aios_core::Timestamp;
use serde::Serialize;

const DAY: Duration = Duration::from_secs(86_400);

/// What kind of record something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// The event log.
    Events,
    /// What must be proven later: redactions, erasures, admin actions, verdicts and decisions.
    Audit,
}

impl Class {
    /// Every class.
    pub const ALL: [Self; 2] = [Self::Events, Self::Audit];

    /// Name in output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Audit => "audit",
        }
    }
}

/// How long one class is kept, counted from when things happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Term {
    /// As text for so long, then compressed; `None` where it is never compressed.
    pub hot: Option<Duration>,
    /// Gone after this.
    pub total: Duration,
}

/// How long each class is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// [`Class::Events`].
    pub events: Term,
    /// [`Class::Audit`].
    pub audit: Term,
}

impl Default for Policy {
    /// Events are 14 days hot and gone after 90; audit is gone after 365.
    fn default() -> Self {
        Self {
            events: Term { hot: Some(14 * DAY), total: 90 * DAY },
            audit: Term { hot: None, total: 365 * DAY },
        }
    }
}

impl Policy {
    /// How long an erasure stays in the ledger: as long as the audit trail has it, and then as long as a segment of
    /// before it could.
    #[must_use]
    pub fn erasures(&self) -> Duration {
        self.audit.total + self.events.total
    }

    /// The term of a class.
    #[must_use]
    pub fn term(&self, class: Class) -> Term {
        match class {
            Class::Events => self.events,
            Class::Audit => self.audit,
        }
    }
}

impl Term {
    /// Whether something whose last part happened then is to be compressed.
    #[must_use]
    pub fn is_cold(&self, last: Timestamp, now: Timestamp) -> bool {
        self.hot.is_some_and(|hot| now.since(last) > hot)
    }

    /// Whether it is to be gone.
    #[must_use]
    pub fn is_over(&self, last: Timestamp, now: Timestamp) -> bool {
        now.since(last) > self.total
    }
}
