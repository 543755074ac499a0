//! Both tiers with their endpoints, and the one way to call them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aios_core::{Attempt, AttemptOutcome, Faults, Tier};
use serde::Serialize;
use tokio::time::{Instant, sleep_until};

use crate::attempt::{Rules, attempt};
use crate::dice::Dice;
use crate::endpoint::Endpoint;
use crate::quirks::lmstudio::{self, Loader};
use crate::search::Search;
use crate::{
    Call, EndpointStatus, Failure, Fault, HttpFetch, LoadCounts, Reply, ServerKind, SimFaults,
    Target, UpstreamConfig,
};

/// The endpoints in force.
#[derive(Debug)]
pub struct Upstreams {
    config: UpstreamConfig,
    endpoints: Vec<Arc<Endpoint>>,
    loader: Arc<Loader>,
    dice: Dice,
    /// What goes wrong on the way to them, where that may be ordered.
    faults: OnceLock<Arc<Faults>>,
}

/// A model that can be asked for by its exact name.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModelInfo {
    /// Its name.
    pub id: String,
    /// The tier it serves.
    pub tier: Tier,
    /// The endpoint that serves it.
    pub endpoint: String,
    /// Who runs it.
    pub owned_by: &'static str,
    /// It is simulated.
    pub simulated: bool,
}

impl Upstreams {
    /// The endpoints of a configuration. Those that are as they were in `previous` go on with their
    /// connections, their health and their measurements.
    #[must_use]
    pub fn new(config: UpstreamConfig, previous: Option<&Self>) -> Self {
        let kept = |endpoint: &crate::EndpointConfig, tier: Tier| {
            let old = previous.iter().flat_map(|previous| &previous.endpoints);
            old.filter(|old| old.config == *endpoint && old.tier() == tier).map(Arc::clone).next()
        };
        let mut endpoints = Vec::new();
        for tier in Tier::ALL {
            for endpoint in config.tier(tier) {
                let endpoint = kept(endpoint, tier).unwrap_or_else(|| {
                    Arc::new(Endpoint::new(endpoint.clone(), tier, config.breaker))
                });
                endpoint.set_policy(config.breaker);
                endpoints.push(endpoint);
            }
        }
        let loader = previous.map(|previous| Arc::clone(&previous.loader)).unwrap_or_default();
        let faults = previous.map(|previous| previous.faults.clone()).unwrap_or_default();
        Self { config, endpoints, loader, dice: Dice::default(), faults }
    }

    /// Has these faults on the way to the endpoints, in later generations too.
    pub fn allow_faults(&self, faults: &Arc<Faults>) {
        self.faults.get_or_init(|| Arc::clone(faults));
    }

    /// The same, with draws that repeat: for simulations.
    #[must_use]
    pub fn with_draws(self, seed: u64) -> Self {
        Self { dice: Dice::seeded(seed), ..self }
    }

    /// The switch for the faults of a simulated endpoint; none for one that is real, or not there.
    #[must_use]
    pub fn sim_faults(&self, endpoint: &str) -> Option<Arc<SimFaults>> {
        let named = self.endpoints.iter().find(|one| one.config.name == endpoint)?;
        named.transport.sim_faults()
    }

    /// Answers a call, by another endpoint where one fails, within the call's deadline. Every attempt is
    /// written down while it is made; a stream's last one stays open for whoever reads the stream.
    ///
    /// # Errors
    /// The last failure, when no endpoint could answer.
    pub async fn complete(
        &self,
        call: &Call,
        attempts: &mut Vec<Attempt>,
    ) -> Result<Reply, Failure> {
        let stages = self.stages(&call.target);
        let mut search = Search::new(call.operation, stages, self.config.retries, &self.dice);
        let mut last = None;
        while let Some(next) = search.next(Instant::now()) {
            if !pause(next.pause, call.deadline).await {
                break;
            }
            match self.attempt(next.endpoint, call, attempts).await {
                Ok(reply) => return Ok(reply),
                Err(failure) => {
                    search.failed(next.endpoint, &failure);
                    let is_final = match failure.fault {
                        Fault::Caller => !(failure.is_too_long() && search.has_stage()),
                        Fault::Timeout => failure.outcome == AttemptOutcome::TotalTimeout,
                        Fault::Endpoint | Fault::Overload => false,
                    };
                    if is_final {
                        return Err(failure);
                    }
                    last = Some(failure);
                }
            }
        }
        Err(last.unwrap_or_else(|| nobody(&call.target, search.rest(Instant::now()))))
    }

    async fn attempt(
        &self,
        endpoint: &Arc<Endpoint>,
        call: &Call,
        attempts: &mut Vec<Attempt>,
    ) -> Result<Reply, Failure> {
        let faults = self.faults.get().map(|faults| &**faults);
        let rules = Rules { timeouts: &self.config.timeouts, loader: &self.loader, faults };
        let start = Instant::now();
        let n = open_attempt(endpoint, call, start, attempts);
        let mut status = None;
        let result = attempt(endpoint, call, rules, &mut status).await;
        let result = result.map_err(|failure| failure.at(&endpoint.config.name));
        if let Some(entry) = attempts.get_mut(n) {
            entry.duration_ms = millis(call.admitted_at.elapsed()) - entry.started_ms;
            entry.status = status;
            entry.outcome = match &result {
                Ok(Reply::Whole(_)) => AttemptOutcome::Ok,
                Ok(Reply::Stream(_)) => AttemptOutcome::Abandoned,
                Err(failure) => failure.outcome,
            };
        }
        result
    }

    fn stages(&self, target: &Target) -> Vec<Vec<&Arc<Endpoint>>> {
        let of_tier = |tier| self.endpoints.iter().filter(|e| e.tier() == tier).collect::<Vec<_>>();
        match target {
            Target::Tier { tier, fallback: false } => vec![of_tier(*tier)],
            Target::Tier { tier, fallback: true } => vec![of_tier(*tier), of_tier(tier.other())],
            Target::Model(model) => {
                vec![self.endpoints.iter().filter(|e| e.config.model == *model).collect()]
            }
        }
    }

    /// The configuration in force.
    #[must_use]
    pub const fn config(&self) -> &UpstreamConfig {
        &self.config
    }

    /// Whether there is no endpoint at all.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.endpoints.is_empty()
    }

    /// Whether a tier has any endpoint.
    #[must_use]
    pub fn serves(&self, tier: Tier) -> bool {
        self.endpoints.iter().any(|endpoint| endpoint.tier() == tier)
    }

    /// Whether an endpoint serves exactly this model.
    #[must_use]
    pub fn has_model(&self, model: &str) -> bool {
        self.tier_of(model).is_some()
    }

    /// The tier that serves exactly this model.
    #[must_use]
    pub fn tier_of(&self, model: &str) -> Option<Tier> {
        self.endpoints.iter().find(|e| e.config.model == model).map(|e| e.tier())
    }

    /// The models that can be asked for.
    #[must_use]
    pub fn models(&self) -> Vec<ModelInfo> {
        let info = |endpoint: &Arc<Endpoint>| ModelInfo {
            id: endpoint.config.model.clone(),
            tier: endpoint.tier(),
            endpoint: endpoint.config.name.clone(),
            owned_by: if endpoint.is_simulated() {
                "aios-simulated"
            } else {
                owner(endpoint.config.kind)
            },
            simulated: endpoint.is_simulated(),
        };
        self.endpoints.iter().map(info).collect()
    }

    /// The state of each endpoint.
    #[must_use]
    pub fn status(&self) -> Vec<EndpointStatus> {
        let now = Instant::now();
        self.endpoints.iter().map(|endpoint| endpoint.status(now)).collect()
    }

    /// How often models had to be loaded.
    #[must_use]
    pub fn loads(&self) -> LoadCounts {
        self.loader.counts()
    }

    /// Gets the model servers ready: LM Studio is told to load the configured models, and what it
    /// cannot do is said. Takes as long as loading takes, so let it run beside the serving.
    pub async fn prepare(&self) {
        let mut servers: BTreeMap<&str, Vec<&Arc<Endpoint>>> = BTreeMap::new();
        for endpoint in &self.endpoints {
            let may_be = matches!(endpoint.config.kind, ServerKind::LmStudio | ServerKind::Auto);
            if may_be && !endpoint.is_simulated() {
                servers.entry(lmstudio::root_of(&endpoint.config.url)).or_default().push(endpoint);
            }
        }
        for (root, endpoints) in servers {
            self.prepare_lm_studio(root, &endpoints).await;
        }
    }

    async fn prepare_lm_studio(&self, root: &str, endpoints: &[&Arc<Endpoint>]) {
        let Some(first) = endpoints.first() else { return };
        let fetch = Arc::new(HttpFetch::new().with_bearer(first.config.api_key.clone()));
        let models: BTreeSet<&str> = endpoints.iter().map(|e| e.config.model.as_str()).collect();
        let models: Vec<&str> = models.into_iter().collect();
        endpoints.iter().for_each(|endpoint| endpoint.clear_warning());
        // Another server than LM Studio has no such list.
        if lmstudio::residency_warning(&*fetch, root, &models).await.is_none() {
            return;
        }
        if self.config.lmstudio_preload {
            let loaded = self.loader.preload(&fetch, root, &models).await;
            for (model, error) in models.iter().zip(loaded).filter_map(|(m, r)| Some((m, r.err()?)))
            {
                let affected = endpoints.iter().filter(|endpoint| endpoint.config.model == *model);
                affected.for_each(|endpoint| endpoint.warn(error.to_string()));
            }
        }
        if let Some(warning) = lmstudio::residency_warning(&*fetch, root, &models).await {
            let silent = |endpoint: &&&Arc<Endpoint>| !endpoint.has_warning();
            endpoints.iter().filter(silent).for_each(|endpoint| endpoint.warn(warning.clone()));
        }
    }
}

/// Writes down that an attempt begins. Asking again a server that loads its model goes on with the
/// attempt that found it loading.
fn open_attempt(
    endpoint: &Endpoint,
    call: &Call,
    start: Instant,
    attempts: &mut Vec<Attempt>,
) -> usize {
    let goes_on = attempts.last().is_some_and(|last| {
        last.outcome == AttemptOutcome::Loading && last.endpoint == endpoint.config.name
    });
    if goes_on {
        return attempts.len() - 1;
    }
    attempts.push(Attempt {
        endpoint: endpoint.config.name.clone(),
        tier: endpoint.tier(),
        model: endpoint.config.model.clone(),
        started_ms: millis(start.saturating_duration_since(call.admitted_at)),
        duration_ms: 0.0,
        outcome: AttemptOutcome::Abandoned,
        status: None,
    });
    attempts.len() - 1
}

/// False if the deadline comes first.
async fn pause(pause: Duration, deadline: Instant) -> bool {
    if pause.is_zero() {
        return true;
    }
    let until = Instant::now() + pause;
    if until >= deadline {
        return false;
    }
    sleep_until(until).await;
    true
}

/// No call was made.
fn nobody(target: &Target, rest: Option<Duration>) -> Failure {
    if rest.is_some() {
        let detail = "every endpoint asked to be left alone for a while";
        let failure = Failure::new(AttemptOutcome::RateLimited, detail);
        return Failure { retry_after: rest, ..failure };
    }
    let detail = match target {
        Target::Tier { tier, .. } => format!("no endpoint is configured for tier {tier}"),
        Target::Model(_) => "no endpoint serves that model any more".to_owned(),
    };
    Failure::new(AttemptOutcome::ConnectFailed, detail)
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

const fn owner(kind: ServerKind) -> &'static str {
    match kind {
        ServerKind::LmStudio => "lm-studio",
        ServerKind::Ollama => "ollama",
        ServerKind::LlamaCpp => "llama-cpp",
        ServerKind::Vllm => "vllm",
        ServerKind::Auto | ServerKind::OpenAi => "endpoint",
        ServerKind::Simulated => "aios-simulated",
    }
}

#[cfg(test)]
mod tests;
