//! What is configured of endpoints.

use std::time::Duration;

use aios_core::Tier;
use aios_privacy::Secret;

use crate::ServerKind;

/// Both tiers and the rules for calling them.
#[derive(Debug, Clone, PartialEq)]
pub struct UpstreamConfig {
    /// Endpoints of the large model.
    pub main: Vec<EndpointConfig>,
    /// Endpoints of the small model.
    pub embedder: Vec<EndpointConfig>,
    /// How long things may take.
    pub timeouts: Timeouts,
    /// When a call is made again.
    pub retries: RetryPolicy,
    /// When an endpoint is left out.
    pub breaker: BreakerPolicy,
    /// Load the configured models into LM Studio at start.
    pub lmstudio_preload: bool,
}

impl UpstreamConfig {
    /// The endpoints of a tier.
    #[must_use]
    pub fn tier(&self, tier: Tier) -> &[EndpointConfig] {
        match tier {
            Tier::Main => &self.main,
            Tier::Embedder => &self.embedder,
        }
    }
}

/// One model on one server.
#[derive(Debug, Clone, PartialEq)]
pub struct EndpointConfig {
    /// Name in events, metrics and status.
    pub name: String,
    /// Base URL with `/v1`, no slash at its end; or `sim://…`.
    pub url: String,
    /// The model's name on that server.
    pub model: String,
    /// Which server it is.
    pub kind: ServerKind,
    /// Sent as `Authorization: Bearer`.
    pub api_key: Option<Secret>,
    /// Requests at once.
    pub concurrency_max: usize,
    /// Requests that wait for their turn.
    pub queue_max: usize,
    /// Longest wait for a turn.
    pub queue_timeout: Duration,
    /// Price of a million prompt tokens, in US dollars.
    pub input_usd_per_mtok: Option<f64>,
    /// Price of a million answer tokens, in US dollars.
    pub output_usd_per_mtok: Option<f64>,
}

/// How long things may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// To connect.
    pub connect: Duration,
    /// From sending a request for a stream to the first event of its answer.
    pub first_token: Duration,
    /// From sending a request for a whole answer to its end.
    pub whole: Duration,
    /// Longest silence inside a stream.
    pub inter_token: Duration,
    /// Deadline of a whole request, retries and fallback included.
    pub total: Duration,
    /// How long a stream may take to end after its last piece of text.
    pub finish_grace: Duration,
}

/// When a call is made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Calls for one request, the first one included.
    pub attempts_max: usize,
    /// Longest pause before the second call to an endpoint; doubles with each further one.
    pub backoff_base: Duration,
    /// Longest pause.
    pub backoff_max: Duration,
}

/// When an endpoint is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerPolicy {
    /// Consecutive faults of the endpoint that open its breaker.
    pub failures: u32,
    /// How long it stays open the first time; doubles while the endpoint stays broken.
    pub open: Duration,
    /// Longest time it stays open.
    pub open_max: Duration,
}
