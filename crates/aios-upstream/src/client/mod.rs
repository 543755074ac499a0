//! HTTP/1.1 to endpoints: a small pool of connections that are driven by whoever uses them.
//!
//! hyper splits a connection into a handle and a future that moves the bytes. That future is usually
//! a task of its own, which costs two wake-ups across tasks for each message. Here the one request
//! that uses a connection polls it: nothing is spawned, and dropping the reply closes the connection,
//! which is what tells a model server to stop generating.

mod caller;
mod connect;
mod fetch;
mod link;
mod pool;

pub use caller::{CallError, CallReply, Caller};
pub(crate) use connect::{ConnectError, Connector};
pub use fetch::HttpFetch;
pub(crate) use fetch::bearer_value;
pub(crate) use link::{Link, LinkError};
pub(crate) use pool::{HttpBody, Pool, SendError};
