//! The settings' tab: what is in force, and where it comes from.

use aios_core::{Tier, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::words::{Time, Word};

/// What is in force.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct SettingsView {
    /// Version of the program.
    version: String,
    /// When the server started; none where files are only looked at.
    #[schemars(with = "Option<Time>")]
    started_at: Option<Timestamp>,
    /// Nothing can be changed: there is no server, only files.
    is_read_only: bool,
    /// The configuration file, if there is one.
    file: Option<String>,
    /// Hash of the effective configuration.
    hash: String,
    /// 1 at start, one more with each reload that took.
    generation: u64,
    /// Why the last reload did not take, if it did not.
    reload_error: Option<String>,
    /// Every setting.
    settings: Vec<SettingView>,
    /// Every endpoint with its breaker.
    endpoints: Vec<EndpointView>,
    /// The data directory.
    data_dir: String,
    /// Bytes that are free on its disk, where the system says so.
    disk_free_bytes: Option<u64>,
    /// Bytes of its disk.
    disk_bytes: Option<u64>,
    /// What lies in it, the largest first.
    stored: Vec<StoredView>,
    /// The event log.
    event_log: EventLogView,
}

/// One setting.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct SettingView {
    /// Its key.
    pub(crate) key: String,
    /// Its value; digests of keys are cut.
    pub(crate) value: Value,
    /// `default`, `file`, `env` or `flag`.
    pub(crate) origin: String,
    /// Where exactly.
    pub(crate) place: String,
}

/// One endpoint.
#[derive(Debug, Serialize, JsonSchema)]
struct EndpointView {
    /// Its name.
    name: String,
    /// Its tier.
    #[schemars(with = "Word<Tier>")]
    tier: Tier,
    /// Its base URL.
    url: String,
    /// The model.
    model: String,
    /// It is simulated.
    is_simulated: bool,
    /// `closed`, `half_open` or `open`.
    breaker: String,
    /// Why the breaker is not closed.
    reason: Option<String>,
    /// What may help.
    hint: Option<String>,
    /// Requests it is answering.
    n_in_flight: usize,
    /// Requests that wait for it.
    n_queued: usize,
    /// Moving average of the time to the first event.
    latency_ms: Option<f64>,
    /// What an operator should know.
    warning: Option<String>,
}

/// What one part of the data directory takes.
#[derive(Debug, Serialize, JsonSchema)]
struct StoredView {
    /// The folder or file.
    name: String,
    /// Its bytes.
    bytes: u64,
}

/// The event log.
#[derive(Debug, Default, Serialize, JsonSchema)]
struct EventLogView {
    /// Events written since the start.
    n_written: u64,
    /// Events lost since the start.
    n_lost: u64,
    /// Events that wait to be written.
    n_queued: u64,
    /// It cannot be written.
    is_failing: bool,
    /// Why.
    last_error: Option<String>,
    /// Events in the index.
    n_indexed: u64,
}
