//! The configuration as written: strings are not yet durations, nothing is checked against its range.
//!
//! No field has a default here: the compiled-in file gives every one. What an entry of a list may leave
//! out is an `Option`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::chaos::Chaos;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConfigFile {
    pub(super) server: Server,
    pub(super) tiers: Tiers,
    pub(super) discovery: Discovery,
    pub(super) models: Models,
    pub(super) routing: Routing,
    pub(super) canary: Canary,
    pub(super) timeouts: Timeouts,
    pub(super) retries: Retries,
    pub(super) breaker: Breaker,
    pub(super) limits: Limits,
    pub(super) clients: Clients,
    pub(super) admin: Admin,
    pub(super) audit: Audit,
    pub(super) events: Events,
    pub(super) retention: Retention,
    pub(super) privacy: Privacy,
    pub(super) slo: Slo,
    pub(super) alerts: Alerts,
    pub(super) hypotheses: Hypotheses,
    pub(super) judge: Judge,
    pub(super) nightly: Nightly,
    pub(super) chaos: Chaos,
    pub(super) lmstudio: LmStudio,
    pub(super) memory: Memory,
    pub(super) telemetry: Telemetry,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Server {
    pub(super) listen: String,
    pub(super) admin_listen: String,
    pub(super) data_dir: String,
    pub(super) drain_timeout: String,
    pub(super) connections_max: u64,
    pub(super) body_max: String,
    pub(super) header_timeout: String,
    pub(super) body_timeout: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tiers {
    pub(super) main: Tier,
    pub(super) embedder: Tier,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tier {
    pub(super) endpoints: Vec<Endpoint>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Endpoint {
    pub(super) url: Option<String>,
    pub(super) model: Option<String>,
    pub(super) name: Option<String>,
    pub(super) kind: Option<String>,
    pub(super) api_key_env: Option<String>,
    pub(super) concurrency_max: Option<u64>,
    pub(super) queue_max: Option<u64>,
    pub(super) queue_timeout: Option<String>,
    pub(super) input_usd_per_mtok: Option<f64>,
    pub(super) output_usd_per_mtok: Option<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Discovery {
    pub(super) enabled: bool,
    pub(super) urls: Vec<String>,
    pub(super) simulate: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Models {
    pub(super) aliases: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Routing {
    pub(super) adaptive: bool,
    pub(super) boundary: f64,
    pub(super) treatment_boundary: f64,
    pub(super) treatment_pct: f64,
    pub(super) profile: String,
    pub(super) traffic_after: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Canary {
    pub(super) enabled: bool,
    pub(super) check_every: String,
    pub(super) stages: Vec<f64>,
    pub(super) passes: u64,
    pub(super) failures: u64,
    pub(super) evidence: String,
    pub(super) golden_gate: bool,
    pub(super) golden_threshold: f64,
    pub(super) error_margin: f64,
    pub(super) quality_margin: f64,
    pub(super) latency_margin: f64,
    pub(super) quality_required: bool,
    pub(super) boundary_step: f64,
    pub(super) boundary_per_day: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Timeouts {
    pub(super) connect: String,
    pub(super) first_token: String,
    pub(super) whole: String,
    pub(super) inter_token: String,
    pub(super) total: String,
    pub(super) finish_grace: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Retries {
    pub(super) attempts_max: u64,
    pub(super) backoff_base: String,
    pub(super) backoff_max: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Breaker {
    pub(super) failures: u64,
    pub(super) open: String,
    pub(super) open_max: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Limits {
    pub(super) concurrency_max: u64,
    pub(super) queue_max: u64,
    pub(super) queue_timeout: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Clients {
    pub(super) required: bool,
    pub(super) keys: Vec<Client>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Client {
    pub(super) name: Option<String>,
    pub(super) sha256: Option<String>,
    pub(super) requests_per_minute: Option<u64>,
    pub(super) tokens_per_minute: Option<u64>,
    pub(super) concurrency_max: Option<u64>,
    pub(super) may_steer: Option<bool>,
    pub(super) memory: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Admin {
    pub(super) tokens: Vec<AdminToken>,
    pub(super) hosts: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AdminToken {
    pub(super) name: Option<String>,
    pub(super) sha256: Option<String>,
    pub(super) scopes: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Audit {
    pub(super) checkpoint_copy: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Events {
    pub(super) sync: String,
    pub(super) queue_max: u64,
    pub(super) on_full: String,
    pub(super) text_max: String,
    pub(super) segment_max: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Retention {
    pub(super) hot: String,
    pub(super) cold: String,
    pub(super) audit: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Privacy {
    pub(super) kinds: Vec<String>,
    pub(super) custom: Vec<CustomRule>,
    pub(super) sinks: Sinks,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sinks {
    pub(super) log: Actions,
    pub(super) upstream: Actions,
    pub(super) client: Actions,
    pub(super) memory: Actions,
    pub(super) on_unscannable: String,
    pub(super) restore_in_tools: bool,
}

/// One action for all kinds, or some by kind.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Actions {
    One(String),
    ByKind(BTreeMap<String, String>),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CustomRule {
    pub(super) name: Option<String>,
    pub(super) pattern: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Slo {
    pub(super) pass_rate: f64,
    pub(super) latency_ms_p95: f64,
    pub(super) boundary_drift: f64,
    pub(super) recall_at_5: f64,
    pub(super) error_rate: f64,
    pub(super) quality_min: f64,
    pub(super) window: String,
    pub(super) n_min: u64,
    pub(super) report_age_max: String,
    pub(super) sequels: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Hypotheses {
    pub(super) own: Vec<Hypothesis>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Hypothesis {
    pub(super) name: Option<String>,
    pub(super) statement: Option<String>,
    pub(super) metric: Option<String>,
    pub(super) groups: Option<String>,
    pub(super) direction: Option<String>,
    pub(super) margin: Option<f64>,
    pub(super) n_pairs_min: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Alerts {
    pub(super) enabled: bool,
    pub(super) slack_webhook_env: String,
    pub(super) webhook_env: String,
    pub(super) webhook_hosts: Vec<String>,
    pub(super) remind_every: String,
    pub(super) per_hour_max: u64,
    pub(super) expect_traffic: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LmStudio {
    pub(super) preload: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Memory {
    pub(super) mode: String,
    pub(super) by_header: bool,
    pub(super) words_max: u64,
    pub(super) place: String,
    pub(super) floor: f64,
    pub(super) search_timeout: String,
    pub(super) embeddings: bool,
    pub(super) embed_model_dir: String,
    pub(super) embed_timeout: String,
    pub(super) withheld_pct: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Telemetry {
    pub(super) log: String,
    pub(super) level: String,
    pub(super) otlp_endpoint: String,
    pub(super) service_name: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Judge {
    pub(super) enabled: bool,
    pub(super) tier: String,
    pub(super) share_pct: f64,
    pub(super) per_day_max: u64,
    pub(super) tokens_per_day_max: u64,
    pub(super) timeout: String,
    pub(super) rubric: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nightly {
    pub(super) enabled: bool,
    pub(super) at: String,
    pub(super) golden: String,
    pub(super) golden_key_env: String,
    pub(super) promote: String,
    pub(super) promote_max: u64,
}
