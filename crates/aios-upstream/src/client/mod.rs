//! HTTP/1.1 to endpoints: a small pool of connections that are driven by whoever uses them.
//!
//! hyper's client is made of a handle and a task that moves the bytes, with channels between: for each message
//! two wake-ups across tasks, and a third of what the gateway spends on a request. Here the one request that
//! uses a connection reads and writes it: nothing is spawned, nothing is handed over, and dropping the reply
//! closes the connection, which is what tells a model server to stop generating. `httparse` reads the heads.

mod caller;
mod chunked;
mod connect;
mod fetch;
mod link;
mod message;
mod pool;
mod reply;
mod stream;

pub use caller::{CallError, CallReply, Caller};
pub(crate) use connect::{ConnectError, Connector};
pub use fetch::HttpFetch;
pub(crate) use fetch::bearer_value;
pub(crate) use link::{Link, LinkError};
pub(crate) use message::{HeadStart, Message};
pub(crate) use pool::{HttpBody, Pool, SendError};
pub use reply::{NotHttp, ReplyHead, ReplyReader};
