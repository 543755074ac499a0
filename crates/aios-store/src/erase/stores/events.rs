//! The event log in all its ages, and what was cut from it.

use crate::erase::registry::{Store, Treatment};

/// The active segment and the sealed ones that are not compressed yet.
pub(crate) const EVENTS_HOT: Store = Store {
    name: "events (hot)",
    files: &["analytics/hypotheses.ndjson", "analytics/hypotheses.*.ndjson"],
    treatment: Treatment::Lines,
};

/// Compressed segments.
pub(crate) const EVENTS_COLD: Store = Store {
    name: "events (cold)",
    files: &["analytics/hypotheses.*.ndjson.gz"],
    treatment: Treatment::Lines,
};

/// What says who stands where in a compressed segment.
pub(crate) const SIDECARS: Store = Store {
    name: "sidecars",
    files: &["analytics/hypotheses.*.members"],
    treatment: Treatment::Catalogue,
};

/// Verdicts and decisions, in a chain of hashes that a running server writes on. A line that went would break it,
/// and none is anybody's: what an operator says in one is masked before.
pub(crate) const CONTROL: Store = Store {
    name: "control",
    files: &["analytics/control.ndjson", "analytics/control.*.ndjson", "analytics/control.*.gz"],
    treatment: Treatment::Chain,
};

/// How far they, and the audit trail, came: a number, a hash and a signature.
pub(crate) const CONTROL_HEAD: Store = Store {
    name: "control head",
    files: &["analytics/control.head", "analytics/control.*.head", "analytics/audit.head"],
    treatment: Treatment::Apart,
};

/// Torn ends of segments, and what could not be read of them.
pub(crate) const QUARANTINE: Store = Store {
    name: "quarantine",
    files: &["analytics/quarantine/*", "audit/quarantine/*"],
    treatment: Treatment::Lines,
};
