//! Any bytes where the event log, a sealed segment or a compressed one should be: all readers come to an
//! end without a panic, and agree on what is there; an owner who opens the log loses none of it.

#![no_main]

use std::fs;
use std::path::Path;

use aios_store::{DataDir, EventLogConfig, FileEventLog, Filter, Index, query, tail, verify};
use libfuzzer_sys::fuzz_target;

const SEGMENT: &str = "hypotheses.20270115T083000Z-0708090a";

fuzz_target!(|input: (u8, &[u8])| {
    let (place, bytes) = input;
    let temp = tempfile::tempdir().expect("there is room for a directory");
    let dir = DataDir::open(temp.path()).expect("a new directory can be owned");
    let analytics = temp.path().join("analytics");
    fs::create_dir_all(&analytics).expect("there is room for a directory");
    let name = match place % 3 {
        0 => "hypotheses.ndjson".to_owned(),
        1 => format!("{SEGMENT}.ndjson"),
        _ => format!("{SEGMENT}.ndjson.gz"),
    };
    fs::write(analytics.join(name), bytes).expect("there is room for a file");
    let before = events(&dir);
    let newest = tail(&dir, usize::MAX).map(|lines| lines.filter(Result::is_ok).count());
    if place % 3 < 2 {
        assert_eq!(newest.ok(), before, "read from both ends");
    }
    drop(verify(&dir, true));
    drop(Index::open(&dir).map(|mut index| index.catch_up()));
    owned(&dir, before, place % 3 == 0, temp.path());
});

/// How many events can be read.
fn events(dir: &DataDir) -> Option<usize> {
    let lines = query(dir, &Filter::default()).ok()?;
    Some(lines.filter(Result::is_ok).count())
}

/// Opens the log as its owner does, who may mend a torn end or set an older log aside.
fn owned(dir: &DataDir, before: Option<usize>, is_active: bool, path: &Path) {
    let Ok(log) = FileEventLog::open(dir, EventLogConfig::default()) else { return };
    drop(log);
    let is_set_aside = path.join("analytics").join("hypotheses.older.ndjson").exists();
    if is_active && !is_set_aside {
        assert_eq!(events(dir), before, "opening the log keeps its events");
    }
}
