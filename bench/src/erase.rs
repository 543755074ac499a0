//! How long it takes to erase one conversation from cold segments, and how much is read for it.

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aios_core::{Clock, Event, EventId, Timestamp};
use aios_privacy::{Pseudonym, Redactor};
use aios_store::{
    AuditConfig, AuditLog, Census, DataDir, Depth, EraseRequest, EraseTarget, Eraser, ErasureState,
    EventLogConfig, EventStore as _, FileEventLog, Segments,
};
use anyhow::{Context, Result, ensure};
use serde::Serialize;
use serde_json::json;

/// A log of cold segments.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    /// One for each day.
    pub(crate) segments: u32,
    /// How many of them hold the conversation.
    pub(crate) holding: u32,
    pub(crate) events: u32,
}

/// What was measured.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    segments: u32,
    holding: u32,
    text_mib: f64,
    /// To plan and to rewrite.
    taken_ms: f64,
    /// To prove it.
    verify_ms: f64,
    n_erased: u64,
    /// Bytes that were read to plan and to rewrite, before everything is read to prove it; none where the system does
    /// not count them.
    read_mib: Option<f64>,
    /// Bytes that proving it reads.
    proof_mib: Option<f64>,
}

/// Wall time that goes on from a fixed moment.
#[derive(Debug)]
struct Since(Instant);

impl Clock for Since {
    fn now(&self) -> Timestamp {
        START.plus(100 * DAY + self.0.elapsed())
    }
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

const START: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

/// Among so many events of a segment that holds the conversation, one is its own.
const ONE_IN: u32 = 500;

/// Builds the log, erases, and tells how long it took.
pub(crate) fn run(shape: &Shape) -> Result<Report> {
    let temp = tempfile::tempdir().context("failed to make a directory")?;
    let dir = DataDir::open(temp.path())?;
    let text_bytes = write(&dir, shape)?;
    let clock: Arc<dyn Clock> = Arc::new(Since(Instant::now()));
    let log = FileEventLog::open(&dir, EventLogConfig::default())?;
    for segment in Segments::of(&dir).list()? {
        Segments::of(&dir).compress(segment.id)?;
    }
    // As in a server that has run for a while: the index is there, and nothing of it waits in its journal.
    log.catch_up_index()?;
    drop(log);
    let log = Arc::new(FileEventLog::open(&dir, EventLogConfig::default())?);
    log.catch_up_index()?;
    let audit = Arc::new(AuditLog::open(&dir, AuditConfig::default(), clock.now())?);
    let eraser = Eraser::open(&dir, log, audit, clock)?;
    let target = EraseTarget::new(vec![conversation(0)?], None).context("somebody is meant")?;
    let request =
        EraseRequest { requester: "bench".into(), basis: Redactor::new(&[]).redact("bench").text };
    let (before, began) = (bytes_read(), Instant::now());
    let plan = eraser.plan(&target, &request)?;
    let receipt = eraser.execute(&plan.id, &plan.plan_hash, None)?;
    let (took, between) = (began.elapsed(), bytes_read());
    // The proof reads every byte and writes nothing, so it can be taken again by itself.
    Census::take(&dir, &target, Depth::EveryByte, START.plus(100 * DAY), &())?;
    let proof = mib_between(between, bytes_read());
    let whole = mib_between(before, between);
    ensure!(receipt.state == ErasureState::Completed, "incomplete: {:?}", receipt.verified.left);
    let n_rewritten = receipt.segments.len();
    ensure!(n_rewritten == shape.holding as usize, "{n_rewritten} segments were rewritten");
    Ok(Report {
        segments: shape.segments,
        holding: shape.holding,
        text_mib: text_bytes as f64 / f64::from(1 << 20),
        taken_ms: took.as_secs_f64() * 1e3 - receipt.verify_ms,
        verify_ms: receipt.verify_ms,
        n_erased: receipt.n_records_erased,
        read_mib: whole.zip(proof).map(|(whole, proof)| whole - proof),
        proof_mib: proof,
    })
}

/// What this process has read so far, out of the page cache or not, as Linux counts it.
fn bytes_read() -> Option<u64> {
    let counts = std::fs::read_to_string("/proc/self/io").ok()?;
    counts.lines().find_map(|line| line.strip_prefix("rchar: ")?.parse().ok())
}

fn mib_between(before: Option<u64>, after: Option<u64>) -> Option<f64> {
    before.zip(after).map(|(before, after)| (after - before) as f64 / f64::from(1 << 20))
}

/// One file of all days, which the log cuts into segments when it is opened. Returns its length.
fn write(dir: &DataDir, shape: &Shape) -> Result<u64> {
    let path = dir.events_path();
    let parent = path.parent().context("the log lies in a directory")?;
    std::fs::create_dir_all(parent).context("failed to make a directory")?;
    let file = std::fs::File::create(&path).context("failed to write the log")?;
    let mut out = std::io::BufWriter::new(file);
    let mut n_bytes = 0;
    for day in 0..shape.segments {
        for n in 0..shape.events {
            let is_ours = day < shape.holding && n % ONE_IN == 0;
            let who = if is_ours { 0 } else { 1 + u64::from(day) * 1000 + u64::from(n % 200) };
            let line = serde_json::to_string(&event(day, n, &conversation(who)?)?)? + "\n";
            n_bytes += line.len() as u64;
            out.write_all(line.as_bytes()).context("failed to write the log")?;
        }
    }
    out.flush().context("failed to write the log")?;
    Ok(n_bytes)
}

/// No number gives zeros alone: as bytes they are what an empty page of a database is made of.
fn conversation(n: u64) -> Result<Pseudonym> {
    let digits = u128::from(n + 1) * 0x9e37_79b9_7f4a_7c15_f39c_c060;
    Ok(Pseudonym::parse(&format!("c1_{digits:032x}"))?)
}

fn event(day: u32, n: u32, conversation: &Pseudonym) -> Result<Event> {
    let at = START.plus(DAY * day + Duration::from_millis(u64::from(n) * 10));
    let [a, b, c, d] = n.to_be_bytes();
    let id = EventId::new(at, [9, 9, 9, 9, 9, day as u8, a, b, c, d]);
    // Words that repeat no more than those of a chat.
    let words: Vec<_> = (0..120u32).map(|k| (n ^ k).wrapping_mul(0x9e37_79b9) >> 14).collect();
    let text = words.iter().map(|word| format!("{word:x} ")).collect::<String>();
    let value = json!({
        "event_type": "response", "schema_version": "2.0", "event_id": id, "ts": at,
        "request_id": format!("req_{n}"), "operation": "chat", "stream": true,
        "conv_id": conversation, "conv_id_source": "header", "msg_id": 1,
        "request_model": "aios-auto", "question": "How is the weather?", "response": text,
        "source": "main", "tier": "main", "bucket": "control", "boundary": 0.5, "weight": 0.7,
        "profile": "golden", "route_reason": "at_or_above_boundary", "propensity": 1.0,
        "attempts": [], "outcome": "ok", "status": 200, "latency_ms": 1.0, "overhead_ms": 0.1,
        "config_generation": 1, "config_hash": "0123456789ab",
    });
    serde_json::from_value(value).context("the event is one")
}
