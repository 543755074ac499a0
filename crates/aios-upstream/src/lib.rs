//! To be written.

mod discover;
mod kind;
mod observe;
mod quirks;
mod sim;
mod sse;

pub use discover::{
    Fetch, FoundModel, FoundServer, LOOPBACK_ROOTS, PROBE_TIMEOUT, Pick, Tiers, billions_of_name,
    choose_tiers, discover,
};
pub use kind::ServerKind;
pub use observe::{EventAction, Observed, Observer, WholeFault};
pub use sim::{FaultPlan, SimBody, SimCut, SimFaults, SimModel, SimRefused, SimSpec, SimUrlError};
pub use sse::{EVENT_BYTES_MAX, EventTooLarge, SseBlock, SseEvent, SseFields, SseScanner};
