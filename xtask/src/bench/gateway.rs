//! The gateway beside a bare proxy, in turns, so that what the machine does otherwise hits both.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};

use super::Options;
use super::bars::{self, Pair};
use super::stand::{Load, Running, Stand, Subject};
use crate::dist;

/// Figures of one subject in one repeat. `None` = not to be had on this system.
#[derive(Debug, Default, Clone)]
pub(super) struct Sample {
    pub(super) rps: Option<f64>,
    pub(super) cpu_us_per_request: Option<f64>,
    pub(super) cpu_us_per_stream: Option<f64>,
    pub(super) first_chunk_us: Option<f64>,
    pub(super) chunk_delay_us: Option<f64>,
    pub(super) latency_tail: Option<f64>,
    pub(super) stall_ms: Option<f64>,
    pub(super) peak_mib: Option<f64>,
    pub(super) idle_mib: Option<f64>,
    pub(super) binary_mib: Option<f64>,
    pub(super) start_ms: Option<f64>,
    pub(super) errors: Option<f64>,
}

const REPEATS: usize = 3;
const PHASE: Duration = Duration::from_secs(4);
const PHASE_QUICK: Duration = Duration::from_millis(1_500);
/// Runs before the first measurement: connections, caches, the allocator's first pages.
const WARM_UP: Duration = Duration::from_millis(700);

/// Measures, prints the table; true where every bar is met.
pub(super) fn run(options: &Options) -> Result<bool> {
    let (repeats, phase) = if options.quick { (1, PHASE_QUICK) } else { (REPEATS, PHASE) };
    let stand = match &options.program {
        Some(program) => Stand::with_aios(program.clone())?,
        None if options.plain => Stand::new()?,
        None => Stand::with_aios(dist::make()?)?,
    };
    let mut pairs = Vec::new();
    for repeat in 1..=repeats {
        println!("repeat {repeat} of {repeats}: raw proxy, then AIOS");
        let raw = measure(&stand, Subject::Raw, phase)?;
        let aios = measure(&stand, Subject::Aios, phase)?;
        pairs.push(Pair { raw, aios });
    }
    println!("\n{}", bars::table(&pairs));
    if let Some(file) = &options.json {
        fs::write(file, bars::json(&pairs)).with_context(|| format!("failed to write {file}"))?;
    }
    Ok(bars::all_met(&pairs))
}

fn measure(stand: &Stand, subject: Subject, phase: Duration) -> Result<Sample> {
    let running = stand.start(subject)?;
    let mut sample = Sample {
        start_ms: Some(running.start.as_secs_f64() * 1e3),
        idle_mib: running.rss_mib(),
        binary_mib: stand.binary_mib(subject),
        errors: Some(0.0),
        ..Sample::default()
    };
    running.load("json", 64, WARM_UP)?;
    running.settle();
    whole_answers(&running, phase, &mut sample)?;
    paced_streams(&running, phase, &mut sample)?;
    many_connections(&running, phase, &mut sample)?;
    many_streams(&running, phase, &mut sample)?;
    running.stop()?;
    Ok(sample)
}

fn whole_answers(running: &Running, phase: Duration, sample: &mut Sample) -> Result<()> {
    let load = running.load("json", 64, phase)?;
    sample.rps = Some(load.figure("rps")?);
    sample.cpu_us_per_request = per_request(running, &load)?;
    sample.count_errors(load.figure("errors")?);
    Ok(())
}

/// 64 streams of 33 events, 10 ms apart.
fn paced_streams(running: &Running, phase: Duration, sample: &mut Sample) -> Result<()> {
    let load = running.load("stream", 64, phase)?;
    sample.cpu_us_per_stream = per_request(running, &load)?;
    sample.first_chunk_us = Some(load.figure("first_chunk_us_p50")?);
    sample.chunk_delay_us = Some(load.figure("chunk_delay_us_p50")?);
    sample.count_errors(load.figure("errors")?);
    Ok(())
}

/// The peak is read before the 512 streams, whose memory has no bar.
fn many_connections(running: &Running, phase: Duration, sample: &mut Sample) -> Result<()> {
    let load = running.load("json", 256, phase)?;
    sample.latency_tail = Some(load.figure("latency_us_p99")? / load.figure("latency_us_p50")?);
    sample.peak_mib = running.peak_mib();
    running.settle();
    sample.count_errors(load.figure("errors")?);
    Ok(())
}

fn many_streams(running: &Running, phase: Duration, sample: &mut Sample) -> Result<()> {
    let load = running.load("stream", 512, phase)?;
    sample.stall_ms = Some(load.figure("gap_us_max")? / 1e3);
    sample.count_errors(load.figure("errors")?);
    Ok(())
}

/// With what was put off until the load was over.
fn per_request(running: &Running, load: &Load) -> Result<Option<f64>> {
    let cpu_s = load.cpu_s.zip(running.settle()).map(|(at_once, later)| at_once + later);
    let n_requests = load.figure("requests")?;
    Ok(cpu_s.map(|cpu_s| cpu_s * 1e6 / n_requests))
}

impl Sample {
    fn count_errors(&mut self, n_errors: f64) {
        self.errors = self.errors.map(|sum| sum + n_errors);
    }
}
