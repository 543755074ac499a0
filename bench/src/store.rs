//! How fast the event log takes events, starts, and erases: on its own, without a gateway.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use aios_core::{Event, EventId, Timestamp};
use aios_privacy::Pseudonym;
use aios_store::{
    DataDir, EventLogConfig, EventStore, FileEventLog, Index, Keep, Look, SegmentId, Segments,
};
use anyhow::{Context, Result};
use memchr::memmem::Finder;
use serde::Serialize;
use serde_json::json;

/// When the first event happens.
const START: i64 = 1_800_000_000;

/// Events in an hour of the log, and so in a segment.
const PER_HOUR: u64 = 5_000;

/// How often the kernel counts a process's time each second: fixed for user space on Linux.
const TICKS_PER_S: f64 = 100.0;

/// How long a log may take to be written out.
pub(crate) const CLOSE_MAX: Duration = Duration::from_secs(120);

/// What is measured.
pub(crate) struct Plan {
    /// An empty directory.
    pub(crate) dir: PathBuf,
    /// Events in all.
    pub(crate) n_events: u64,
}

/// What was measured. Times in milliseconds.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    n_events: u64,
    bytes_per_event: f64,
    ingest_per_s: f64,
    /// By the time of all threads together, the index's too: what one core does.
    ingest_per_cpu_s: Option<f64>,
    n_segments_small: usize,
    n_segments: usize,
    start_small_ms: f64,
    start_ms: f64,
    /// Erasing a conversation that stands in so many cold segments.
    erase_1_ms: f64,
    erase_4_ms: f64,
    erase_16_ms: f64,
    /// The same in a log of a quarter of the size.
    erase_4_small_ms: f64,
}

/// Measures a quarter of the log, then all of it.
pub(crate) fn run(plan: &Plan) -> Result<Report> {
    let dir = DataDir::open(&plan.dir)?;
    let mut report = Report { n_events: plan.n_events, ..Report::default() };
    let quarter = plan.n_events / 4;
    fill(&dir, 0..quarter, &mut report)?;
    report.start_small_ms = start(&dir)?;
    report.n_segments_small = compress(&dir)?;
    report.erase_4_small_ms = erase(&dir, Marked::Small)?;
    fill(&dir, quarter..plan.n_events, &mut report)?;
    report.start_ms = start(&dir)?;
    report.n_segments = compress(&dir)?;
    report.erase_1_ms = erase(&dir, Marked::One)?;
    report.erase_4_ms = erase(&dir, Marked::Four)?;
    report.erase_16_ms = erase(&dir, Marked::Sixteen)?;
    Ok(report)
}

/// Events that are written before they are compressed: the log never needs more room than this and what is
/// cold.
const SLICE: u64 = 250_000;

/// How often a start is measured.
const STARTS: usize = 3;

/// What was measured of starting on a large log. Times in milliseconds.
#[derive(Debug, Serialize)]
pub(crate) struct Starts {
    n_events: u64,
    n_segments: usize,
    index_bytes: u64,
    /// Until the log takes events and the index is where the log is, each time.
    start_ms: Vec<f64>,
}

/// Makes a log of that size, nearly all of it cold, and starts on it.
pub(crate) fn starts(plan: &Plan) -> Result<Starts> {
    let dir = DataDir::open(&plan.dir)?;
    let (mut report, mut n_segments, mut from) = (Report::default(), 0, 0);
    while from < plan.n_events {
        let to = (from + SLICE).min(plan.n_events);
        fill(&dir, from..to, &mut report)?;
        n_segments = compress(&dir)?;
        Index::open(&dir)?.catch_up()?;
        from = to;
    }
    let start_ms = (0..STARTS).map(|_| start(&dir)).collect::<Result<_>>()?;
    let index_bytes = fs::metadata(plan.dir.join("index.sqlite"))?.len();
    Ok(Starts { n_events: plan.n_events, n_segments, index_bytes, start_ms })
}

/// Conversations that are erased: each has one event in each of so many segments, counted from the
/// first one.
#[derive(Debug, Clone, Copy)]
enum Marked {
    Small,
    One,
    Four,
    Sixteen,
}

impl Marked {
    const ALL: [Self; 4] = [Self::Small, Self::One, Self::Four, Self::Sixteen];

    fn n_segments(self) -> u64 {
        match self {
            Self::One => 1,
            Self::Small | Self::Four => 4,
            Self::Sixteen => 16,
        }
    }

    /// The conversation of event `n`: a marked one at its places, else one of many.
    fn conversation(n: u64) -> String {
        let (hour, place) = (n / PER_HOUR, n % PER_HOUR);
        let marked = Self::ALL.iter().zip(100..);
        let marked = marked.filter(|(marked, at)| *at == place && hour < marked.n_segments());
        match marked.map(|(marked, _)| marked).next() {
            Some(marked) => marked.name(),
            None => format!("c1_{:032x}", 1_000 + n / 3),
        }
    }

    fn name(self) -> String {
        format!("c1_{:032x}", self as u128 + 1)
    }
}

/// Appends events as a busy gateway would; the first call's figures are taken.
fn fill(dir: &DataDir, events: std::ops::Range<u64>, report: &mut Report) -> Result<()> {
    let log = FileEventLog::open(dir, EventLogConfig::default())?;
    let template = template_event()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let n = events.end - events.start;
    let (started, cpu_before) = (Instant::now(), cpu_s());
    runtime.block_on(async {
        for n in events {
            let slot = log.reserve().await?;
            drop(slot.append(event(&template, n)?));
        }
        let report = log.close(CLOSE_MAX).await;
        anyhow::ensure!(report.complete && report.lost == 0, "events were lost: {report:?}");
        Ok::<_, anyhow::Error>(())
    })?;
    report.ingest_per_s = n as f64 / started.elapsed().as_secs_f64();
    report.bytes_per_event = log.stats().bytes as f64 / n as f64;
    report.ingest_per_cpu_s =
        cpu_s().zip(cpu_before).map(|(now, before)| n as f64 / (now - before));
    drop(log);
    // What the index has left undone is not the next start's to do.
    Index::open(dir)?.catch_up()?;
    Ok(())
}

/// Until the log takes events and the index is where the log is.
fn start(dir: &DataDir) -> Result<f64> {
    let started = Instant::now();
    let log = FileEventLog::open(dir, EventLogConfig::default())?;
    log.catch_up_index()?;
    Ok(started.elapsed().as_secs_f64() * 1e3)
}

fn compress(dir: &DataDir) -> Result<usize> {
    let segments = Segments::of(dir);
    let all = segments.list()?;
    all.iter().try_for_each(|info| segments.compress(info.id))?;
    Ok(all.len())
}

/// Finds a conversation by the index and takes it out of every segment that holds it.
fn erase(dir: &DataDir, marked: Marked) -> Result<f64> {
    let name = marked.name();
    let (finder, pseudonym) = (Finder::new(&name), Pseudonym::parse(&name)?);
    let mut index = Index::open(dir)?;
    let started = Instant::now();
    let found: Vec<SegmentId> = index.segments_of(&[pseudonym])?;
    let mut n_dropped = 0;
    for id in &found {
        let mut keep = |line: &[u8]| match finder.find(line) {
            Some(_) => Keep::Drop,
            None => Keep::Keep,
        };
        n_dropped += Segments::of(dir).rewrite(*id, Look::Named(&[&name]), &mut keep)?.dropped;
    }
    let took = started.elapsed().as_secs_f64() * 1e3;
    let expect = marked.n_segments();
    anyhow::ensure!(n_dropped == expect, "{marked:?}: {n_dropped} lines dropped, not {expect}");
    index.catch_up()?;
    Ok(took)
}

/// When the `n`-th event happens.
pub(crate) fn at(n: u64) -> Timestamp {
    Timestamp::from_micros((START * 1_000_000) + n as i64 * (3_600_000_000 / PER_HOUR as i64))
}

/// An event of a common size.
pub(crate) fn template_event() -> Result<Event> {
    let template = serde_json::to_value(template()).context("an event is JSON")?;
    Ok(serde_json::from_value(template)?)
}

/// The `n`-th event.
pub(crate) fn event(template: &Event, n: u64) -> Result<Event> {
    let at = at(n);
    let mut event = template.clone();
    let Event::Response(response) = &mut event else {
        anyhow::bail!("the template is no response");
    };
    response.ts = at;
    let [a, b, c, d, e, f, g, h] = n.to_be_bytes();
    response.event_id = EventId::new(at, [1, 1, a, b, c, d, e, f, g, h]);
    response.conv_id = Pseudonym::parse(&Marked::conversation(n))?;
    Ok(event)
}

/// An event of a common size: some 1 kB.
fn template() -> serde_json::Value {
    json!({
        "event_type": "response", "schema_version": "2.0",
        "event_id": EventId::new(Timestamp::from_micros(0), [1; 10]), "ts": Timestamp::from_micros(0),
        "request_id": "req_01890f3c5d7a7e0f9a3b5c7d9e1f2a3b", "operation": "chat", "stream": true,
        "conv_id": Marked::One.name(), "conv_id_source": "header", "msg_id": 3,
        "request_model": "aios-auto", "response_model": "qwen2.5-7b-instruct",
        "question": "How do I keep a log of many days in files that are small enough to be rewritten?",
        "response": "Cut it where the hour changes, and compress what is old in pieces. ".repeat(4),
        "source": "main", "tier": "main", "bucket": "control", "boundary": 0.5, "weight": 0.62,
        "weight_terms": { "length": 0.21, "why": 0.3 }, "profile": "golden",
        "route_reason": "at_or_above_boundary", "propensity": 1.0,
        "attempts": [{ "endpoint": "main-1", "tier": "main", "model": "qwen2.5-7b-instruct",
            "started_ms": 0.2, "duration_ms": 812.5, "outcome": "ok", "status": 200 }],
        "outcome": "ok", "status": 200, "finish_reason": "stop", "latency_ms": 813.25,
        "time_to_first_token_ms": 120.5, "overhead_ms": 0.25, "input_tokens": 120, "output_tokens": 99,
        "config_generation": 1, "config_hash": "0123456789ab",
    })
}

/// Processor time of this process so far; `None` where it cannot be had.
fn cpu_s() -> Option<f64> {
    let stat = fs::read_to_string(Path::new("/proc/self/stat")).ok()?;
    // The name, in brackets, may hold spaces.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<f64>().ok();
    Some((ticks()? + ticks()?) / TICKS_PER_S)
}
