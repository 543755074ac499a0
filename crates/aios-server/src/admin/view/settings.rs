//! The settings' tab: what is in force, and where it comes from.

use aios_core::{Tier, Timestamp};
use aios_store::{DataDir, Index, disk_room, parts};
use aios_upstream::EndpointStatus;
use axum::extract::State;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::scene::{Scene, Views};
use super::words::{Time, Word};
use crate::ShownSetting;

/// What is in force.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct SettingsView {
    /// Version of the program.
    version: String,
    /// When the server started.
    #[schemars(with = "Time")]
    started_at: Timestamp,
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
#[derive(Debug, Serialize, JsonSchema)]
struct SettingView {
    /// Its key.
    key: String,
    /// Its value; digests of keys are cut.
    value: Value,
    /// `default`, `file`, `env` or `flag`.
    origin: String,
    /// Where exactly.
    place: String,
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

pub(crate) async fn show(State(views): State<Views>) -> Response {
    let make = |dir: &DataDir, scene: &Scene| {
        let room = disk_room(dir);
        let n_indexed = Index::read(dir)?.map(|index| index.n_events()).transpose()?;
        let log = &scene.event_log;
        Ok(SettingsView {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at: scene.config.started_at,
            file: scene.shown.file.as_ref().map(|file| file.display().to_string()),
            hash: scene.config.hash.clone(),
            generation: scene.config.generation,
            reload_error: scene.config.reload_error.clone(),
            settings: scene.shown.settings.iter().map(setting).collect(),
            endpoints: scene.endpoints.iter().map(endpoint).collect(),
            data_dir: dir.path().display().to_string(),
            disk_free_bytes: room.map(|room| room.free_bytes),
            disk_bytes: room.map(|room| room.all_bytes),
            stored: parts(dir)?
                .into_iter()
                .map(|part| StoredView { name: part.name, bytes: part.bytes })
                .collect(),
            event_log: EventLogView {
                n_written: log.written,
                n_lost: log.lost,
                n_queued: log.queue_depth,
                is_failing: log.failing,
                last_error: log.last_error.clone(),
                n_indexed: n_indexed.unwrap_or(0),
            },
        })
    };
    views.show(make).await
}

fn setting(of: &ShownSetting) -> SettingView {
    SettingView {
        key: of.key.clone(),
        value: of.value.clone(),
        origin: of.origin.to_owned(),
        place: of.place.clone(),
    }
}

fn endpoint(of: &EndpointStatus) -> EndpointView {
    let breaker = serde_json::to_value(&of.breaker).unwrap_or_default();
    let text = |name: &str| breaker[name].as_str().map(str::to_owned);
    EndpointView {
        name: of.name.clone(),
        tier: of.tier,
        url: of.url.clone(),
        model: of.model.clone(),
        is_simulated: of.simulated,
        breaker: text("state").unwrap_or_default(),
        reason: text("reason"),
        hint: text("hint"),
        n_in_flight: of.in_flight,
        n_queued: of.queued,
        latency_ms: of.latency_ms,
        warning: of.warning.clone(),
    }
}
