//! The thread that writes: takes a batch of lines, gives it to the disk, and does not let go of it
//! until the disk has taken it or the log is closed.

use std::sync::Arc;
use std::time::{Duration, Instant};

use aios_core::Faults;

use super::batch::{Batch, Piece};
use super::decide::{Next, Pace, gather};
use super::queue::Queue;
use super::rolling::Rolling;
use super::segment::SegmentFile;
use super::wait::{Waiter, Wish};
use crate::SyncPolicy;

/// First wait after a failure; doubled with each further one.
const BACKOFF_MIN: Duration = Duration::from_millis(20);

/// How often it is looked what others have done to the file while nothing is written.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Longest wait between two tries.
const BACKOFF_MAX: Duration = Duration::from_secs(2);

/// Writes the events of a queue to segments.
pub(crate) struct Writer<F> {
    queue: Arc<Queue>,
    segments: Rolling<F>,
    sync: SyncPolicy,
    /// Events taken from the queue that are neither written nor given up.
    in_hand: usize,
    /// Events taken from the queue and written or given up.
    sequence: u64,
    sync_at: Option<Instant>,
    /// When it was last looked what others have done to the file.
    looked_at: Instant,
    /// The last write failed; a sync that works does not change that.
    is_stuck: bool,
    /// The last look between writes failed.
    is_blind: bool,
    /// What goes wrong with the disk, where that may be ordered.
    faults: Option<Arc<Faults>>,
}

impl<F: SegmentFile> Writer<F> {
    pub(crate) fn new(
        queue: Arc<Queue>,
        segments: Rolling<F>,
        sync: SyncPolicy,
        faults: Option<Arc<Faults>>,
    ) -> Self {
        Self {
            queue,
            segments,
            sync,
            in_hand: 0,
            sequence: 0,
            sync_at: None,
            looked_at: Instant::now(),
            is_stuck: false,
            is_blind: false,
            faults,
        }
    }

    /// Runs until the queue is closed and empty.
    pub(crate) fn run(mut self) {
        let mut batch = Batch::default();
        let mut taken_at = Instant::now();
        loop {
            let look_at = Some(self.looked_at + LOOK_EVERY);
            match self.queue.next(&mut batch, Pace { taken_at, sync_at: self.sync_at, look_at }) {
                Next::Write { arrived } => {
                    taken_at = Instant::now();
                    self.write(&mut batch);
                    self.sync_after_write(arrived);
                }
                Next::Sync => self.sync(),
                Next::Look => self.look(),
                Next::Answer { waiters, arrived } => {
                    taken_at = Instant::now();
                    if batch.n_events() > 0 {
                        self.write(&mut batch);
                        self.sync_after_write(arrived);
                    }
                    self.answer(waiters);
                }
                Next::End => return self.sync_at_end(),
            }
        }
    }

    /// Writes the batch, again and again if need be. Requests feel it as a queue that stays full.
    fn write(&mut self, batch: &mut Batch) {
        self.in_hand = batch.n_events();
        for piece in batch.pieces() {
            self.write_piece(piece);
        }
        batch.clear();
    }

    fn write_piece(&mut self, piece: Piece<'_>) {
        let mut backoff = BACKOFF_MIN;
        let mut kept = self.append(piece);
        while !kept && self.queue.pause(backoff) {
            backoff = BACKOFF_MAX.min(backoff * 2);
            kept = self.append(piece);
        }
        let n_events = piece.n_events();
        self.sequence += n_events as u64;
        if kept {
            self.queue.health().wrote(n_events as u64, piece.lines.len() as u64);
            self.queue.written(n_events, self.sequence);
        } else {
            self.queue.abandon(n_events);
        }
        self.in_hand -= n_events;
    }

    /// Does what was asked after all before it is written; what was given up is lost and in nobody's way.
    fn answer(&mut self, waiters: Vec<Waiter>) {
        let (to_seal, done): (Vec<_>, Vec<_>) =
            waiters.into_iter().partition(|waiter| waiter.wish == Wish::Sealed);
        tell(done, Ok(()));
        if !to_seal.is_empty() {
            tell(to_seal, self.seal());
        }
    }

    /// Seals what is open. A failure is for those who asked: events go on being written.
    fn seal(&mut self) -> Result<(), String> {
        let sealed = self.segments.seal();
        if sealed.is_ok() {
            self.sync_at = None;
        }
        self.count_gone();
        sealed.map_err(|error| error.to_string())
    }

    fn append(&mut self, piece: Piece<'_>) -> bool {
        let durably = self.sync == SyncPolicy::Always;
        let ordered = self.faults.as_ref().map_or(Ok(()), |faults| faults.before_write());
        let appended = ordered.and_then(|()| self.segments.append(piece, durably));
        self.count_gone();
        match appended {
            Ok(()) => {
                if self.sync == SyncPolicy::Always {
                    self.queue.health().synced();
                }
                self.is_stuck = false;
                self.queue.health().works();
                true
            }
            Err(error) => {
                self.is_stuck = true;
                self.queue.health().failed("write", &error);
                false
            }
        }
    }

    /// Between writes, each of which is a look of its own.
    fn look(&mut self) {
        let looked = self.segments.look();
        self.count_gone();
        let was_blind = std::mem::replace(&mut self.is_blind, looked.is_err());
        match looked {
            Ok(()) if was_blind && !self.is_stuck => self.queue.health().works(),
            Ok(()) => {}
            Err(error) => self.queue.health().failed("look at", &error),
        }
    }

    /// What others have taken out of the log is lost.
    fn count_gone(&mut self) {
        self.looked_at = Instant::now();
        let n_gone = self.segments.take_gone();
        if n_gone > 0 {
            self.queue.health().taken(n_gone);
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
        match self.segments.sync() {
            Ok(()) => {
                self.queue.health().synced();
                if !self.is_stuck {
                    self.queue.health().works();
                }
                true
            }
            Err(error) => {
                self.queue.health().failed("sync", &error);
                false
            }
        }
    }
}

fn tell(waiters: Vec<Waiter>, answer: Result<(), String>) {
    for waiter in waiters {
        // Who asked may have left.
        drop(waiter.reply.send(answer.clone()));
    }
}

impl<F> Drop for Writer<F> {
    /// Also if the thread panics: then nobody may wait for it.
    fn drop(&mut self) {
        self.queue.abandon(self.in_hand);
        self.queue.finish();
    }
}
