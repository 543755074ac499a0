//! The queue of spans between the server and the collector.

use std::sync::Arc;
use std::time::Duration;

use aios_core::ResponseEvent;
use aios_server::{EventObserver, TraceContext};
use anyhow::Context;
use opentelemetry_otlp::{
    ExporterBuildError, Protocol, SpanExporter, WithExportConfig, WithHttpConfig,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{BatchSpanProcessor, SpanProcessor};

use super::collector::Collector;
use super::spans;
use crate::config::Otlp;

/// Where a collector takes traces, below its base URL.
const TRACES_PATH: &str = "/v1/traces";
/// Longest wait at the end for spans to be sent.
const STOP_TIMEOUT: Duration = Duration::from_secs(2);

/// Sends traces to a collector.
#[derive(Debug, Clone)]
pub struct Traces(Arc<BatchSpanProcessor>);

/// Starts the thread that sends traces, if a collector is configured. Does not wait for the collector.
///
/// # Errors
/// When the system's certificates cannot be read, or a variable such as `OTEL_EXPORTER_OTLP_HEADERS`
/// cannot be used.
pub fn start(otlp: Option<&Otlp>) -> anyhow::Result<Option<Traces>> {
    let Some(otlp) = otlp else { return Ok(None) };
    let exporter = exporter(otlp).with_context(|| {
        format!("cannot send traces to {} (`telemetry.otlp_endpoint`)", otlp.endpoint)
    })?;
    // Size of the queue, of a batch and the pause between batches: OTEL_BSP_*, or the standard's own.
    let mut processor = BatchSpanProcessor::builder(exporter).build();
    let resource = Resource::builder()
        .with_service_name(otlp.service_name.clone())
        .with_attribute(spans::version())
        .build();
    processor.set_resource(&resource);
    Ok(Some(Traces(Arc::new(processor))))
}

fn exporter(otlp: &Otlp) -> anyhow::Result<SpanExporter> {
    let url = format!("{}{TRACES_PATH}", otlp.endpoint.trim_end_matches('/'));
    let exporter: Result<SpanExporter, ExporterBuildError> = SpanExporter::builder()
        .with_http()
        .with_http_client(Collector::new(&otlp.endpoint)?)
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(url)
        .build();
    Ok(exporter?)
}

impl Traces {
    /// What the server tells of each event.
    #[must_use]
    pub fn observer(&self) -> Arc<dyn EventObserver> {
        Arc::new(self.clone())
    }

    /// Sends what is left, for two seconds at most.
    pub async fn stop(self) {
        let stopping =
            tokio::task::spawn_blocking(move || self.0.shutdown_with_timeout(STOP_TIMEOUT));
        match stopping.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the last traces were not sent"),
            Err(error) => tracing::warn!(%error, "the sender of traces failed"),
        }
    }
}

impl EventObserver for Traces {
    fn observe(&self, event: &ResponseEvent, trace: &TraceContext) {
        if trace.sampled {
            spans::of(event, trace).for_each(|span| self.0.on_end(span));
        }
    }
}
