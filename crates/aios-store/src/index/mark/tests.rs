//! What is put over the index in the middle of a turn.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aios_core::Progress;

use super::super::Index;
use super::super::database::Code;
use super::super::tests::{Log, seal};
use crate::{
    EventLogConfig, EventStore as _, FileEventLog, Keep, Look, SegmentId, Segments, fixture,
};

/// Takes a segment's event out of it.
fn empty(log: &Log, id: SegmentId) {
    Segments::of(&log.dir).rewrite(id, Look::Everywhere, &mut |_| Keep::Drop).unwrap();
    log.dir.doubt_segments();
}

/// The index as a backup has it.
fn backup(log: &Log, index: &Index) -> Vec<u8> {
    let aside = log.dir.path().with_extension("backup");
    index.database.execute("VACUUM INTO ?1", [aside.to_str().unwrap()]).unwrap();
    let copy = fs::read(&aside).unwrap();
    fs::remove_file(&aside).unwrap();
    copy
}

/// Somebody who writes a copy over the file as soon as anything is shown.
struct Restorer<'a> {
    path: &'a Path,
    copy: &'a [u8],
    is_done: AtomicBool,
}

impl Restorer<'_> {
    fn restore(&self) {
        if !self.is_done.swap(true, Ordering::SeqCst) {
            fs::write(self.path, self.copy).unwrap();
        }
    }
}

impl Progress for Restorer<'_> {
    fn begin(&self, _: u64) {
        self.restore();
    }

    fn advance(&self, _: u64) {}

    fn end(&self) {}
}

/// Restores a copy from before an erasure while the index is brought up after `change`; it must not be taken for the
/// index.
fn check(change: impl FnOnce(&Log, &[SegmentId])) {
    let log = Log::new();
    let ids = seal(&log, 0..20);
    let mut index = log.index();
    index.catch_up().unwrap();
    let copy = backup(&log, &index);
    empty(&log, ids[7]);
    index.catch_up().unwrap();
    change(&log, &ids);
    log.dir.doubt_segments();
    let path = log.dir.index_path();
    let restorer = Restorer { path: &path, copy: &copy, is_done: AtomicBool::new(false) };
    drop(index.catch_up_showing(&restorer));
    assert!(restorer.is_done.into_inner() && !index.is_in_its_file());
}

#[test]
fn a_copy_that_comes_within_a_turn_gets_no_number_when_something_is_forgotten() {
    check(|log, ids| empty(log, ids[8]));
}

#[test]
fn a_copy_that_comes_within_a_turn_gets_no_number_when_the_journal_grows_long() {
    // Each is a transaction of a dozen pages.
    check(|log, _| drop(seal(log, 20..400)));
}

#[test]
fn a_number_is_drawn_before_anything_is_forgotten() {
    let log = Log::new();
    let ids = seal(&log, 0..20);
    let mut index = log.index();
    index.catch_up().unwrap();
    let copy = backup(&log, &index);
    empty(&log, ids[7]);
    // The turn ends where it has forgotten some of it.
    let stop =
        "CREATE TEMP TRIGGER stop BEFORE DELETE ON segments BEGIN SELECT RAISE(ABORT, 'stop'); END";
    index.database.execute_batch(stop).unwrap();
    index.catch_up().unwrap_err();
    assert!(index.is_in_its_file());
    fs::write(log.dir.index_path(), &copy).unwrap();
    assert!(!index.is_in_its_file());
}

#[test]
fn a_copy_that_comes_before_the_stop_is_not_what_the_next_start_opens() {
    let log = Log::new();
    let ids = seal(&log, 0..20);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let open = || FileEventLog::open(&log.dir, EventLogConfig::default()).unwrap();
    let close = |log: FileEventLog| {
        assert!(runtime.block_on(log.close(Duration::from_secs(60))).complete);
    };
    let first = open();
    first.catch_up_index().unwrap();
    let copy = backup(&log, &Index::read(&log.dir).unwrap().unwrap());
    let code = Code::name(fixture::conversation(7).as_str());
    assert!(memchr::memmem::find(&copy, &code).is_some());
    empty(&log, ids[7]);
    first.catch_up_index().unwrap();
    fs::write(log.dir.index_path(), &copy).unwrap();
    close(first);
    // It is gone, unless its keeper came by in between and has made another.
    let bytes = fs::read(log.dir.index_path()).unwrap_or_default();
    assert_eq!(memchr::memmem::find(&bytes, &code), None);
    let second = open();
    second.catch_up_index().unwrap();
    close(second);
    assert_eq!(Index::read(&log.dir).unwrap().unwrap().n_events().unwrap(), 19);
}
