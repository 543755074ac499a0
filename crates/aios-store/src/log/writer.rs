//! The thread that writes: takes a batch, serializes it, gives it to the disk, and does not let go of
//! it until the disk has taken it or the log is closed.

use std::sync::Arc;
use std::time::{Duration, Instant};

use aios_core::Event;

use super::queue::{Next, Pace, Queue, gather};
use super::segment::{Segment, SegmentFile};
use crate::SyncPolicy;

/// A write is made once so many bytes are serialized, so that a long queue does not become one huge
/// buffer.
const WRITE_TARGET: usize = 256 * 1024;

/// First wait after a failure; doubled with each further one.
const BACKOFF_MIN: Duration = Duration::from_millis(20);

/// Longest wait between two tries.
const BACKOFF_MAX: Duration = Duration::from_secs(2);

/// Writes the events of a queue to a segment.
pub(crate) struct Writer<F> {
    queue: Arc<Queue>,
    segment: Segment<F>,
    sync: SyncPolicy,
    buffer: Vec<u8>,
    /// Events in `buffer`.
    n_buffered: usize,
    /// Events taken from the queue and written or given up.
    sequence: u64,
    sync_at: Option<Instant>,
}

impl<F: SegmentFile> Writer<F> {
    pub(crate) fn new(queue: Arc<Queue>, segment: Segment<F>, sync: SyncPolicy) -> Self {
        Self { queue, segment, sync, buffer: Vec::new(), n_buffered: 0, sequence: 0, sync_at: None }
    }

    /// Runs until the queue is closed and empty.
    pub(crate) fn run(mut self) {
        let mut batch = Vec::new();
        let mut taken_at = Instant::now();
        loop {
            match self.queue.next(&mut batch, Pace { taken_at, sync_at: self.sync_at }) {
                Next::Write { arrived } => {
                    taken_at = Instant::now();
                    self.write(&mut batch);
                    self.sync_after_write(arrived);
                }
                Next::Sync => self.sync(),
                Next::End => return self.sync_at_end(),
            }
        }
    }

    fn write(&mut self, batch: &mut Vec<Event>) {
        for event in batch.drain(..) {
            self.encode(&event);
            if self.buffer.len() >= WRITE_TARGET {
                self.flush();
            }
        }
        self.flush();
    }

    fn encode(&mut self, event: &Event) {
        let start = self.buffer.len();
        match serde_json::to_writer(&mut self.buffer, event) {
            Ok(()) => {
                self.buffer.push(b'\n');
                self.n_buffered += 1;
            }
            // Memory takes every write and an event's keys are text, so this does not happen.
            Err(error) => {
                tracing::error!(%error, id = %event.id(), "an event could not be serialized");
                self.buffer.truncate(start);
                self.sequence += 1;
                self.queue.abandon(1);
            }
        }
    }

    /// Writes the buffer, again and again if need be. Requests feel it as a queue that stays full.
    fn flush(&mut self) {
        if self.n_buffered == 0 {
            return;
        }
        let mut backoff = BACKOFF_MIN;
        let mut kept = self.append();
        while !kept && self.queue.pause(backoff) {
            backoff = BACKOFF_MAX.min(backoff * 2);
            kept = self.append();
        }
        self.sequence += self.n_buffered as u64;
        if kept {
            self.queue.health().wrote(self.n_buffered as u64, self.buffer.len() as u64);
            self.queue.written(self.n_buffered, self.sequence);
        } else {
            self.queue.abandon(self.n_buffered);
        }
        self.n_buffered = 0;
        self.buffer.clear();
        // One long line must not hold its memory for good.
        self.buffer.shrink_to(2 * WRITE_TARGET);
    }

    fn append(&mut self) -> bool {
        let appended = match self.sync {
            SyncPolicy::Always => self.segment.append_durably(&self.buffer),
            SyncPolicy::Interval(_) | SyncPolicy::Never => self.segment.append(&self.buffer),
        };
        match appended {
            Ok(()) => {
                if self.sync == SyncPolicy::Always {
                    self.queue.health().synced();
                }
                self.queue.health().works();
                true
            }
            Err(error) => {
                self.queue.health().failed("write", &error);
                false
            }
        }
    }

    fn sync_after_write(&mut self, arrived: Instant) {
        let SyncPolicy::Interval(interval) = self.sync else { return };
        // Begun early by one gathering, so that it is over when the interval is.
        let due = arrived + interval.saturating_sub(gather(self.sync));
        let sync_at = *self.sync_at.get_or_insert(due);
        if Instant::now() >= sync_at {
            self.sync();
        }
    }

    fn sync(&mut self) {
        self.sync_at = if self.try_sync() { None } else { Some(Instant::now() + BACKOFF_MAX) };
    }

    /// Whatever the policy: this is the last chance.
    fn sync_at_end(&mut self) {
        let mut backoff = BACKOFF_MIN;
        while !self.try_sync() && self.queue.pause(backoff) {
            backoff = BACKOFF_MAX.min(backoff * 2);
        }
    }

    fn try_sync(&mut self) -> bool {
        match self.segment.sync() {
            Ok(()) => {
                self.queue.health().synced();
                self.queue.health().works();
                true
            }
            Err(error) => {
                self.queue.health().failed("sync", &error);
                false
            }
        }
    }
}

impl<F> Drop for Writer<F> {
    /// Also if the thread panics: then nobody may wait for it.
    fn drop(&mut self) {
        self.queue.abandon(self.n_buffered);
        self.queue.finish();
    }
}
