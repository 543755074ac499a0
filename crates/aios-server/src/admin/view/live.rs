//! What is told as it happens.

use aios_core::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::events::EventRow;
use super::goldens::RunView;
use super::index::IndexTold;
use super::overview::{Alert, CanaryBrief};
use super::words::Time;

/// What the stream `/admin/v1/live` tells: each of these is the data of one server-sent event, whose name is that of
/// the field.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Told {
    /// Once a second.
    tick: Tick,
    /// When what is wrong has changed, and at the beginning: all of it.
    alerts: Vec<Alert>,
    /// When the canary has changed, and at the beginning.
    canary: CanaryBrief,
    /// When another configuration came into force, and at the beginning.
    config: ConfigTold,
    /// When something went on record in the audit trail, and at the beginning: what somebody did may have changed any view.
    audited: Audited,
    /// When the index falls behind or has caught up, and at the beginning.
    index: IndexTold,
    /// When somebody who took too little lost something. How things stand follows anew.
    gap: Gap,
    /// When a golden run of this server begins, goes on or ends.
    golden: RunView,
}

/// What somebody did not get.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Gap {
    /// So many of these events of the stream, ticks above all.
    pub(super) n_frames: u64,
}

/// One second.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub(crate) struct Tick {
    /// When it ended, in milliseconds since 1970.
    pub(super) at_ms: i64,
    /// Requests under way.
    pub(super) n_in_flight: i64,
    /// Clients' requests that ended in it.
    pub(super) n: u64,
    /// Requests that ended in it and were made for something else: goldens, load tests, what was asked again. Nothing
    /// else here counts them.
    pub(super) n_own: u64,
    /// Those that main answered.
    pub(super) n_main: u64,
    /// Those that embedder answered.
    pub(super) n_embedder: u64,
    /// Those of the treatment bucket.
    pub(super) n_treatment: u64,
    /// Those that failed, by no fault of the caller.
    pub(super) n_failed: u64,
    /// Half of the answers to clients of the last minute took at most so long.
    pub(super) latency_ms_p50: Option<f64>,
    /// 95 of 100 of them took at most so long.
    pub(super) latency_ms_p95: Option<f64>,
    /// Events that came into the index since the tick before, of whatever purpose, the newest first; at most 20.
    pub(super) newest: Vec<EventRow>,
    /// So many more came, and are not among them.
    pub(super) n_left_out: u64,
}

/// The configuration in force.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(crate) struct ConfigTold {
    /// 1 at start, one more with each reload that took.
    pub(crate) generation: u64,
    /// Its hash.
    pub(crate) hash: String,
    /// Why the last reload did not take, if it did not.
    pub(crate) reload_error: Option<String>,
    /// When the server started.
    #[schemars(with = "Time")]
    pub(crate) started_at: Timestamp,
}

/// What went on record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Audited {
    /// Entries of the audit trail that this server has written.
    pub(super) n: u64,
}

/// Where a test message went.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct AlertTested {
    /// Each receiver; none if none is configured.
    pub(crate) receivers: Vec<ReceiverTested>,
}

/// A receiver of alerts.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ReceiverTested {
    /// `slack` or `webhook`.
    pub(crate) kind: String,
    /// Why it did not take the message, if it did not.
    pub(crate) error: Option<String>,
}
