//! Models: endpoints, tiers, breakers, streams, simulated models. The only crate that calls out.
//!
//! [`Upstreams::complete`] takes a [`Call`] to the endpoints of a tier, one after the other until one
//! answers (`search.rs`); a call to one endpoint is an attempt (`attempt.rs`), whose failure is always somebody's
//! [`Fault`]. A reply is passed on as it came and read on the side ([`Observer`]).

mod attempt;
mod body;
mod breaker;
mod call;
mod client;
mod config;
mod dice;
mod discover;
mod endpoint;
mod fault;
mod faulty;
mod kind;
mod observe;
mod quirks;
mod refusal;
mod search;
mod sim;
mod sse;
mod stream;
mod transport;
mod turns;
mod upstreams;
mod visit;

pub use body::{Edit, ModelSlot, RequestBody};
pub use breaker::{BreakerState, BreakerStatus};
pub use call::{Answered, Call, Reply, Target, WholeReply};
pub use client::{CallError, CallReply, Caller, HttpFetch, NotHttp, ReplyHead, ReplyReader};
pub use config::{BreakerPolicy, EndpointConfig, RetryPolicy, Timeouts, UpstreamConfig};
pub use discover::{
    Fetch, FoundModel, FoundServer, PROBE_TIMEOUT, Pick, Tiers, billions_of_name, choose_tiers,
    discover,
};
pub use endpoint::EndpointStatus;
pub use fault::{ErrorReply, Failure, Fault};
pub use kind::ServerKind;
pub use observe::{EventAction, Observed, Observer, WholeFault, repaired_json};
pub use quirks::LoadCounts;
pub use sim::{FaultPlan, SimBody, SimCut, SimFaults, SimModel, SimRefused, SimSpec, SimUrlError};
pub use sse::{EVENT_BYTES_MAX, EventTooLarge, SseBlock, SseEvent, SseFields, SseScanner};
pub use stream::StreamReply;
pub use upstreams::{ModelInfo, Upstreams};
