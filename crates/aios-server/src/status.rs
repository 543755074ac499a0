//! `/status`: the state of everything, for people and for `aios status` and `aios models`.

use std::sync::Arc;

use aios_control::{Held, Phase};
use aios_core::{Profile, Split, Timestamp};
use aios_store::EventLogStats;
use aios_upstream::{EndpointStatus, ModelInfo};
use schemars::JsonSchema;
use serde::Serialize;

use crate::ReloadState;
use crate::admin::shape::{self, Time, Word};
use crate::canary::Desk;
use crate::controller::ControllerState;
use crate::gateway::Gateway;

/// The state of a running server.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Status {
    /// Version of the binary.
    pub version: &'static str,
    /// When the server started.
    #[schemars(with = "Time")]
    pub started_at: Timestamp,
    /// Configuration in force.
    pub config: ConfigStatus,
    /// The routing split in force.
    #[schemars(with = "shape::canary::Split")]
    pub split: Split,
    /// Why the operator's override file was not taken, if it was not.
    pub override_error: Option<String>,
    /// Where the canary stands.
    pub canary: CanaryStatus,
    /// The knots in force.
    #[schemars(with = "Word<Profile>")]
    pub profile: Profile,
    /// Prompts sampled towards local knots, while sampling goes on.
    pub n_sampled: Option<usize>,
    /// Each endpoint with its breaker.
    #[schemars(with = "Vec<shape::status::EndpointStatus>")]
    pub endpoints: Vec<EndpointStatus>,
    /// Models by tier.
    #[schemars(with = "Vec<shape::status::ModelInfo>")]
    pub models: Vec<ModelInfo>,
    /// The event log.
    #[schemars(with = "shape::status::EventLogStats")]
    pub event_log: EventLogStats,
    /// How often somebody has removed, renamed or replaced the memory's file while it was open.
    pub memory_replaced: u64,
    /// The version of the pseudonyms' key that events are written under: the newest one when the server started.
    pub pseudonym_key: u16,
    /// Admitted requests under way.
    pub requests_in_flight: i64,
}

/// Which configuration is in force.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ConfigStatus {
    /// 1 at start, one more with each reload that took.
    pub generation: u64,
    /// Hash of the effective configuration.
    pub hash: String,
    /// Hash of what of it decides how messages are answered: golden reports name it.
    pub answers_hash: String,
    /// Why the last reload did not take, if it did not.
    pub reload_error: Option<String>,
}

/// Where the canary stands.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CanaryStatus {
    /// Whether it moves by itself; else configuration says what the split is.
    pub is_enabled: bool,
    /// `off`, `running`, `rolled_back` or `promoted`.
    #[schemars(with = "Word<Phase>")]
    pub phase: &'static str,
    /// The share of its stage, in percent.
    pub stage_pct: f64,
    /// An operator holds it.
    pub is_held: bool,
    /// Since when, by whom and why.
    #[schemars(with = "Option<shape::canary::Held>")]
    pub hold: Option<Held>,
    /// Why what is kept of it cannot be used.
    pub fault: Option<String>,
}

#[derive(Clone)]
pub(crate) struct StatusReader {
    pub(crate) desk: Arc<Desk>,
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) controller: Arc<ControllerState>,
    pub(crate) reload: Arc<ReloadState>,
}

impl StatusReader {
    pub(crate) fn read(&self) -> Status {
        let gateway = &self.gateway;
        let live = gateway.live.load();
        let split = gateway.split();
        Status {
            version: env!("CARGO_PKG_VERSION"),
            started_at: gateway.started_at,
            config: ConfigStatus {
                generation: live.generation,
                hash: live.hash.clone(),
                answers_hash: live.answers_hash.clone(),
                reload_error: self.reload.error(),
            },
            split: split.as_ref().clone(),
            override_error: self.controller.override_error(),
            canary: self.canary(),
            profile: gateway.routing.policy(&split).profile,
            n_sampled: gateway.routing.n_sampled(),
            endpoints: live.upstreams.status(),
            models: live.upstreams.models(),
            event_log: gateway.store.stats(),
            memory_replaced: gateway.data_dir.n_memory_replaced(),
            pseudonym_key: gateway.keys.pseudonyms.version(),
            requests_in_flight: gateway.metrics.in_flight.get(),
        }
    }

    fn canary(&self) -> CanaryStatus {
        let standing = self.desk.keeper.standing();
        let canary = &standing.rollout.canary;
        CanaryStatus {
            is_enabled: self.desk.config.borrow().canary.enabled,
            phase: canary.phase.name(),
            stage_pct: canary.treatment_pct.get(),
            is_held: canary.held,
            hold: standing.rollout.hold.clone().filter(|_| canary.held),
            fault: standing.fault.as_ref().map(ToString::to_string),
        }
    }
}
