//! What an erasure takes of memory grows by little with the segments that there are: a server that erases all day keeps what
//! its allocator has once given out.
//!
//! Bytes are counted and no time, so that a busy machine changes nothing. They are counted for the whole process, which is why
//! this is a program of its own with one test. What SQLite takes is not among them: it has an allocator and bounds of its own.
#![expect(clippy::unwrap_used, reason = "this crate is nothing but a test")]

use std::alloc::System;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aios_core::{Clock, EventId, Progress, Timestamp};
use aios_privacy::Redactor;
use aios_store::{
    AuditConfig, AuditLog, DataDir, EraseRequest, EraseTarget, Eraser, EventLogConfig,
    EventStore as _, FileEventLog, Segments,
};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

mod written;

use written::{conversation, line};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

const START: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

/// How many segments hold the conversation.
const HOLDING: u32 = 2;

/// Bytes that all steps of an erasure together may ask for on account of one segment more: its names and footer, as often as it
/// is looked at.
const ASKED_MAX: usize = 32 * 1024;

/// Bytes that may be in use at once on account of one segment more.
const IN_USE_MAX: usize = 1024;

/// Bytes that may stay in use on account of one segment more.
const LEFT_MAX: usize = 256;

#[derive(Debug)]
struct Afterwards;

impl Clock for Afterwards {
    fn now(&self) -> Timestamp {
        START.plus(200 * DAY)
    }
}

/// Most bytes that were in use when a file had been looked at.
#[derive(Debug, Default)]
struct Highest(AtomicUsize);

impl Progress for &'static Highest {
    fn begin(&self, _total: u64) {}
    fn advance(&self, _n: u64) {
        self.0.fetch_max(in_use(), Ordering::SeqCst);
    }
    fn end(&self) {}
}

fn in_use() -> usize {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated - stats.bytes_deallocated
}

#[test]
fn a_segment_more_costs_an_erasure_next_to_no_memory() {
    for is_cold in [false, true] {
        let (few, many) = (Taken::of(10, is_cold), Taken::of(110, is_cold));
        let more = |of: fn(&Taken) -> usize| of(&many).saturating_sub(of(&few)) / 100;
        let (asked, in_use, left) = (more(|it| it.asked), more(|it| it.in_use), more(|it| it.left));
        println!(
            "cold: {is_cold}; few {few:?}; a segment more: {asked} asked for, {in_use} in use at once, {left} left"
        );
        assert!(asked <= ASKED_MAX, "{asked}");
        assert!(in_use <= IN_USE_MAX, "{in_use}");
        assert!(left <= LEFT_MAX, "{left}");
    }
}

/// Bytes that an erasure takes.
#[derive(Debug)]
struct Taken {
    /// In all.
    asked: usize,
    /// At once.
    in_use: usize,
    /// Afterwards.
    left: usize,
}

impl Taken {
    /// From a log of so many segments.
    fn of(n_segments: u32, is_cold: bool) -> Self {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::open(temp.path()).unwrap();
        let highest: &'static Highest = Box::leak(Box::default());
        let eraser = open(&dir, n_segments, is_cold).showing(highest);
        // The first one also makes what stays, whatever there is to erase.
        erase(&eraser, 1);
        highest.0.store(0, Ordering::SeqCst);
        let (before, asked) = (in_use(), ALLOCATOR.stats().bytes_allocated);
        erase(&eraser, 0);
        let asked = ALLOCATOR.stats().bytes_allocated - asked;
        let left = in_use().saturating_sub(before);
        Self { asked, in_use: highest.0.load(Ordering::SeqCst).saturating_sub(before), left }
    }
}

fn erase(eraser: &Eraser, n: u32) {
    let target = EraseTarget::new(vec![conversation(n)], None).unwrap();
    let request = EraseRequest::new("test", "test", &Redactor::new(&[]));
    let plan = eraser.plan(&target, &request).unwrap();
    let receipt = eraser.execute(&plan.id, &plan.plan_hash, None).unwrap();
    assert_eq!(receipt.segments.len(), HOLDING as usize);
}

/// A log of sealed segments, one for each day, whose index has read them.
fn open(dir: &DataDir, n_segments: u32, is_cold: bool) -> Eraser {
    let lines = (0..n_segments).flat_map(|day| (0..100).map(move |n| line_of(day, n)));
    fs::create_dir_all(dir.events_path().parent().unwrap()).unwrap();
    // The log cuts it into segments when it is opened.
    fs::write(dir.events_path(), lines.collect::<String>()).unwrap();
    let config = EventLogConfig { index_every: 1000 * DAY, ..EventLogConfig::default() };
    let log = Arc::new(FileEventLog::open(dir, config).unwrap());
    let segments = Segments::of(dir);
    let ids: Vec<_> = segments.list().unwrap().iter().map(|segment| segment.id).collect();
    assert_eq!(ids.len(), n_segments as usize);
    if is_cold {
        ids.iter().for_each(|id| segments.compress(*id).unwrap());
    }
    log.catch_up_index().unwrap();
    let audit = AuditLog::open(dir, AuditConfig::default(), Afterwards.now()).unwrap();
    Eraser::open(dir, log, Arc::new(audit), Arc::new(Afterwards)).unwrap()
}

/// The `n`th of a day.
fn line_of(day: u32, n: u32) -> String {
    let is_held = day < HOLDING && n.is_multiple_of(50);
    let who = if is_held { n / 50 } else { 1000 * (day + 1) + n };
    let at = START.plus(DAY * day + Duration::from_millis(u64::from(n) * 10));
    let [a, b, c, d] = n.to_be_bytes();
    let id = EventId::new(at, [9, 9, 9, 9, 9, day as u8, a, b, c, d]);
    line(id, &conversation(who), &"fine ".repeat(200), None)
}
