//! What the writer tells others: counters, its last failure, and how far the disk has come.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use crate::{CommitError, EventLogStats};

/// How long an answer waits for its event to be on disk.
const COMMIT_WAIT_MAX: Duration = Duration::from_secs(10);

/// Counters of the writer. Each is a number of its own, so their order among each other is loose.
#[derive(Debug, Default)]
pub(crate) struct Health {
    written: AtomicU64,
    /// Handed over without a place, or after the end.
    dropped: AtomicU64,
    /// Accepted, but given up when the log was closed.
    abandoned: AtomicU64,
    /// Written, and taken out of the log by somebody else.
    taken: AtomicU64,
    bytes: AtomicU64,
    batches: AtomicU64,
    fsyncs: AtomicU64,
    retries: AtomicU64,
    quarantined: AtomicU64,
    quarantined_lines: AtomicU64,
    failing: AtomicBool,
    last_error: Mutex<Option<String>>,
}

/// How far the disk has come; exists only where answers wait for it.
#[derive(Debug)]
pub(crate) struct Durability {
    progress: watch::Sender<Progress>,
    health: Arc<Health>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Progress {
    /// Events up to this one are on disk.
    durable: u64,
    /// Nothing more will be written.
    ended: bool,
}

impl Health {
    pub(crate) fn wrote(&self, n_events: u64, n_bytes: u64) {
        add(&self.written, n_events);
        add(&self.bytes, n_bytes);
        add(&self.batches, 1);
    }

    pub(crate) fn synced(&self) {
        add(&self.fsyncs, 1);
    }

    pub(crate) fn dropped(&self, n_events: u64) {
        add(&self.dropped, n_events);
    }

    pub(crate) fn abandoned(&self, n_events: u64) {
        add(&self.abandoned, n_events);
    }

    /// Notes that events which were written are gone.
    pub(crate) fn taken(&self, n_events: u64) {
        add(&self.taken, n_events);
        let why = "events that were written were taken out of the event log by somebody else";
        *self.last_error() = Some(why.to_owned());
    }

    pub(crate) fn quarantined(&self, n_bytes: u64, n_lines: u64) {
        add(&self.quarantined, n_bytes);
        add(&self.quarantined_lines, n_lines);
    }

    /// Notes a failure that will be tried again. Only the first of a row is logged.
    pub(crate) fn failed(&self, operation: &'static str, error: &std::io::Error) {
        add(&self.retries, 1);
        *self.last_error() = Some(format!("cannot {operation} the event log: {error}"));
        if !self.failing.swap(true, Ordering::Relaxed) {
            tracing::error!(%error, operation, "the event log cannot be written; events wait, trying again");
        }
    }

    /// Notes that the disk works.
    pub(crate) fn works(&self) {
        // Read first: in the usual case nothing has to be written to memory that others watch.
        if self.failing.load(Ordering::Relaxed) {
            self.failing.store(false, Ordering::Relaxed);
            tracing::info!("the event log is being written again");
        }
    }

    /// The failure that lasts, if there is one.
    pub(crate) fn cause(&self) -> Option<String> {
        if self.failing.load(Ordering::Relaxed) { self.last_error().clone() } else { None }
    }

    /// The counters, given how many events were accepted.
    pub(crate) fn stats(&self, accepted: u64, queue_max: usize) -> EventLogStats {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let (written, dropped, abandoned) =
            (get(&self.written), get(&self.dropped), get(&self.abandoned));
        EventLogStats {
            appended: accepted + dropped,
            written,
            lost: dropped + abandoned + get(&self.taken),
            taken: get(&self.taken),
            queue_depth: accepted.saturating_sub(written + abandoned),
            queue_max: queue_max as u64,
            bytes: get(&self.bytes),
            batches: get(&self.batches),
            fsyncs: get(&self.fsyncs),
            retries: get(&self.retries),
            failing: self.failing.load(Ordering::Relaxed),
            last_error: self.last_error().clone(),
            quarantined_bytes: get(&self.quarantined),
            quarantined_lines: get(&self.quarantined_lines),
        }
    }

    fn last_error(&self) -> std::sync::MutexGuard<'_, Option<String>> {
        self.last_error.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Durability {
    pub(crate) fn new(health: Arc<Health>) -> Self {
        Self { progress: watch::Sender::new(Progress::default()), health }
    }

    /// Events up to `sequence` are on disk.
    pub(crate) fn advance(&self, sequence: u64) {
        self.progress.send_modify(|progress| progress.durable = sequence);
    }

    pub(crate) fn end(&self) {
        self.progress.send_modify(|progress| progress.ended = true);
    }

    /// Waits until the event of that number is on disk.
    pub(crate) async fn reached(&self, sequence: u64) -> Result<(), CommitError> {
        let mut progress = self.progress.subscribe();
        let settled = progress.wait_for(|now| now.durable >= sequence || now.ended);
        match tokio::time::timeout(COMMIT_WAIT_MAX, settled).await {
            Ok(Ok(now)) if now.durable >= sequence => Ok(()),
            Ok(_) => Err(CommitError::Lost),
            Err(_elapsed) => {
                Err(CommitError::Late { waited: COMMIT_WAIT_MAX, cause: self.health.cause() })
            }
        }
    }
}

fn add(counter: &AtomicU64, n: u64) {
    counter.fetch_add(n, Ordering::Relaxed);
}
