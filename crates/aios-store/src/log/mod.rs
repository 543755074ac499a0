//! The event log in a file: many tasks append, one thread writes.
//!
//! The thread gathers what comes in for a moment and gives it to the operating system in one write, so
//! that a busy gateway pays for some forty writes a second and an idle one for nothing. An event
//! becomes its line where it was made; appending it is a copy under a lock.

mod batch;
mod decide;
mod disk_file;
mod faulty;
mod health;
mod keeper;
pub(crate) mod line;
mod open;
mod queue;
pub(crate) mod recover;
mod rolling;
mod rotate;
mod segment;
mod wait;
mod writer;

#[cfg(test)]
mod tests;

use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::{Duration, Instant};

use aios_core::{Faults, Timestamp};
use aios_privacy::Pseudonym;
use tokio::sync::oneshot;

use crate::data_dir::LogLease;
use crate::erase::{Fence, Ledger};
use crate::index::fresh::Fresh;
use crate::{
    CaughtUp, DataDir, EventLogConfig, EventLogStats, EventStore, Recent, Reserve, Rotate, Rotated,
    StoreError,
};

use disk_file::DiskFile;
pub use faulty::DiskFaults;
use faulty::Faulty;
pub(crate) use health::Durability;
use keeper::{Chore, Chores, IndexReply, Keeper};
use queue::Queue;
use rolling::Rolling;
use segment::SegmentFile;
use writer::Writer;

/// How long a log that is dropped without [`FileEventLog::close`] tries to write what waits.
const DROP_DRAIN_MAX: Duration = Duration::from_secs(1);

/// How long past its deadline a close waits for the thread to say that it has given up.
const CLOSE_GRACE: Duration = Duration::from_millis(250);

/// The event log of a data directory, open for writing.
#[derive(Debug)]
pub struct FileEventLog {
    queue: Arc<Queue>,
    config: EventLogConfig,
    /// None where the disk is one of a test.
    dir: Option<DataDir>,
    /// What was written a moment ago.
    fresh: Arc<Fresh>,
    /// Held by whoever rotates.
    rotating: Mutex<()>,
    /// Taken when the log is closed, because the keeper works as long as there may be chores.
    chores: Mutex<Option<Chores>>,
}

/// What became of the events by the time the log was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CloseReport {
    /// Events written since the log was opened.
    pub written: u64,
    /// Events lost since the log was opened; those that still waited at the deadline are among them.
    pub lost: u64,
    /// Whether everything written was forced to disk and no slot is out any more.
    pub complete: bool,
}

impl FileEventLog {
    /// Finishes what the last run left undone, puts torn ends aside and starts the writer.
    ///
    /// # Errors
    /// When this process does not own the directory, the log is open already, or the file cannot be
    /// opened or repaired.
    pub fn open(dir: &DataDir, config: EventLogConfig) -> Result<Self, StoreError> {
        Self::open_with_faults(dir, config, None)
    }

    /// The same on a disk that an exercise can make fail.
    ///
    /// # Errors
    /// As for [`Self::open`].
    pub fn open_with_faults(
        dir: &DataDir,
        config: EventLogConfig,
        faults: Option<Arc<Faults>>,
    ) -> Result<Self, StoreError> {
        Self::open_on(dir, config, faults, |file| file)
    }

    /// The same on a disk that fails at single operations, half-way through a write too.
    ///
    /// # Errors
    /// As for [`Self::open`].
    pub fn open_faulty(
        dir: &DataDir,
        config: EventLogConfig,
        faults: &Arc<DiskFaults>,
    ) -> Result<Self, StoreError> {
        Self::open_on(dir, config, None, |file| Faulty::new(file, Arc::clone(faults)))
    }

    fn open_on<F: SegmentFile>(
        dir: &DataDir,
        config: EventLogConfig,
        faults: Option<Arc<Faults>>,
        disk: impl FnOnce(DiskFile) -> F,
    ) -> Result<Self, StoreError> {
        let lease = dir.lease_log()?;
        // A ledger that cannot be read keeps the log shut: it could take in what must stay erased.
        let erased = Ledger::read(dir)?.binding();
        let (chores, to_do) = mpsc::channel();
        let opened = open::open(dir, config.segment_max, chores.clone())?;
        let fresh = Arc::<Fresh>::default();
        let segment = opened.segment.telling(&fresh).on(disk);
        let rolling = Rolling::new(segment, opened.hour, config.segment_max);
        let keeper = Keeper::start(dir.clone(), to_do, Arc::clone(&fresh), config.index_every)?;
        let mut log = Self::start(rolling, config, Some((lease, keeper)), faults)
            .map_err(StoreError::io("start the writer of", &dir.events_path()))?;
        log.fence().add(&erased);
        (log.dir, log.fresh) = (Some(dir.clone()), fresh);
        log.chores = Mutex::new(Some(chores));
        log.queue.health().quarantined(opened.aside.n_bytes, opened.aside.n_lines);
        Ok(log)
    }

    /// Whether everything that was handed over is dealt with, and whoever waited for it was told.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.queue.is_idle()
    }

    fn ask_keeper(&self, chore: fn(IndexReply) -> Chore) -> Result<CaughtUp, StoreError> {
        let (reply, done) = oneshot::channel();
        let is_asked = match &*self.chores() {
            Some(chores) => chores.send(chore(reply)).is_ok(),
            None => false,
        };
        let done = if is_asked { done.blocking_recv().ok() } else { None };
        done.unwrap_or_else(|| {
            let why = io::Error::other("the log is closed");
            Err(StoreError::io("keep up the index of", Path::new("the event log"))(why))
        })
    }

    /// What its writer tells of what it writes.
    #[cfg(test)]
    pub(crate) fn fresh(&self) -> &Fresh {
        &self.fresh
    }

    fn chores(&self) -> MutexGuard<'_, Option<Chores>> {
        self.chores.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What keeps erased conversations from being written again.
    #[must_use]
    pub fn fence(&self) -> &Fence {
        &self.queue.fence
    }

    /// Writes what waits, forces it to disk and stops. No place is given out from here on; slots that
    /// are out may still be filled until `within` has passed. What is not written by then is lost.
    pub async fn close(&self, within: Duration) -> CloseReport {
        self.chores().take();
        self.queue.close(Instant::now() + within);
        let mut ended = self.queue.ended();
        // Past the grace the thread hangs in a call to the disk, and waiting longer helps nobody.
        let in_time =
            tokio::time::timeout(within + CLOSE_GRACE, ended.wait_for(|ended| *ended)).await;
        let stats = self.stats();
        let lost = stats.lost + stats.queue_depth;
        let complete = matches!(in_time, Ok(Ok(_))) && !stats.failing && self.queue.all_vacated();
        if lost > 0 {
            tracing::error!(lost, cause = stats.last_error, "the event log closed with a loss");
        }
        CloseReport { written: stats.written, lost, complete }
    }

    fn start(
        segments: Rolling<impl SegmentFile>,
        config: EventLogConfig,
        held: Option<(LogLease, Keeper)>,
        faults: Option<Arc<Faults>>,
    ) -> io::Result<Self> {
        let queue = Arc::new(Queue::new(config));
        let writer = Writer::new(Arc::clone(&queue), segments, config.sync, faults);
        let ending = Ending(Arc::clone(&queue));
        let run = move || {
            // Dropped from the last to the first: the keeper ends with the writer, only then may
            // another log write these segments, and only then is the end said.
            let _ending = ending;
            let (_lease, _keeper) = held.unzip();
            writer.run();
        };
        std::thread::Builder::new().name("event-log".to_owned()).spawn(run)?;
        let (rotating, chores) = (Mutex::new(()), Mutex::new(None));
        Ok(Self { queue, config, dir: None, fresh: Arc::default(), rotating, chores })
    }
}

/// Makes segments of an older log that was migrated. The caller holds the log's lease.
pub(crate) fn cut_older(dir: &DataDir) -> Result<(), StoreError> {
    open::cut_older(dir, EventLogConfig::default().segment_max)
}

/// Says that the writer's thread has ended, also if it panicked.
struct Ending(Arc<Queue>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.say_ended();
    }
}

impl EventStore for FileEventLog {
    fn reserve(&self) -> Reserve {
        Reserve::new(&self.queue)
    }

    fn stats(&self) -> EventLogStats {
        self.queue.stats()
    }

    fn rotate(&self, now: Timestamp, rotate: Rotate) -> Result<Rotated, StoreError> {
        let _rotating = self.rotating.lock().unwrap_or_else(PoisonError::into_inner);
        match &self.dir {
            Some(dir) => rotate::rotate(self, dir, now, rotate),
            None => Ok(Rotated::default()),
        }
    }

    fn refuses(&self, pseudonym: &Pseudonym) -> bool {
        self.fence().refuses(pseudonym)
    }

    fn catch_up_index(&self) -> Result<CaughtUp, StoreError> {
        self.ask_keeper(Chore::CatchUp)
    }

    fn reindex(&self) -> Result<CaughtUp, StoreError> {
        self.ask_keeper(Chore::Reindex)
    }

    fn recent(&self, times: &Range<Timestamp>) -> Option<Recent> {
        self.fresh.seen(times, self.dir.as_ref()?.segments_changes())
    }

    fn keep_recent(&self) {
        if self.fresh.keep()
            && let Some(chores) = &*self.chores()
        {
            // Where the keeper has ended, nothing is written any more.
            chores.send(Chore::Look).ok();
        }
    }

    fn knows_unread(&self) -> bool {
        self.dir.as_ref().is_some_and(|dir| self.fresh.is_all_told(dir.segments_changes()))
    }
}

impl Drop for FileEventLog {
    /// Blocks for up to a second if the disk fails or slots are out.
    fn drop(&mut self) {
        self.chores().take();
        self.queue.close(Instant::now() + DROP_DRAIN_MAX);
        self.queue.wait_for_end(DROP_DRAIN_MAX + CLOSE_GRACE);
    }
}
