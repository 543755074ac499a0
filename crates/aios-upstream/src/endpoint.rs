//! One endpoint: how it is reached, how it fares, how much it has to do.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aios_core::{Operation, Tier};
use serde::Serialize;
use tokio::time::Instant;

use crate::body::ModelName;
use crate::breaker::{Admittance, Breaker};
use crate::transport::Transport;
use crate::turns::Turns;
use crate::{Answered, BreakerPolicy, BreakerStatus, EndpointConfig, Failure, ServerKind};

/// The average halves in this time if nothing new comes.
const LATENCY_HALF_LIFE: Duration = Duration::from_secs(10);
/// Weight of a new measurement in the moving average of latency.
const LATENCY_WEIGHT: f64 = 0.2;

/// An endpoint as people see it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EndpointStatus {
    /// Name in events and metrics.
    pub name: String,
    /// Its tier.
    pub tier: Tier,
    /// Base URL.
    pub url: String,
    /// The configured model.
    pub model: String,
    /// Which server it is.
    pub kind: ServerKind,
    /// It is simulated.
    pub simulated: bool,
    /// Its health.
    pub breaker: BreakerStatus,
    /// Its health where it makes vectors, while there is something to say of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub embeddings: Option<BreakerStatus>,
    /// Requests it is answering.
    pub in_flight: usize,
    /// Requests that wait for it.
    pub queued: usize,
    /// Requests at once.
    pub concurrency_max: usize,
    /// Moving average of the time to the first event or the whole reply.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<f64>,
    /// Replies that named another model than the configured one.
    pub n_model_mismatches: u64,
    /// What an operator should know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
}

/// A moving average that fades: one bad answer must not keep an endpoint from ever giving another.
#[derive(Debug, Clone, Copy)]
struct Latency {
    average_ms: f64,
    at: Instant,
}

/// How one sort of calls fares.
#[derive(Debug)]
struct Health {
    breaker: Mutex<Breaker>,
    latency: Mutex<Option<Latency>>,
}

/// An endpoint.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) config: EndpointConfig,
    pub(crate) answered: Arc<Answered>,
    pub(crate) model_name: ModelName,
    pub(crate) transport: Transport,
    pub(crate) turns: Turns,
    text: Health,
    /// A server that makes no vectors, or slowly, may answer well, and the other way round.
    vectors: Health,
    n_model_mismatches: AtomicU64,
    warning: Mutex<Option<String>>,
}

impl Endpoint {
    pub(crate) fn new(config: EndpointConfig, tier: Tier, policy: BreakerPolicy) -> Self {
        let transport = Transport::new(&config);
        let warning = match &transport {
            Transport::Broken(why) => Some(format!("it cannot be reached as configured: {why}")),
            Transport::Http(_) | Transport::Simulated(_) => None,
        };
        let answered = Answered {
            endpoint: config.name.clone(),
            tier,
            model: config.model.clone(),
            simulated: config.url.starts_with("sim:"),
            input_usd_per_mtok: config.input_usd_per_mtok,
            output_usd_per_mtok: config.output_usd_per_mtok,
        };
        Self {
            answered: Arc::new(answered),
            model_name: ModelName::new(&config.model),
            transport,
            turns: Turns::new(config.concurrency_max, config.queue_max, config.queue_timeout),
            text: Health::new(policy),
            vectors: Health::new(policy),
            n_model_mismatches: AtomicU64::new(0),
            warning: Mutex::new(warning),
            config,
        }
    }

    pub(crate) fn tier(&self) -> Tier {
        self.answered.tier
    }

    pub(crate) fn is_simulated(&self) -> bool {
        self.answered.simulated
    }

    fn health(&self, operation: Operation) -> &Health {
        match operation {
            Operation::Embeddings => &self.vectors,
            Operation::Chat | Operation::Completions | Operation::Responses => &self.text,
        }
    }

    /// The breaker for calls of this sort.
    pub(crate) fn breaker(&self, operation: Operation) -> MutexGuard<'_, Breaker> {
        self.health(operation).breaker()
    }

    pub(crate) fn set_policy(&self, policy: BreakerPolicy) {
        self.text.breaker().set_policy(policy);
        self.vectors.breaker().set_policy(policy);
    }

    pub(crate) fn admits(&self, operation: Operation, now: Instant) -> bool {
        self.breaker(operation).admits(now) != Admittance::Refused
    }

    /// The next call finds out whether it works again.
    pub(crate) fn is_on_trial(&self, operation: Operation, now: Instant) -> bool {
        self.breaker(operation).admits(now) == Admittance::Probe
    }

    /// Expected wait for an answer: moving average of latency times what is in line, as in peak EWMA
    /// (Twitter's Finagle). One that has not answered yet is tried by one request at a time.
    pub(crate) fn load(&self, operation: Operation) -> f64 {
        let n_in_line = self.turns.in_flight() + self.turns.queued();
        match self.health(operation).latency_ms(Instant::now()) {
            Some(latency_ms) => latency_ms * (1 + n_in_line) as f64,
            None if n_in_line == 0 => 0.0,
            None => f64::INFINITY,
        }
    }

    /// The first event or the whole reply took so long. A jump up counts at once, so that an endpoint
    /// that becomes slow is felt soon; a way down is averaged.
    pub(crate) fn answered_after(&self, operation: Operation, took: Duration, now: Instant) {
        let took_ms = took.as_secs_f64() * 1e3;
        let health = self.health(operation);
        let old_ms = health.latency_ms(now).unwrap_or(took_ms);
        let average_ms = took_ms.max(old_ms + LATENCY_WEIGHT * (took_ms - old_ms));
        *health.latency.lock().unwrap_or_else(PoisonError::into_inner) =
            Some(Latency { average_ms, at: now });
    }

    pub(crate) fn succeeded(&self, operation: Operation, model_mismatch: bool) {
        self.breaker(operation).succeeded();
        if model_mismatch && self.n_model_mismatches.fetch_add(1, Ordering::Relaxed) == 0 {
            let warning = format!(
                "it answered with another model than `{}`: results of the tiers would be mixed up \
                 (hint: load that model, or correct its name)",
                self.config.model
            );
            self.warn(warning);
        }
    }

    pub(crate) fn failed(&self, operation: Operation, failure: &Failure, now: Instant) {
        let mut breaker = self.breaker(operation);
        let was = breaker.status(now).state;
        breaker.failed(failure, now);
        let status = breaker.status(now);
        drop(breaker);
        if status.state != was && status.level() == 2 {
            let (endpoint, reason) = (&self.config.name, status.reason.as_deref().unwrap_or(""));
            let (operation, hint) = (operation.name(), status.hint);
            tracing::warn!(endpoint, operation, reason, hint, "an endpoint is left out for now");
        }
    }

    /// Says what an operator should know, once.
    pub(crate) fn warn(&self, warning: String) {
        let mut said = self.warning();
        if said.as_ref() != Some(&warning) {
            tracing::warn!(endpoint = self.config.name, warning, "an endpoint needs attention");
            *said = Some(warning);
        }
    }

    /// What was said before is looked into anew.
    pub(crate) fn clear_warning(&self) {
        *self.warning() = None;
    }

    pub(crate) fn has_warning(&self) -> bool {
        self.warning().is_some()
    }

    fn warning(&self) -> MutexGuard<'_, Option<String>> {
        self.warning.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn status(&self, now: Instant) -> EndpointStatus {
        EndpointStatus {
            name: self.config.name.clone(),
            tier: self.tier(),
            url: self.config.url.clone(),
            model: self.config.model.clone(),
            kind: if self.is_simulated() { ServerKind::Simulated } else { self.config.kind },
            simulated: self.is_simulated(),
            breaker: self.text.breaker().status(now),
            embeddings: Some(self.vectors.breaker().status(now)).filter(|one| one.n_failures > 0),
            in_flight: self.turns.in_flight(),
            queued: self.turns.queued(),
            concurrency_max: self.config.concurrency_max,
            latency_ms: self.text.latency_ms(now),
            n_model_mismatches: self.n_model_mismatches.load(Ordering::Relaxed),
            warning: self.warning().clone(),
        }
    }
}

impl Health {
    const fn new(policy: BreakerPolicy) -> Self {
        Self { breaker: Mutex::new(Breaker::new(policy)), latency: Mutex::new(None) }
    }

    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn latency_ms(&self, now: Instant) -> Option<f64> {
        let latency = (*self.latency.lock().unwrap_or_else(PoisonError::into_inner))?;
        let age = now.saturating_duration_since(latency.at);
        let half_lives = age.as_secs_f64() / LATENCY_HALF_LIFE.as_secs_f64();
        Some(latency.average_ms * (-half_lives).exp2())
    }
}
