//! What an event store promises, and how it is set up and watched.

use std::ops::Range;
use std::time::Duration;

use aios_core::Timestamp;
use aios_privacy::Pseudonym;
use serde::Serialize;

use crate::{CaughtUp, Policy, Recent, Reserve, Rotate, Rotated, StoreError};

/// Where events are kept.
///
/// Every implementation passes one conformance suite, so that another store can take the place of the
/// file without the gateway noticing.
pub trait EventStore: Send + Sync {
    /// Reserves room for one event before a request is admitted, so that each admitted request can
    /// always leave its event. Where there is room the place is taken at once; the future allocates
    /// only if it has to wait.
    fn reserve(&self) -> Reserve;

    /// Counters since the store was opened.
    fn stats(&self) -> EventLogStats;

    /// Seals what takes no more events, compresses and removes what is due at `now`. Events whose time
    /// is not over stay readable, and appending goes on meanwhile. Blocks while it works, so it is not
    /// for a thread that drives a runtime.
    ///
    /// # Errors
    /// When what there is cannot be read or sealed. What a single segment's compression or removal
    /// fails with is in the answer.
    fn rotate(&self, now: Timestamp, rotate: Rotate) -> Result<Rotated, StoreError>;

    /// Whether what is of this conversation or person is accounted for without its content, because it
    /// was erased. Asked for each request where the key of the pseudonyms has older versions.
    fn refuses(&self, pseudonym: &Pseudonym) -> bool;

    /// Brings the index to where the log is, where there is one: after it, what was erased from the log is
    /// gone from the index, too. Blocks, as above.
    ///
    /// # Errors
    /// When the store is closed or the index cannot be written.
    fn catch_up_index(&self) -> Result<CaughtUp, StoreError>;

    /// Makes the index of the events anew, where there is one. Blocks, as above.
    ///
    /// # Errors
    /// When the store is closed or the index cannot be made.
    fn reindex(&self) -> Result<CaughtUp, StoreError>;

    /// The requests of a time as [`Index::seen`](crate::Index::seen) gives them once the index is up to date, as far as
    /// memory has them. None where more of that time is neither in memory nor in the index.
    fn recent(&self, _times: &Range<Timestamp>) -> Option<Recent> {
        None
    }

    /// What is written from here on is to stay in memory for a while: somebody will [ask](Self::recent) for it.
    fn keep_recent(&self) {}

    /// Whether whatever of the log cannot be read is in the index already, although that may be behind.
    fn knows_unread(&self) -> bool {
        false
    }
}

/// How the event log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventLogConfig {
    /// When events reach the disk itself.
    pub sync: SyncPolicy,
    /// Most events that are reserved or not yet written. At least 1 is taken.
    pub queue_max: usize,
    /// What happens to a request when there is no room.
    pub on_full: OnFull,
    /// Bytes after which a segment is sealed.
    pub segment_max: u64,
    /// How long events are kept.
    pub retention: Policy,
    /// How often the index is brought up at least, where nobody asks for it. Longer makes windows stale, shorter wakes
    /// an idle machine for nothing. A tenth of it where many events come.
    pub index_every: Duration,
}

impl Default for EventLogConfig {
    /// Synced within 100 ms; 8192 events; a request waits two seconds for room; segments of 64 MiB;
    /// the usual terms; an index that is a second behind.
    fn default() -> Self {
        Self {
            sync: SyncPolicy::Interval(Duration::from_millis(100)),
            queue_max: 8192,
            on_full: OnFull::Wait(Duration::from_secs(2)),
            segment_max: 64 << 20,
            retention: Policy::default(),
            index_every: Duration::from_secs(1),
        }
    }
}

/// When events are forced to the disk. What has been given to the operating system survives the death
/// of the process, whatever the policy; the policy is about the death of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncPolicy {
    /// Before the request is answered.
    Always,
    /// Within this time of the event.
    Interval(Duration),
    /// When the operating system likes.
    Never,
}

/// What happens to a request when the event log has no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFull {
    /// It waits this long, then it is refused.
    Wait(Duration),
    /// It is served; its event is kept if there is room by then, else it is counted as lost.
    Drop,
}

/// Counters of an event store.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct EventLogStats {
    /// Events handed over.
    pub appended: u64,
    /// Events given to the operating system.
    pub written: u64,
    /// Events that could not be kept, or that were taken out of the log.
    pub lost: u64,
    /// Those of them that were written: somebody else has cut, replaced or removed the file.
    pub taken: u64,
    /// Events waiting to be written.
    pub queue_depth: u64,
    /// Most events that may be reserved or waiting.
    pub queue_max: u64,
    /// Bytes written.
    pub bytes: u64,
    /// Writes to the file.
    pub batches: u64,
    /// Times the file was forced to disk.
    pub fsyncs: u64,
    /// Writes or syncs that failed and were tried again.
    pub retries: u64,
    /// Whether the last write or sync failed, so that events are piling up.
    pub failing: bool,
    /// The last failure, also after it has passed.
    pub last_error: Option<String>,
    /// Bytes of torn lines that were put aside when the log was opened.
    pub quarantined_bytes: u64,
    /// Whole lines among them: they may have been events that somebody was told were kept.
    pub quarantined_lines: u64,
}
