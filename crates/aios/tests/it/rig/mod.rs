//! What the tests over real sockets share: the real program, a scripted model server, a raw client.
//!
//! Nothing here waits for a fixed time. What is waited for is a condition, and it has a deadline so
//! generous that only a real fault meets it.

mod client;
mod replies;
mod server;
mod setup;
mod upstream;

use std::future::Future;
use std::time::Duration;

pub(crate) use client::{Client, Reply, chat, get, post, post_with};
pub(crate) use replies::{
    DONE, chat_json, chunk, delta, events, finish, last_chunk, ok, reply, stream_head, usage,
    whole_stream,
};
pub(crate) use server::{EVENTS, Server, log, log_text, segments};
pub(crate) use setup::Setup;
pub(crate) use upstream::{Act, Gate, Received, Upstream};

/// Longest wait for anything, on the slowest machine.
pub(crate) const DEADLINE: Duration = Duration::from_secs(120);

/// Pause between two looks at something that cannot be waited on.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// The future's value; fails the test, naming `what`, if it never comes.
pub(crate) async fn soon<F: Future>(what: &str, future: F) -> F::Output {
    let Ok(value) = tokio::time::timeout(DEADLINE, future).await else {
        panic!("{what}: not within {DEADLINE:?}");
    };
    value
}

/// Looks again and again until `look` finds something.
pub(crate) async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let looking = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    soon(what, looking).await
}
