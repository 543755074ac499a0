//! Traces of requests, sent to an OpenTelemetry collector: one span per request, one below it per call
//! to an endpoint.
//!
//! Spans are made from the event that a request leaves anyway (`spans.rs`) and handed to a bounded
//! queue; a thread of its own sends them (`collector.rs`). A full queue drops spans and a collector
//! that does not answer is waited for there: no request ever waits. Without the cargo feature `otel`
//! all of this is left out, and [`start`] has nothing to start.

#[cfg(feature = "otel")]
mod collector;
#[cfg(not(feature = "otel"))]
mod left_out;
#[cfg(feature = "otel")]
mod spans;
#[cfg(feature = "otel")]
mod traces;

#[cfg(not(feature = "otel"))]
pub use left_out::{Traces, start};
#[cfg(feature = "otel")]
pub use traces::{Traces, start};
