//! The vocabulary of AIOS: ids, time, routes and events. Values only; nothing here does anything.

mod attempt;
mod decision;
mod event;
mod faults;
mod id;
mod memory;
mod progress;
mod purpose;
mod reason;
mod route;
mod time;
mod unread;
mod verdict;

pub use attempt::{Attempt, AttemptOutcome};
pub use decision::{Actor, Decision};
pub use event::{
    ConversationSource, Event, EventType, FeedbackEvent, FeedbackSource, Finding, FinishReason,
    HypothesisEvent, Operation, Outcome, ResponseEvent, SCHEMA_VERSION, Timings, Tokens,
};
pub use faults::{FAULT_MAX, Fault, FaultError, Faults, Ordered};
pub use id::{EventId, RequestId};
pub use memory::{MemoryOutcome, MemoryUse};
pub use progress::Progress;
pub use purpose::Purpose;
pub use reason::{REASON_MAX, Reason, ReasonError};
pub use route::{
    BOUNDARY_DEFAULT, Boundary, Bucket, Percent, Profile, RangeError, Route, RouteReason, Split,
    Tier, Weight,
};
pub use time::{Clock, Timestamp};
pub use unread::{Unread, UnreadAt};
pub use verdict::{EvidenceWindow, GoldenGate, MetricEvidence, Verdict, VerdictReason};
