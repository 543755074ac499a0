//! What an erasure reads grows with the segments that hold the conversation, not with the log.
//!
//! Bytes are counted and no time, so that a busy machine changes nothing. They are counted by the system for the whole process,
//! which is why this is a program of its own with one test: what SQLite and other threads read is among them.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "this crate is nothing but a test")]

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use aios_core::{Clock, EventId, Timestamp};
use aios_privacy::Redactor;
use aios_store::{
    AuditConfig, AuditLog, Census, DataDir, Depth, EraseRequest, EraseTarget, Eraser, ErasureState,
    EventLogConfig, EventStore as _, FileEventLog, Segments,
};

mod counted;
mod written;

use counted::read_by;
use written::{conversation, line};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

const START: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

/// How many segments hold the conversation.
const HOLDING: u32 = 2;

/// What a segment that does not hold the conversation may cost: at each of three looks, and once more when the index
/// follows, the head of its sidecar and pages of the index. It is the same for the longest segment.
const IDLE_BYTES_MAX: u64 = 24 * 1024;

/// Of a day.
const N_CONVERSATIONS: u32 = 100;

#[derive(Debug)]
struct Afterwards;

impl Clock for Afterwards {
    fn now(&self) -> Timestamp {
        START.plus(100 * DAY)
    }
}

#[test]
fn a_segment_that_does_not_hold_the_conversation_costs_a_look_at_its_head() {
    let idle = |n_events: u32| {
        let (few, many) = (Read::of(4, n_events), Read::of(24, n_events));
        assert_eq!(few.n_erased, many.n_erased);
        let proof = (many.proof - few.proof) / 20;
        assert!(proof > many.packed / 24, "the proof reads all of each: {proof}");
        (many.cut.saturating_sub(few.cut) / 20, proof)
    };
    let ((short, _), (long, proof)) = (idle(100), idle(800));
    println!("{short} and {long} bytes for a segment, of {proof} that the proof reads");
    assert!(short <= IDLE_BYTES_MAX && long <= IDLE_BYTES_MAX, "{short} {long}");
    assert!(proof > 10 * long, "{proof}: the segments are too short to tell anything");
}

/// Bytes that an erasure has read.
struct Read {
    /// To plan it and to carry it out.
    cut: u64,
    /// To prove it.
    proof: u64,
    n_erased: u64,
    /// Bytes of the log, as it lies on disk.
    packed: u64,
}

impl Read {
    /// From a log of so many cold segments.
    fn of(n_segments: u32, n_events: u32) -> Self {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::open(temp.path()).unwrap();
        let (eraser, packed) = open(&dir, n_segments, n_events);
        let target = EraseTarget::new(vec![conversation(0)], None).unwrap();
        let request = EraseRequest::new("test", "test", &Redactor::new(&[]));
        let (receipt, all) = read_by(|| {
            let plan = eraser.plan(&target, &request).unwrap();
            eraser.execute(&plan.id, &plan.plan_hash, None).unwrap()
        });
        // The proof changes nothing, so it can be taken again by itself.
        let (census, proof) = read_by(|| {
            Census::take(&dir, &target, Depth::EveryByte, Afterwards.now(), &()).unwrap()
        });
        assert!(census.is_clean() && census.is_complete());
        assert_eq!((receipt.state, receipt.segments.len()), (ErasureState::Completed, 2));
        let n_erased = receipt.n_records_erased;
        Self { cut: all - proof, proof, n_erased, packed }
    }
}

/// A log of cold segments, one for each day, as a server that has run for a while finds it when it is started.
fn open(dir: &DataDir, n_segments: u32, n_events: u32) -> (Eraser, u64) {
    let lines = (0..n_segments).flat_map(|day| (0..n_events).map(move |n| line_of(day, n)));
    fs::create_dir_all(dir.events_path().parent().unwrap()).unwrap();
    // The log cuts it into segments when it is opened.
    fs::write(dir.events_path(), lines.collect::<String>()).unwrap();
    let log = FileEventLog::open(dir, EventLogConfig::default()).unwrap();
    let segments = Segments::of(dir);
    let ids: Vec<_> = segments.list().unwrap().iter().map(|segment| segment.id).collect();
    assert_eq!(ids.len(), n_segments as usize);
    ids.iter().for_each(|id| segments.compress(*id).unwrap());
    log.catch_up_index().unwrap();
    // With it the index is closed, and what waits in its journal is put where it belongs.
    drop(log);
    // The index follows when the erasure says so: how often it would look by itself depends on how long this takes.
    let config = EventLogConfig { index_every: DAY, ..EventLogConfig::default() };
    let log = Arc::new(FileEventLog::open(dir, config).unwrap());
    log.catch_up_index().unwrap();
    let packed = segments.list().unwrap().iter().map(|segment| segment.file_bytes).sum();
    let audit = AuditLog::open(dir, AuditConfig::default(), Afterwards.now()).unwrap();
    (Eraser::open(dir, log, Arc::new(audit), Arc::new(Afterwards)).unwrap(), packed)
}

/// No number gives zeros alone: as bytes they are what an empty page of a database is made of.
/// The `n`th of a day.
fn line_of(day: u32, n: u32) -> String {
    let is_ours = day < HOLDING && n.is_multiple_of(50);
    let who = if is_ours { 0 } else { 1 + day * 1000 + n % N_CONVERSATIONS };
    let at = START.plus(DAY * day + Duration::from_millis(u64::from(n) * 10));
    let [a, b, c, d] = n.to_be_bytes();
    // Words that repeat no more than those of a chat.
    let word =
        |k: u32| format!("{:x} ", ((n ^ (day << 16)) * 61 + k).wrapping_mul(0x9e37_79b9) >> 14);
    let id = EventId::new(at, [9, 9, 9, 9, 9, day as u8, a, b, c, d]);
    // The answer before would do, which is a row of the index too.
    let previous = EventId::new(at, [8; 10]);
    line(id, &conversation(who), &(0..60).map(word).collect::<String>(), Some(previous))
}
