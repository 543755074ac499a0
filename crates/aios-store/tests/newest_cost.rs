//! Whoever looks for the newest events of a sealed segment reads its end, and for one of them that, however long it is.
//!
//! Bytes are counted as in `erase_cost.rs`, in a program of its own for the same reason.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "this crate is nothing but a test")]

use std::fs;
use std::time::Duration;

use aios_core::{EventId, Timestamp};
use aios_store::{
    DataDir, EventLogConfig, EventStore as _, FileEventLog, Filter, Segments, find_event, query,
};

mod counted;
mod written;

use counted::read_by;
use written::{conversation, line};

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
    let next_day = EventId::new(START.plus(Duration::from_secs(24 * 60 * 60)), [9; 10]);
    let lines = (0..N_LINES).map(id_of).chain([next_day]);
    let words = "fine ".repeat(300);
    let lines = lines.map(|id| line(id, &conversation(0), &words, None));
    fs::write(dir.events_path(), lines.collect::<String>()).unwrap();
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
