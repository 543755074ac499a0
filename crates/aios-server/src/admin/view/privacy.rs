//! The privacy tab: what was masked, what is on record, how long what is kept.

use aios_core::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::words::Time;

/// Privacy.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct PrivacyView {
    /// When this was looked at.
    #[schemars(with = "Time")]
    at: Timestamp,
    /// What was masked in what is kept, over time.
    detections: Detections,
    /// What is kept how long.
    retention: Vec<ClassView>,
    /// What may not be removed for now.
    holds: Vec<HoldView>,
    /// Erasures that were decided or planned, the newest first.
    erasures: Vec<ErasureView>,
    /// The newest entries of the audit trail, the newest first.
    trail: Vec<TrailView>,
}

/// Detections by kind over time; every list has one entry for each step.
#[derive(Debug, Default, Serialize, JsonSchema)]
struct Detections {
    /// Length of a step, in seconds.
    step_s: u32,
    /// When each step began, in milliseconds since 1970.
    at_ms: Vec<i64>,
    /// Each kind that was found.
    kinds: Vec<KindSeries>,
}

/// One kind of personal data.
#[derive(Debug, Serialize, JsonSchema)]
struct KindSeries {
    /// The kind.
    kind: String,
    /// Findings in each step.
    n: Vec<u64>,
    /// Findings of the whole time.
    n_all: u64,
}

/// One class of what is kept.
#[derive(Debug, Serialize, JsonSchema)]
struct ClassView {
    /// `events` or `audit`.
    class: String,
    /// Days as text; none where it is not compressed.
    hot_days: Option<f64>,
    /// Days until it is removed.
    kept_days: f64,
    /// Files that take records.
    n_open: usize,
    /// Sealed segments kept as text.
    n_hot: usize,
    /// Sealed segments kept compressed.
    n_cold: usize,
    /// Bytes on disk.
    bytes: u64,
    /// The oldest record.
    #[schemars(with = "Option<Time>")]
    oldest: Option<Timestamp>,
    /// The newest record.
    #[schemars(with = "Option<Time>")]
    newest: Option<Timestamp>,
    /// Segments whose time is over and that are still there.
    n_overdue: usize,
    /// Those of them that a hold keeps.
    n_held: usize,
}

/// A hold.
#[derive(Debug, Serialize, JsonSchema)]
struct HoldView {
    /// Its id.
    id: String,
    /// Whose it is.
    owner: String,
    /// Why.
    reason: String,
    /// Until when.
    #[schemars(with = "Time")]
    expires_at: Timestamp,
    /// It is over.
    is_expired: bool,
}

/// An erasure.
#[derive(Debug, Serialize, JsonSchema)]
struct ErasureView {
    /// Its id.
    id: String,
    /// How far it has come.
    state: String,
    /// When it was asked for.
    #[schemars(with = "Time")]
    at: Timestamp,
    /// By whom.
    actor: String,
}

/// An entry of the audit trail.
#[derive(Debug, Serialize, JsonSchema)]
struct TrailView {
    /// When.
    #[schemars(with = "Time")]
    at: Timestamp,
    /// Who.
    actor: String,
    /// What, as a word.
    action: String,
    /// The rest of it.
    detail: serde_json::Value,
}
