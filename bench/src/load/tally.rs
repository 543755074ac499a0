//! What a run has seen.

use std::time::Duration;

use anyhow::{Context, Result};
use hdrhistogram::Histogram;
use serde::Serialize;
use tokio::time::Instant;

use crate::chat;

/// Longest time that is told apart from longer ones.
const TIME_MAX: Duration = Duration::from_secs(120);

/// Times in nanoseconds, to three digits.
struct Times(Histogram<u64>);

impl Times {
    fn new() -> Result<Self> {
        let max = u64::try_from(TIME_MAX.as_nanos()).unwrap_or(u64::MAX);
        Histogram::new_with_bounds(1_000, max, 3).map(Self).context("the bounds are in order")
    }

    fn add(&mut self, time: Duration) {
        self.0.saturating_record(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
    }

    fn us(&self, quantile: f64) -> f64 {
        self.0.value_at_quantile(quantile) as f64 / 1_000.0
    }
}

/// Counts and times of all connections.
pub(crate) struct Tally {
    n_errors: u64,
    last_error: String,
    n_events: u64,
    latency: Times,
    first_chunk: Times,
    /// From the model server's write to our read.
    chunk_delay: Times,
    /// Between two reads of one stream.
    gap: Times,
}

/// What one stream has brought so far.
pub(crate) struct StreamSeen {
    sent_at: Instant,
    last_at: Option<Instant>,
    last_byte: u8,
    pub(crate) n_events: usize,
    pub(crate) done: bool,
}

impl StreamSeen {
    pub(crate) fn new(sent_at: Instant) -> Self {
        Self { sent_at, last_at: None, last_byte: 0, n_events: 0, done: false }
    }

    /// Counts the empty lines that end events, also when a read cuts one in two.
    fn count(&mut self, payload: &[u8]) -> usize {
        let before = self.n_events;
        for byte in payload {
            if *byte == b'\n' && self.last_byte == b'\n' {
                self.n_events += 1;
            }
            self.last_byte = *byte;
        }
        self.done |= memchr::memmem::find(payload, b"[DONE]").is_some();
        self.n_events - before
    }
}

impl Tally {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self {
            n_errors: 0,
            last_error: String::new(),
            n_events: 0,
            latency: Times::new()?,
            first_chunk: Times::new()?,
            chunk_delay: Times::new()?,
            gap: Times::new()?,
        })
    }

    pub(crate) fn answered(&mut self, latency: Duration) {
        self.latency.add(latency);
    }

    pub(crate) fn failed(&mut self, error: &anyhow::Error) {
        self.n_errors += 1;
        self.last_error = format!("{error:#}");
    }

    pub(crate) fn last_error(&self) -> &str {
        &self.last_error
    }

    /// Takes in one read of a stream.
    pub(crate) fn payload(&mut self, seen: &mut StreamSeen, payload: &[u8], now: Instant) {
        let n_events = seen.count(payload);
        if n_events == 0 {
            return;
        }
        self.n_events += n_events as u64;
        if let Some(sent) = chat::sent_ns(payload) {
            self.chunk_delay.add(Duration::from_nanos(chat::now_ns().saturating_sub(sent)));
        }
        match seen.last_at.replace(now) {
            Some(last) => self.gap.add(now - last),
            None => self.first_chunk.add(now - seen.sent_at),
        }
    }

    pub(crate) fn report(&self, took: Duration) -> Report {
        let n_requests = self.latency.0.len();
        Report {
            requests: n_requests,
            errors: self.n_errors,
            last_error: self.last_error.clone(),
            seconds: took.as_secs_f64(),
            rps: n_requests as f64 / took.as_secs_f64(),
            latency_us_p50: self.latency.us(0.5),
            latency_us_p99: self.latency.us(0.99),
            latency_us_max: self.latency.us(1.0),
            events: self.n_events,
            first_chunk_us_p50: self.first_chunk.us(0.5),
            first_chunk_us_p99: self.first_chunk.us(0.99),
            chunk_delay_us_p50: self.chunk_delay.us(0.5),
            chunk_delay_us_p99: self.chunk_delay.us(0.99),
            gap_us_max: self.gap.us(1.0),
        }
    }
}

/// The printed result: flat, so that a reader without a JSON library can pick figures out.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) requests: u64,
    pub(crate) errors: u64,
    pub(crate) last_error: String,
    pub(crate) seconds: f64,
    pub(crate) rps: f64,
    pub(crate) latency_us_p50: f64,
    pub(crate) latency_us_p99: f64,
    pub(crate) latency_us_max: f64,
    pub(crate) events: u64,
    pub(crate) first_chunk_us_p50: f64,
    pub(crate) first_chunk_us_p99: f64,
    pub(crate) chunk_delay_us_p50: f64,
    pub(crate) chunk_delay_us_p99: f64,
    pub(crate) gap_us_max: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_counted_across_reads_and_gaps_from_read_to_read() {
        let start = Instant::now();
        let (mut tally, mut seen) = (Tally::new().unwrap(), StreamSeen::new(start));
        let mut at = |ms, payload: &[u8]| {
            tally.payload(&mut seen, payload, start + Duration::from_millis(ms));
        };
        at(2, b"data: a\n");
        at(5, b"\ndata: b\n\nda");
        at(25, b"ta: [DONE]\n\n");
        assert_eq!((seen.n_events, seen.done), (3, true));
        let report = tally.report(Duration::from_secs(1));
        assert_eq!(report.events, 3);
        assert!((report.first_chunk_us_p50 - 5_000.0).abs() < 10.0, "{report:?}");
        assert!((report.gap_us_max - 20_000.0).abs() < 30.0, "{report:?}");
    }
}
