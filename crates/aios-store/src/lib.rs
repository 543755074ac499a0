//! The data directory, the keys in it and the event log: the only crate that writes disk.
//!
//! The log is newline-delimited JSON, so that `tail` and `grep` work on it, in segments: one that takes
//! events, and sealed ones, hot as text or cold in gzip. A line counts from the moment its newline is
//! there: whatever follows the last newline is torn, and no reader here takes it for data. One process owns the directory and writes; any number of others read without a lock.
//!
//! A request takes its place in the log ([`EventStore::reserve`]) before it is admitted, and appending
//! to a place ([`Slot::append`]) neither waits nor fails. So the log can refuse work, but not an event.

mod address;
mod audit;
mod back;
mod chain;
mod clients;
mod control;
mod data_dir;
mod disk;
mod documents;
mod erase;
mod error;
mod fail;
mod filter;
mod goldens;
mod head;
mod hex;
mod index;
mod key;
mod lines;
mod log;
mod memory;
mod migrate;
mod papers;
mod quarantine;
mod ram;
mod read;
mod register;
mod regular;
mod replace;
mod retention;
mod room;
mod rotator;
mod segment;
mod sign;
mod slot;
mod stats;
mod store;
mod verify;

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod fixture;

pub use audit::{
    AuditAction, AuditConfig, AuditEntry, AuditFault, AuditLog, AuditStats, AuditVerdict,
    AuditVerified, Pruned, actor, audit_tail, verify_audit,
};
pub use control::{ControlFault, ControlHistory, ControlLog, ControlTail, Kept};
pub use data_dir::DataDir;
pub use erase::{
    Census, Depth, EraseError, ErasePlan, EraseRequest, EraseTarget, Eraser, ErasureProof,
    ErasureState, Fence, Hits, KeyUse, LedgerEntry, Left, Receipt, ReceiptChecked, Resumed, Stays,
    StoreCount, StoreHits, Unfinished, WaitsFor, Witness, erasures, plan_hash, unfinished,
    verify_receipt,
};
pub use error::StoreError;
#[cfg(feature = "fail-points")]
pub use fail::{arm, passed, passes};
pub use filter::Filter;
pub use goldens::{GoldenPaths, change_document, read_document, write_document};
pub use index::{
    Budget, CaughtUp, Cell, Counts, Cursor, Index, Latencies, Page, Recent, Row, Search, Seen,
    Sequels, Span, WEIGHT_BARS,
};
pub use lines::{BadLine, LINE_MAX, Line, ReadError};
pub use log::{CloseReport, DiskFaults, FileEventLog};
pub use memory::{
    Added, CACHE_BYTES_MAX, Decayed, Deduplicated, FRAGMENT_ID_MAX, FRAGMENT_MAX, FragmentUse,
    Home, Listed, MemoryScope, MemoryStats, MemoryStore, NewFragment, Outcome, Pending, Recalled,
    RecalledFragment, Refusal, Revised, Worded, fragment_id,
};
pub use migrate::{Migrated, Migration, Outside, migrate, outside};
pub use papers::contradictions;
pub use ram::RamEventLog;
pub use read::{Events, Follow, FollowFrom, find_event, oldest_event, query, read_rows, tail};
pub use register::{Acknowledged, acknowledge_loss};
pub use retention::{
    Class, Held, Hold, HoldId, Holds, Item, NewHold, Plan, Policy, Rotate, Rotated, Step, Stop,
    Term, plan,
};
pub use room::{DiskRoom, Part, disk_room, parts};
pub use rotator::{Rotator, RotatorStats, would_rotate};
pub use segment::{
    Age, Day, DigestOf, Footer, Keep, Look, Rewritten, Salvaged, SegmentId, SegmentIdError,
    SegmentInfo, Segments, Text,
};
pub use slot::{Commit, CommitError, Reserve, ReserveError, Slot};
pub use stats::{ClassStats, stats};
pub use store::{EventLogConfig, EventLogStats, EventStore, OnFull, SyncPolicy};
pub use verify::{Fault, Known, Verified, verify};
