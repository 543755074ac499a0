//! The event log in a file: many tasks append, one thread writes.
//!
//! The thread gathers what comes in for a moment and gives it to the operating system in one write, so
//! that a busy gateway pays for some forty writes a second and an idle one for nothing. An event
//! becomes its line where it was made; appending it is a copy under a lock.

mod decide;
mod health;
mod queue;
mod recover;
mod segment;
mod writer;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::data_dir::LogLease;
use crate::{DataDir, EventLogConfig, EventLogStats, EventStore, Reserve, StoreError};

pub(crate) use health::Durability;
use queue::Queue;
use segment::{DiskFile, Segment, SegmentFile};
use writer::Writer;

/// How long a log that is dropped without [`FileEventLog::close`] tries to write what waits.
const DROP_DRAIN_MAX: Duration = Duration::from_secs(1);

/// How long past its deadline a close waits for the thread to say that it has given up.
const CLOSE_GRACE: Duration = Duration::from_millis(250);

/// The event log of a data directory, open for writing.
#[derive(Debug)]
pub struct FileEventLog {
    queue: Arc<Queue>,
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
    /// Opens the active segment, puts a torn end aside and starts the writer.
    ///
    /// # Errors
    /// When this process does not own the directory, the log is open already, or the file cannot be
    /// opened or repaired.
    pub fn open(dir: &DataDir, config: EventLogConfig) -> Result<Self, StoreError> {
        let lease = dir.lease_log()?;
        let path = dir.events_path();
        let (file, recovered) = DiskFile::open(&path, &dir.quarantine_path())?;
        let log = Self::start(Segment::new(file), config, Some(lease))
            .map_err(StoreError::io("start the writer of", &path))?;
        log.queue.health().quarantined(recovered.quarantined);
        Ok(log)
    }

    /// Writes what waits, forces it to disk and stops. No place is given out from here on; slots that
    /// are out may still be filled until `within` has passed. What is not written by then is lost.
    pub async fn close(&self, within: Duration) -> CloseReport {
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
        segment: Segment<impl SegmentFile>,
        config: EventLogConfig,
        lease: Option<LogLease>,
    ) -> std::io::Result<Self> {
        let queue = Arc::new(Queue::new(config));
        let writer = Writer::new(Arc::clone(&queue), segment, config.sync);
        let run = move || {
            writer.run();
            // Only now may another log write this segment.
            drop(lease);
        };
        std::thread::Builder::new().name("event-log".to_owned()).spawn(run)?;
        Ok(Self { queue })
    }
}

impl EventStore for FileEventLog {
    fn reserve(&self) -> Reserve {
        Reserve::new(&self.queue)
    }

    fn stats(&self) -> EventLogStats {
        self.queue.stats()
    }
}

impl Drop for FileEventLog {
    /// Blocks for up to a second if the disk fails or slots are out.
    fn drop(&mut self) {
        self.queue.close(Instant::now() + DROP_DRAIN_MAX);
        self.queue.wait_for_end(DROP_DRAIN_MAX + CLOSE_GRACE);
    }
}
