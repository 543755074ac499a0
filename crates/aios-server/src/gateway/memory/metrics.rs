//! What is counted of the memory in the request's path.

use std::time::Duration;

use aios_core::{MemoryOutcome, MemoryUse};
use aios_store::Outcome;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::sink_metrics::PrivacyMetrics;

/// Counters of the memory. Clones count together.
#[derive(Debug, Clone)]
pub(crate) struct MemoryMetrics {
    queries: Vec<Counter>,
    query_seconds: Histogram,
    found: Counter,
    degraded: Counter,
    withheld: Counter,
    stored: Family<OutcomeLabel, Counter>,
    failed: Counter,
    embedded: Counter,
    /// Exchanges that were not taken, since too many waited.
    pub(super) dropped: Counter,
    /// Exchanges that wait.
    pub(super) queue_depth: Gauge,
    /// What was looked at of what is kept.
    pub(super) privacy: PrivacyMetrics,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OutcomeLabel {
    outcome: &'static str,
}

impl MemoryMetrics {
    pub(crate) fn new(registry: &mut Registry, privacy: PrivacyMetrics) -> Self {
        let queries = Family::<OutcomeLabel, Counter>::default();
        registry.register(
            "memory_queries",
            "Questions to the memory, by what came of them",
            queries.clone(),
        );
        let label = |outcome: MemoryOutcome| OutcomeLabel { outcome: outcome.name() };
        let queries =
            MemoryOutcome::ALL.iter().map(|one| queries.get_or_create(&label(*one)).clone());
        let mut counter = |name: &str, help: &str| {
            let counter = Counter::default();
            registry.register(name, help, counter.clone());
            counter
        };
        let metrics = Self {
            queries: queries.collect(),
            query_seconds: Histogram::new([
                1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 2.5e-2, 5e-2, 0.1,
            ]),
            found: counter("memory_found", "Fragments found for questions"),
            degraded: counter("memory_degraded", "Questions answered late, in part or not at all"),
            withheld: counter("memory_withheld", "Questions whose fragments chance withheld"),
            failed: counter("memory_failures", "Exchanges that could not be kept"),
            embedded: counter("memory_embedded", "Fragments that got a vector"),
            dropped: counter("memory_dropped", "Exchanges not kept because too many waited"),
            stored: Family::default(),
            queue_depth: Gauge::default(),
            privacy,
        };
        let r = registry;
        r.register(
            "memory_query_seconds",
            "Time in which the memory answered",
            metrics.query_seconds.clone(),
        );
        r.register(
            "memory_stored",
            "Turns given to the memory, by what came of them",
            metrics.stored.clone(),
        );
        r.register(
            "memory_queue_depth",
            "Exchanges that wait to be kept",
            metrics.queue_depth.clone(),
        );
        metrics
    }

    /// Counts one question.
    pub(super) fn asked(&self, came: &MemoryUse, n_found: usize, took: Duration) {
        let place = MemoryOutcome::ALL.iter().position(|one| *one == came.outcome).unwrap_or(0);
        self.queries[place].inc();
        self.query_seconds.observe(took.as_secs_f64());
        self.found.inc_by(n_found as u64);
        let is_cut = matches!(came.outcome, MemoryOutcome::Late | MemoryOutcome::Failed);
        if came.is_degraded || is_cut {
            self.degraded.inc();
        }
        if came.outcome == MemoryOutcome::Withheld {
            self.withheld.inc();
        }
    }

    /// Counts what became of a turn.
    pub(super) fn stored(&self, outcome: Outcome) {
        let outcome = match outcome {
            Outcome::New => "new",
            Outcome::Seen => "seen",
            Outcome::Changed => "changed",
            Outcome::Refused { .. } => "refused",
        };
        self.stored.get_or_create(&OutcomeLabel { outcome }).inc();
    }

    /// Counts fragments that got a vector.
    pub(super) fn embedded(&self, n: usize) {
        self.embedded.inc_by(n as u64);
    }

    /// Counts exchanges that were lost.
    pub(super) fn failed_to_keep(&self, n: usize) {
        self.failed.inc_by(n as u64);
    }
}
