//! Alerts: what is wrong becomes an episode, an episode becomes messages, and messages stay in the outbox
//! until their receiver has taken them.
//!
//! `book.rs` decides and is pure: time and what is seen are arguments. `watch.rs` looks at each minute and sends;
//! it stands beside serving, so that trouble here is nobody else's. Each change of the book is on disk
//! before anything is sent, and a message is closed only by a 2xx: a receiver that is down for an hour
//! misses nothing, and one that is slow may hear something twice.

mod book;
mod canary;
mod message;
mod metrics;
mod runbook;
mod send;
mod sight;
mod target;
mod watch;
mod watched;

pub use book::{Book, Delivery, Episode, Past, Told};
pub use message::{Message, MessageKind, Severity};
pub(crate) use metrics::{AlertCollector, AlertMetrics};
pub use runbook::{RUNBOOK, runbook};
pub use send::send;
pub use target::{AlertConfig, ChannelKind, Target};
pub(crate) use watch::Watch;
