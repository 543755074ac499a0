mod sealing;
mod taken;

use std::collections::VecDeque;
use std::io;
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aios_core::{Event, Timestamp};
use aios_privacy::Pseudonym;

use super::disk_file::DiskFile;
use super::segment::Segment;
use super::*;
use crate::conformance::{self, PLACES, Subject};
use crate::{CommitError, Filter, OnFull, ReserveError, SyncPolicy, fixture, query};

/// Longer than any test takes: a test that needs it fails.
const LONG: Duration = Duration::from_secs(120);

const PATIENT: OnFull = OnFull::Wait(LONG);

/// A log on a real disk.
struct OnDisk<const SYNC: u8> {
    log: FileEventLog,
    dir: DataDir,
    _temp: tempfile::TempDir,
}

impl<const SYNC: u8> EventStore for OnDisk<SYNC> {
    fn reserve(&self) -> Reserve {
        self.log.reserve()
    }

    fn stats(&self) -> EventLogStats {
        self.log.stats()
    }

    fn rotate(&self, now: Timestamp, rotate: Rotate) -> Result<Rotated, StoreError> {
        self.log.rotate(now, rotate)
    }

    fn refuses(&self, pseudonym: &Pseudonym) -> bool {
        self.log.refuses(pseudonym)
    }

    fn reindex(&self) -> Result<CaughtUp, StoreError> {
        self.log.reindex()
    }

    fn catch_up_index(&self) -> Result<CaughtUp, StoreError> {
        self.log.catch_up_index()
    }
}

impl<const SYNC: u8> Subject for OnDisk<SYNC> {
    fn new(on_full: OnFull) -> Self {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::open(temp.path()).unwrap();
        let sync = [
            SyncPolicy::Always,
            SyncPolicy::Interval(Duration::from_millis(20)),
            SyncPolicy::Never,
        ];
        let config = EventLogConfig {
            sync: sync[usize::from(SYNC)],
            queue_max: PLACES,
            on_full,
            ..EventLogConfig::default()
        };
        let log = FileEventLog::open(&dir, config).unwrap();
        Self { log, dir, _temp: temp }
    }

    async fn close_and_read(&self) -> Vec<Event> {
        assert!(self.log.close(LONG).await.complete);
        read(&self.dir)
    }
}

impl Subject for crate::RamEventLog {
    fn new(on_full: OnFull) -> Self {
        Self::new(PLACES, on_full)
    }

    async fn close_and_read(&self) -> Vec<Event> {
        self.close();
        // As for a file, a slot that is out may still be filled.
        while !self.all_vacated() {
            tokio::task::yield_now().await;
        }
        self.events()
    }
}

fn read(dir: &DataDir) -> Vec<Event> {
    query(dir, &Filter::default()).unwrap().map(|line| line.unwrap().event).collect()
}

#[tokio::test]
async fn a_file_conforms_with_sync_always() {
    conformance::run::<OnDisk<0>>().await;
}

#[tokio::test]
async fn a_file_conforms_with_an_interval() {
    conformance::run::<OnDisk<1>>().await;
}

#[tokio::test]
async fn a_file_conforms_without_sync() {
    conformance::run::<OnDisk<2>>().await;
}

#[tokio::test]
async fn memory_conforms() {
    conformance::run::<crate::RamEventLog>().await;
}

/// A disk that does what its script says, and notes what it holds and what it has synced.
#[derive(Clone, Default)]
struct Disk(Arc<Mutex<DiskState>>);

#[derive(Default)]
struct DiskState {
    content: Vec<u8>,
    synced: usize,
    /// What the next writes do; when it is over, they succeed.
    writes: VecDeque<Fault>,
    /// Whether the next syncs and truncations fail.
    syncs: VecDeque<bool>,
    truncations: VecDeque<bool>,
    /// Each sync waits for a word from the test.
    hold_syncs: Option<mpsc::Receiver<()>>,
    broken: bool,
}

enum Fault {
    /// So many bytes are taken, as if that were success.
    Short(usize),
    /// So many bytes are taken, then the disk is full.
    Full(usize),
    Interrupted,
}

fn full() -> io::Error {
    io::ErrorKind::StorageFull.into()
}

impl Disk {
    fn with(change: impl FnOnce(&mut DiskState)) -> Self {
        let disk = Self::default();
        change(&mut disk.0.lock().unwrap());
        disk
    }

    fn open(&self, sync: SyncPolicy, on_full: OnFull) -> FileEventLog {
        let config =
            EventLogConfig { sync, queue_max: PLACES, on_full, ..EventLogConfig::default() };
        self.start(config)
    }

    fn start(&self, config: EventLogConfig) -> FileEventLog {
        let rolling = Rolling::new(Segment::new(self.clone()), None, config.segment_max);
        FileEventLog::start(rolling, config, None, None).unwrap()
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().content.clone()).unwrap()
    }
}

impl SegmentFile for Disk {
    fn append(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.0.lock().unwrap();
        let taken = match state.writes.pop_front() {
            _ if state.broken => return Err(full()),
            None => bytes.len(),
            Some(Fault::Short(n)) => n,
            Some(Fault::Interrupted) => return Err(io::ErrorKind::Interrupted.into()),
            Some(Fault::Full(n)) => {
                state.content.extend_from_slice(&bytes[..n]);
                return Err(full());
            }
        };
        state.content.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn sync(&mut self) -> io::Result<()> {
        let hold = self.0.lock().unwrap().hold_syncs.take();
        if let Some(hold) = hold {
            hold.recv().map_err(io::Error::other)?;
            self.0.lock().unwrap().hold_syncs = Some(hold);
        }
        let mut state = self.0.lock().unwrap();
        if state.broken || state.syncs.pop_front() == Some(false) {
            return Err(io::Error::other("the disk is dying"));
        }
        state.synced = state.content.len();
        Ok(())
    }

    fn truncate(&mut self, len: u64) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        if state.broken || state.truncations.pop_front() == Some(false) {
            return Err(full());
        }
        state.content.truncate(usize::try_from(len).unwrap());
        Ok(())
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.0.lock().unwrap().content.len() as u64)
    }
}

/// The lines of the first `n` events.
fn lines(n: u64) -> String {
    (0..n).map(|n| serde_json::to_string(&fixture::event(n)).unwrap() + "\n").collect()
}

/// Appends three events one by one to a disk with faults: each must be there once and whole.
async fn check(disk: Disk, n_retries: u64) {
    let log = disk.open(SyncPolicy::Always, PATIENT);
    for n in 0..3 {
        log.reserve().await.unwrap().append(fixture::event(n)).durable().await.unwrap();
        assert_eq!(disk.text(), lines(n + 1));
        assert_eq!(disk.0.lock().unwrap().synced, lines(n + 1).len());
    }
    let stats = log.stats();
    assert_eq!((stats.written, stats.lost, stats.failing), (3, 0, false));
    assert_eq!((stats.retries, stats.last_error.is_some()), (n_retries, n_retries > 0));
    assert_eq!(stats.bytes, lines(3).len() as u64);
    assert!(log.close(LONG).await.complete);
}

#[tokio::test]
async fn short_and_interrupted_writes_go_on() {
    check(
        Disk::with(|disk| {
            disk.writes.extend([Fault::Short(7), Fault::Interrupted, Fault::Short(1)])
        }),
        0,
    )
    .await;
}

#[tokio::test]
async fn a_full_disk_leaves_no_torn_line() {
    check(
        Disk::with(|disk| disk.writes.extend([Fault::Short(9), Fault::Full(30), Fault::Full(0)])),
        2,
    )
    .await;
}

#[tokio::test]
async fn a_write_that_takes_nothing_is_a_failure() {
    check(Disk::with(|disk| disk.writes.push_back(Fault::Short(0))), 1).await;
}

#[tokio::test]
async fn a_torn_line_is_cut_off_before_anything_else_is_written() {
    let disk = Disk::with(|disk| {
        disk.writes.push_back(Fault::Full(30));
        disk.truncations.extend([false, false]);
    });
    // The write, then the truncation before the next write.
    check(disk, 2).await;
}

#[tokio::test]
async fn what_a_failed_sync_may_have_lost_is_written_anew() {
    check(Disk::with(|disk| disk.syncs.extend([false, true, false])), 2).await;
}

#[tokio::test]
async fn an_event_is_durable_only_once_it_is_synced() {
    let (sync, hold) = mpsc::channel();
    let disk = Disk::with(|disk| disk.hold_syncs = Some(hold));
    let log = disk.open(SyncPolicy::Always, PATIENT);
    let first = log.reserve().await.unwrap().append(fixture::event(0));
    assert!(first.needs_wait());
    let mut first = std::pin::pin!(first.durable());
    // Once the bytes are written the thread goes into the sync, which waits for us.
    while disk.text() != lines(1) {
        tokio::task::yield_now().await;
        assert!(futures_poll(first.as_mut()).await.is_none());
    }
    let second = log.reserve().await.unwrap().append(fixture::event(1));
    assert!(futures_poll(first.as_mut()).await.is_none());
    sync.send(()).unwrap();
    first.await.unwrap();
    assert_eq!(disk.0.lock().unwrap().synced, lines(1).len());
    sync.send(()).unwrap();
    second.durable().await.unwrap();
    // The last sync, when the log is closed.
    sync.send(()).unwrap();
    assert!(log.close(LONG).await.complete);
}

/// Polls once.
async fn futures_poll<F: Future + Unpin>(mut future: F) -> Option<F::Output> {
    std::future::poll_fn(|cx| {
        std::task::Poll::Ready(match std::pin::Pin::new(&mut future).poll(cx) {
            std::task::Poll::Ready(output) => Some(output),
            std::task::Poll::Pending => None,
        })
    })
    .await
}

#[tokio::test]
async fn a_broken_disk_stops_requests_and_names_the_cause() {
    let disk = Disk::with(|disk| disk.broken = true);
    let log = disk.open(SyncPolicy::Never, OnFull::Wait(Duration::from_millis(100)));
    for n in 0..PLACES as u64 {
        let commit = log.reserve().await.unwrap().append(fixture::event(n));
        assert!(!commit.needs_wait());
    }
    while !log.stats().failing {
        tokio::task::yield_now().await;
    }
    let error = log.reserve().await.unwrap_err();
    let ReserveError::Full { cause, .. } = &error else { panic!("{error}") };
    assert_eq!(cause.as_deref(), Some("cannot write the event log: no storage space"));
    assert!(log.stats().failing);

    // The disk comes back: nothing was lost meanwhile.
    disk.0.lock().unwrap().broken = false;
    assert!(log.close(LONG).await.complete);
    assert_eq!(disk.text(), lines(PLACES as u64));
    assert_eq!(log.stats().lost, 0);
}

#[tokio::test]
async fn closing_gives_up_at_its_deadline_and_says_what_was_lost() {
    let disk = Disk::with(|disk| disk.broken = true);
    let log = disk.open(SyncPolicy::Always, PATIENT);
    let commit = log.reserve().await.unwrap().append(fixture::event(0));
    let out = log.reserve().await.unwrap();
    let report = log.close(Duration::from_millis(1)).await;
    assert_eq!(report, CloseReport { written: 0, lost: 1, complete: false });
    assert_eq!(commit.durable().await, Err(CommitError::Lost));
    let late = out.append(fixture::event(1));
    assert_eq!(late.durable().await, Err(CommitError::Lost));
    assert_eq!((log.stats().appended, log.stats().lost), (2, 2));
    assert!(matches!(log.reserve().await, Err(ReserveError::Closed)));
}

#[tokio::test]
async fn an_interval_syncs_of_itself() {
    let disk = Disk::default();
    let log = disk.open(SyncPolicy::Interval(Duration::from_millis(4)), PATIENT);
    drop(log.reserve().await.unwrap().append(fixture::event(0)));
    while disk.0.lock().unwrap().synced < lines(1).len() {
        tokio::task::yield_now().await;
    }
    assert!(log.stats().fsyncs >= 1);
    assert!(log.close(LONG).await.complete);
}

#[tokio::test]
async fn what_was_written_because_somebody_waited_is_synced_too() {
    let disk = Disk::default();
    let log = Arc::new(disk.open(SyncPolicy::Interval(Duration::from_millis(40)), PATIENT));
    drop(log.reserve().await.unwrap().append(fixture::event(0)));
    let waits = Arc::clone(&log);
    tokio::task::spawn_blocking(move || waits.settle_blocking()).await.unwrap().unwrap();
    assert_eq!(disk.0.lock().unwrap().content, lines(1).as_bytes());
    while disk.0.lock().unwrap().synced < lines(1).len() {
        tokio::task::yield_now().await;
    }
    assert!(log.close(LONG).await.complete);
}

#[tokio::test]
async fn an_event_is_not_waited_for_while_the_disk_refuses() {
    let disk = Disk::with(|disk| disk.broken = true);
    let log = Arc::new(disk.open(SyncPolicy::Interval(Duration::from_millis(4)), PATIENT));
    drop(log.reserve().await.unwrap().append(fixture::event(0)));
    while !log.stats().failing {
        tokio::task::yield_now().await;
    }
    let waits = Arc::clone(&log);
    let refused = tokio::task::spawn_blocking(move || waits.settle_blocking()).await.unwrap();
    assert!(refused.unwrap_err().to_string().contains("write the event log"));
    assert!(!log.close(Duration::from_millis(1)).await.complete);
}

#[tokio::test]
async fn what_waits_is_written_together() {
    let disk = Disk::default();
    let config =
        EventLogConfig { sync: SyncPolicy::Never, queue_max: 1000, ..EventLogConfig::default() };
    let log = disk.start(config);
    let mut slots = Vec::new();
    for _ in 0..100 {
        slots.push(log.reserve().await.unwrap());
    }
    // The disk takes nothing before everything waits, however long that takes.
    let busy = disk.0.lock().unwrap();
    for (n, slot) in (0..).zip(slots) {
        drop(slot.append(fixture::event(n)));
    }
    drop(busy);
    assert!(log.close(LONG).await.complete);
    assert_eq!(disk.text(), lines(100));
    // The first may have been taken while the others came.
    assert!(log.stats().batches <= 2, "{:?}", log.stats());
}

#[tokio::test]
async fn dropping_the_log_writes_what_waits() {
    let disk = Disk::default();
    let log = disk.open(SyncPolicy::Interval(LONG), PATIENT);
    drop(log.reserve().await.unwrap().append(fixture::event(0)));
    drop(log);
    assert_eq!(disk.text(), lines(1));
    assert_eq!(disk.0.lock().unwrap().synced, lines(1).len());
}

#[tokio::test]
async fn a_log_goes_on_behind_a_torn_end() {
    let temp = tempfile::tempdir().unwrap();
    let dir = DataDir::open(temp.path()).unwrap();
    std::fs::create_dir(dir.events_path().parent().unwrap()).unwrap();
    std::fs::write(dir.events_path(), lines(1) + "{\"event_type\":\"resp").unwrap();
    let log = FileEventLog::open(&dir, EventLogConfig::default()).unwrap();
    assert_eq!(log.stats().quarantined_bytes, 19);
    assert!(matches!(
        FileEventLog::open(&dir, EventLogConfig::default()),
        Err(StoreError::LogOpen { .. })
    ));
    drop(log.reserve().await.unwrap().append(fixture::event(1)));
    assert!(log.close(LONG).await.complete);
    assert_eq!(std::fs::read_to_string(dir.events_path()).unwrap(), lines(2));
}

/// Appends one event and waits until it is written.
async fn append(log: &FileEventLog, n: u64) {
    log.reserve().await.unwrap().append(fixture::event(n)).durable().await.unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn a_log_that_is_taken_away_is_begun_anew() {
    let temp = tempfile::tempdir().unwrap();
    let dir = DataDir::open(temp.path()).unwrap();
    let config = EventLogConfig { sync: SyncPolicy::Always, ..EventLogConfig::default() };
    let log = FileEventLog::open(&dir, config).unwrap();
    append(&log, 1).await;
    std::fs::remove_file(dir.events_path()).unwrap();
    append(&log, 2).await;
    assert_eq!(read(&dir), [fixture::event(2)]);

    let aside = temp.path().join("aside.ndjson");
    std::fs::rename(dir.events_path(), &aside).unwrap();
    std::fs::write(dir.events_path(), "a torn li").unwrap();
    append(&log, 3).await;
    assert_eq!(read(&dir), [fixture::event(3)]);
    assert_eq!(std::fs::read_to_string(aside).unwrap().lines().count(), 1);

    std::fs::remove_dir_all(dir.events_path().parent().unwrap()).unwrap();
    append(&log, 4).await;
    assert_eq!(read(&dir), [fixture::event(4)]);
    assert!(log.close(LONG).await.complete);
    let stats = log.stats();
    assert_eq!((stats.written, stats.taken, stats.lost), (4, 3, 3));
}

#[test]
fn what_is_cut_is_the_file_that_was_written() {
    let temp = tempfile::tempdir().unwrap();
    let layout = crate::segment::Layout::at(temp.path());
    let path = layout.active();
    let (chores, _) = mpsc::channel();
    let (mut file, _) = DiskFile::open(&layout, &temp.path().join("quarantine"), chores).unwrap();
    file.append(b"one\ntwo\n").unwrap();
    let aside = temp.path().join("aside.ndjson");
    std::fs::rename(&path, &aside).unwrap();
    std::fs::write(&path, "somebody else's").unwrap();
    file.truncate(4).unwrap();
    assert_eq!(std::fs::read_to_string(aside).unwrap(), "one\n");
    assert_eq!(std::fs::read_to_string(path).unwrap(), "somebody else's");
}

#[tokio::test]
async fn a_sync_that_works_does_not_hide_that_writes_fail() {
    let disk = Disk::with(|disk| {
        disk.writes.extend((0..1000).map(|_| Fault::Full(0)));
    });
    let log = disk.open(SyncPolicy::Never, PATIENT);
    drop(log.reserve().await.unwrap().append(fixture::event(0)));
    // Gives the write up at once, and then syncs, which works.
    assert!(!log.close(Duration::ZERO).await.complete);
    let stats = log.stats();
    assert_eq!((stats.fsyncs, stats.lost, stats.failing), (1, 1, true));
}
