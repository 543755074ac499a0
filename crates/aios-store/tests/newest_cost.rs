//! Whoever looks for the newest events of a sealed segment reads its end, and for one of them that, however long it is.
//!
//! Bytes are counted as in `erase_cost.rs`, in a program of its own for the same reason.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "this crate is nothing but a test")]

use std::fs;
use std::time::Duration;

use aios_core::{Event, EventId, Timestamp};
use aios_privacy::Pseudonym;
use aios_store::{
    DataDir, EventLogConfig, EventStore as _, FileEventLog, Filter, Segments, find_event, query,
};
use serde_json::json;

mod counted;

use counted::read_by;

const START: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

const N_LINES: u32 = 2_000;

/// The block at its end, its footer, and what finding the segment takes.
const BYTES_MAX: u64 = 256 * 1024;

#[test]
fn the_newest_events_of_a_sealed_segment_cost_its_end() {
    let temp = tempfile::tempdir().unwrap();
    let dir = DataDir::open(temp.path()).unwrap();
    fs::create_dir_all(dir.events_path().parent().unwrap()).unwrap();
    // The next day seals the one before when the log is opened.
    let next_day = line(START.plus(Duration::from_secs(24 * 60 * 60)), N_LINES);
    let lines = (0..N_LINES).map(|n| line(START.plus(Duration::from_millis(u64::from(n))), n));
    fs::write(dir.events_path(), lines.chain([next_day]).collect::<String>()).unwrap();
    let log = FileEventLog::open(&dir, EventLogConfig::default()).unwrap();
    let sealed = Segments::of(&dir).list().unwrap().remove(0);
    let stored = fs::metadata(&sealed.path).unwrap().len();
    let end = START.plus(Duration::from_secs(60));
    let filter =
        Filter { until: Some(end), limit: Some(3), newest_first: true, ..Filter::default() };
    let (newest, bytes) = read_by(|| {
        let found = query(&dir, &filter).unwrap().map(|line| line.unwrap().event.id());
        found.collect::<Vec<_>>()
    });
    assert_eq!(newest, [N_LINES - 1, N_LINES - 2, N_LINES - 3].map(id_of));
    log.catch_up_index().unwrap();
    let one = N_LINES - 1;
    let (found, by_id) = read_by(|| find_event(&dir, id_of(one), end).unwrap());
    assert_eq!(found.map(|event| event.id()), Some(id_of(one)));
    println!("{bytes} read of {stored}, {by_id} for one by its id");
    assert!(bytes.max(by_id) <= BYTES_MAX, "{bytes} and {by_id} of {stored}");
    assert!(stored > 8 * BYTES_MAX, "{stored}: too little to tell anything");
}

fn id_of(n: u32) -> EventId {
    let [a, b, c, d] = n.to_be_bytes();
    EventId::new(START.plus(Duration::from_millis(u64::from(n))), [9, 9, 9, 9, 9, 9, a, b, c, d])
}

fn line(at: Timestamp, n: u32) -> String {
    let [a, b, c, d] = n.to_be_bytes();
    let conv = Pseudonym::parse(&format!("c1_{n:032x}")).unwrap();
    let value = json!({
        "event_type": "response", "schema_version": "2.0", "ts": at,
        "event_id": EventId::new(at, [9, 9, 9, 9, 9, 9, a, b, c, d]),
        "request_id": format!("req_{n}"), "operation": "chat", "stream": true,
        "conv_id": conv, "conv_id_source": "header", "msg_id": 1,
        "request_model": "aios-auto", "question": "How is the weather?",
        "response": "fine ".repeat(300),
        "source": "main", "tier": "main", "bucket": "control", "boundary": 0.5, "weight": 0.7,
        "profile": "golden", "route_reason": "at_or_above_boundary", "propensity": 1.0,
        "attempts": [], "outcome": "ok", "status": 200, "latency_ms": 1.0, "overhead_ms": 0.1,
        "config_generation": 1, "config_hash": "0123456789ab",
    });
    let event: Event = serde_json::from_value(value).unwrap();
    serde_json::to_string(&event).unwrap() + "\n"
}
