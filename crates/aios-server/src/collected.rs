//! Metrics that other parts keep anyway, read at each scrape: endpoints, event log, split, loads.
//!
//! Reading instead of setting has two merits: an endpoint that a reload has removed is gone from the
//! page too, and counters are counters.

use std::fmt;
use std::sync::{Arc, OnceLock, Weak};

use aios_core::{Bucket, Split};
use aios_store::EventLogStats;
use aios_upstream::{EndpointStatus, LoadCounts};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use tokio::runtime::Handle;

use crate::gateway::Gateway;
use crate::panics::n_panics;

/// Reads a gateway's parts. Holds it weakly: the gateway owns the metrics that own this.
pub(crate) struct Collected {
    gateway: Weak<Gateway>,
    /// The data plane's runtime, and the control plane's once it runs.
    data: Handle,
    control: Arc<OnceLock<Handle>>,
}

impl Collected {
    /// To be made where the data plane runs.
    pub(crate) fn new(gateway: &Arc<Gateway>, control: Arc<OnceLock<Handle>>) -> Self {
        Self { gateway: Arc::downgrade(gateway), data: Handle::current(), control }
    }
}

impl fmt::Debug for Collected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Collected")
    }
}

impl Collector for Collected {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Some(gateway) = self.gateway.upgrade() else { return Ok(()) };
        let live = gateway.live.load();
        let mut page = Page(encoder);
        endpoints(&mut page, &live.upstreams.status())?;
        loads(&mut page, live.upstreams.loads())?;
        event_log(&mut page, &gateway.store.stats())?;
        split(&mut page, &gateway.split())?;
        page.counter("panics", "Faults of AIOS that ended what was being done", n_panics())?;
        tasks(&mut page, [("data", Some(&self.data)), ("control", self.control.get())])?;
        page.gauge("config_generation", "Generation of the configuration", live.generation as f64)
    }
}

fn tasks(page: &mut Page<'_>, runtimes: [(&str, Option<&Handle>); 2]) -> fmt::Result {
    let running = runtimes.into_iter().filter_map(|(name, runtime)| Some((name, runtime?)));
    let running: Vec<_> = running.collect();
    page.family(
        "tasks_alive",
        "Tasks of a plane's runtime, connections among them",
        MetricType::Gauge,
        &running,
        |(name, runtime)| {
            let n_tasks = runtime.metrics().num_alive_tasks();
            (vec![("runtime", (*name).to_owned())], n_tasks as f64)
        },
    )
}

fn endpoints(page: &mut Page<'_>, all: &[EndpointStatus]) -> fmt::Result {
    type Read = fn(&EndpointStatus) -> f64;
    let gauges: [(&str, &str, Read); 3] = [
        ("endpoint_breaker_state", "0 closed, 1 half-open, 2 open", |e| e.breaker.level() as f64),
        ("endpoint_in_flight", "Requests under way at the endpoint", |e| e.in_flight as f64),
        ("endpoint_queue_depth", "Requests waiting for the endpoint", |e| e.queued as f64),
    ];
    for (name, help, read) in gauges {
        page.family(name, help, MetricType::Gauge, all, |e| (labels(e), read(e)))?;
    }
    page.family(
        "endpoint_model_mismatches",
        "Replies that named another model than the configured one",
        MetricType::Counter,
        all,
        |e| (labels(e), e.n_model_mismatches as f64),
    )
}

fn labels(endpoint: &EndpointStatus) -> Vec<(&'static str, String)> {
    vec![("endpoint", endpoint.name.clone()), ("tier", endpoint.tier.name().to_owned())]
}

fn loads(page: &mut Page<'_>, loads: LoadCounts) -> fmt::Result {
    page.counter("model_loads", "Models loaded into LM Studio", loads.n_loads)?;
    page.counter("model_load_failures", "Loads that failed", loads.n_failures)
}

fn event_log(page: &mut Page<'_>, stats: &EventLogStats) -> fmt::Result {
    page.gauge("event_queue_depth", "Events waiting to be written", stats.queue_depth as f64)?;
    page.gauge(
        "event_log_failing",
        "1 while the event log cannot be written",
        f64::from(stats.failing),
    )?;
    page.counter("events_appended", "Events handed to the log", stats.appended)?;
    page.counter("events_written", "Events written", stats.written)?;
    page.counter("events_lost", "Events that could not be kept, or were taken away", stats.lost)?;
    page.counter(
        "events_taken",
        "Events of these that were written and taken out of the log by somebody else",
        stats.taken,
    )?;
    page.counter(
        "event_lines_put_aside",
        "Lines that were put aside at the start because they hold no event",
        stats.quarantined_lines,
    )
}

fn split(page: &mut Page<'_>, split: &Split) -> fmt::Result {
    page.gauge("treatment_pct", "Share of conversations in treatment", split.treatment_pct.get())?;
    page.family(
        "boundary",
        "Boundary applied to a bucket",
        MetricType::Gauge,
        &Bucket::ALL,
        |bucket| (vec![("bucket", bucket.name().to_owned())], split.boundary(*bucket).get()),
    )
}

/// The page that is being written.
pub(crate) struct Page<'a>(pub(crate) DescriptorEncoder<'a>);

impl Page<'_> {
    pub(crate) fn gauge(&mut self, name: &str, help: &str, value: f64) -> fmt::Result {
        let encoder = self.0.encode_descriptor(name, help, None, MetricType::Gauge)?;
        ConstGauge::new(value).encode(encoder)
    }

    pub(crate) fn counter(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        let encoder = self.0.encode_descriptor(name, help, None, MetricType::Counter)?;
        ConstCounter::new(value).encode(encoder)
    }

    pub(crate) fn family<T>(
        &mut self,
        name: &str,
        help: &str,
        kind: MetricType,
        all: &[T],
        read: impl Fn(&T) -> (Vec<(&'static str, String)>, f64),
    ) -> fmt::Result {
        let mut family = self.0.encode_descriptor(name, help, None, kind)?;
        for one in all {
            let (labels, value) = read(one);
            let encoder = family.encode_family(&labels)?;
            match kind {
                MetricType::Counter => ConstCounter::new(value).encode(encoder)?,
                _ => ConstGauge::new(value).encode(encoder)?,
            }
        }
        Ok(())
    }
}
