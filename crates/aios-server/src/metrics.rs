//! Prometheus metrics of requests. Each is registered once; the hot ones are resolved before traffic
//! starts. What others count anyway is read by [`collected`](crate::collected) at each scrape.

use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, MutexGuard, PoisonError};

use aios_core::{Bucket, Outcome, ResponseEvent, Tier};
use aios_privacy::PiiKind;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::gateway::memory::MemoryMetrics;
use crate::sink_metrics::PrivacyMetrics;

type FloatCounter = Counter<f64, AtomicU64>;

/// Everything that is counted.
pub(crate) struct Metrics {
    registry: Mutex<Registry>,
    /// Requests under way.
    pub(crate) in_flight: Gauge,
    /// Seconds between two blocks of a stream.
    pub(crate) inter_token_gap: Histogram,
    requests: Vec<Counter>,
    /// Those of clients alone, which no monitoring asks for.
    clients_requests: Vec<Counter>,
    refused: Family<Reason, Counter>,
    duration: PerSource<Histogram>,
    first_token: PerSource<Histogram>,
    overhead: Histogram,
    input_tokens: PerSource<Counter>,
    output_tokens: PerSource<Counter>,
    cost: PerSource<FloatCounter>,
    redactions: Vec<Counter>,
    attempt_failures: Family<AttemptLabels, Counter>,
    /// What is done with texts that pass through or are kept.
    pub(crate) privacy: PrivacyMetrics,
    /// What is found and kept of what was said.
    pub(crate) memory: MemoryMetrics,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RequestLabels {
    tier: &'static str,
    bucket: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Reason {
    reason: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct TierLabel {
    tier: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct KindLabel {
    kind: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct AttemptLabels {
    endpoint: String,
    outcome: String,
}

/// One metric for each tier that can answer, and one for "none did".
struct PerSource<M> {
    main: M,
    embedder: M,
    none: M,
}

impl<M> PerSource<M> {
    fn new(make: impl Fn(&'static str) -> M) -> Self {
        Self { main: make("main"), embedder: make("embedder"), none: make("none") }
    }

    fn of(&self, source: Option<Tier>) -> &M {
        match source {
            Some(Tier::Main) => &self.main,
            Some(Tier::Embedder) => &self.embedder,
            None => &self.none,
        }
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

/// 1 ms to about 2 minutes, doubling.
fn seconds() -> Histogram {
    Histogram::new([
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0, 20.0,
        30.0, 60.0, 120.0,
    ])
}

/// 5 µs to 100 ms.
fn fine_seconds() -> Histogram {
    Histogram::new([5e-6, 1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 1e-1])
}

impl Metrics {
    /// Registers everything.
    #[must_use]
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("aios");
        let r = &mut registry;
        let in_flight = Gauge::default();
        r.register("requests_in_flight", "Admitted requests under way", in_flight.clone());
        let inter_token_gap = seconds();
        r.register(
            "inter_token_gap_seconds",
            "Time between two blocks of a stream",
            inter_token_gap.clone(),
        );
        let overhead = fine_seconds();
        r.register(
            "overhead_seconds",
            "The gateway's own share of a request's time",
            overhead.clone(),
        );
        let refused = Family::default();
        r.register("requests_refused", "Requests that were not admitted", refused.clone());
        let attempt_failures = Family::default();
        r.register(
            "attempt_failures",
            "Calls to endpoints that did not end well",
            attempt_failures.clone(),
        );
        let privacy = PrivacyMetrics::new(r);
        Self {
            requests: request_counters(r),
            clients_requests: std::iter::repeat_with(Counter::default).take(N_PLACES).collect(),
            duration: histograms(r, "request_duration_seconds", "From admission to the last byte"),
            first_token: histograms(
                r,
                "time_to_first_token_seconds",
                "From admission to the first content",
            ),
            input_tokens: counters(r, "input_tokens", "Tokens of prompts"),
            output_tokens: counters(r, "output_tokens", "Tokens of answers"),
            cost: float_counters(r, "cost_usd", "Cost in US dollars where endpoints have prices"),
            redactions: redaction_counters(r),
            memory: MemoryMetrics::new(r, privacy.clone()),
            privacy,
            registry: Mutex::new(registry),
            in_flight,
            inter_token_gap,
            refused,
            overhead,
            attempt_failures,
        }
    }

    /// Counts one terminal event.
    pub(crate) fn completed(&self, event: &ResponseEvent) {
        let place = request_index(event.source, event.bucket, event.outcome);
        self.requests[place].inc();
        if event.purpose.is_live() {
            self.clients_requests[place].inc();
        }
        self.duration.of(event.source).observe(event.timings.latency_ms / 1e3);
        if let Some(first_ms) = event.timings.time_to_first_token_ms {
            self.first_token.of(event.source).observe(first_ms / 1e3);
        }
        self.overhead.observe(event.timings.overhead_ms / 1e3);
        self.input_tokens.of(event.source).inc_by(event.tokens.input_tokens.unwrap_or(0));
        self.output_tokens.of(event.source).inc_by(event.tokens.output_tokens.unwrap_or(0));
        self.cost.of(event.source).inc_by(event.cost_usd.unwrap_or(0.0));
        for (kind, n) in event.redactions.iter() {
            self.redactions[kind_index(kind)].inc_by(u64::from(n));
        }
        for attempt in event.attempts.iter().filter(|a| a.outcome != aios_core::AttemptOutcome::Ok)
        {
            let labels = AttemptLabels {
                endpoint: attempt.endpoint.clone(),
                outcome: attempt.outcome.name().to_owned(),
            };
            self.attempt_failures.get_or_create(&labels).inc();
        }
    }

    /// Terminal events so far, whatever they were made for.
    pub(crate) fn n_requests(&self) -> u64 {
        self.requests.iter().map(Counter::get).sum()
    }

    /// Those of clients, by answering tier, bucket and outcome.
    pub(crate) fn clients_requests(&self) -> Vec<(Option<Tier>, Bucket, Outcome, u64)> {
        let places = SOURCES.into_iter().flat_map(|source| {
            let buckets = Bucket::ALL.into_iter();
            buckets.flat_map(move |bucket| Outcome::ALL.map(|outcome| (source, bucket, outcome)))
        });
        let counters = places.zip(&self.clients_requests);
        counters.map(|((source, bucket, outcome), n)| (source, bucket, outcome, n.get())).collect()
    }

    /// Counts a request that was not admitted.
    pub(crate) fn refused(&self, reason: &'static str) {
        self.refused.get_or_create(&Reason { reason }).inc();
    }

    /// Has the metrics that others keep read at each scrape.
    pub(crate) fn collect(&self, collector: impl Collector + 'static) {
        self.registry().register_collector(Box::new(collector));
    }

    /// The text of `/metrics`.
    pub(crate) fn scrape(&self) -> String {
        let mut text = String::new();
        match encode(&mut text, &self.registry()) {
            Ok(()) => text,
            // Writing to a string cannot fail.
            Err(_) => String::new(),
        }
    }

    fn registry(&self) -> MutexGuard<'_, Registry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const SOURCES: [Option<Tier>; 3] = [Some(Tier::Main), Some(Tier::Embedder), None];

fn source_name(source: Option<Tier>) -> &'static str {
    source.map_or("none", Tier::name)
}

/// Tiers that answered or none, buckets, and ways to end.
const N_PLACES: usize = SOURCES.len() * Bucket::ALL.len() * Outcome::ALL.len();

fn request_index(source: Option<Tier>, bucket: Bucket, outcome: Outcome) -> usize {
    let source = SOURCES.iter().position(|s| *s == source).unwrap_or(2);
    let outcome = Outcome::ALL.iter().position(|o| *o == outcome).unwrap_or(0);
    (source * Bucket::ALL.len() + bucket as usize) * Outcome::ALL.len() + outcome
}

fn kind_index(kind: PiiKind) -> usize {
    PiiKind::ALL.iter().position(|k| *k == kind).unwrap_or(0)
}

fn request_counters(registry: &mut Registry) -> Vec<Counter> {
    let family = Family::<RequestLabels, Counter>::default();
    registry.register(
        "requests",
        "Terminal events by answering tier, bucket and outcome",
        family.clone(),
    );
    let mut counters = Vec::new();
    for source in SOURCES {
        for bucket in Bucket::ALL {
            for outcome in Outcome::ALL {
                let labels = RequestLabels {
                    tier: source_name(source),
                    bucket: bucket.name(),
                    outcome: outcome.name(),
                };
                counters.push(family.get_or_create(&labels).clone());
            }
        }
    }
    counters
}

fn redaction_counters(registry: &mut Registry) -> Vec<Counter> {
    let family = Family::<KindLabel, Counter>::default();
    registry.register(
        "pii_redactions",
        "Findings masked before the event was kept",
        family.clone(),
    );
    let label = |kind: PiiKind| KindLabel { kind: kind.name() };
    PiiKind::ALL.iter().map(|kind| family.get_or_create(&label(*kind)).clone()).collect()
}

fn histograms(registry: &mut Registry, name: &str, help: &str) -> PerSource<Histogram> {
    let family = Family::<TierLabel, Histogram>::new_with_constructor(seconds);
    registry.register(name, help, family.clone());
    PerSource::new(|tier| family.get_or_create(&TierLabel { tier }).clone())
}

fn counters(registry: &mut Registry, name: &str, help: &str) -> PerSource<Counter> {
    let family = Family::<TierLabel, Counter>::default();
    registry.register(name, help, family.clone());
    PerSource::new(|tier| family.get_or_create(&TierLabel { tier }).clone())
}

fn float_counters(registry: &mut Registry, name: &str, help: &str) -> PerSource<FloatCounter> {
    let family = Family::<TierLabel, FloatCounter>::default();
    registry.register(name, help, family.clone());
    PerSource::new(|tier| family.get_or_create(&TierLabel { tier }).clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_combination_has_its_own_counter() {
        let mut seen = std::collections::BTreeSet::new();
        for source in SOURCES {
            for bucket in Bucket::ALL {
                for outcome in Outcome::ALL {
                    seen.insert(request_index(source, bucket, outcome));
                }
            }
        }
        assert_eq!(seen.len(), SOURCES.len() * Bucket::ALL.len() * Outcome::ALL.len());
        assert_eq!(seen.last(), Some(&(seen.len() - 1)));
    }
}
