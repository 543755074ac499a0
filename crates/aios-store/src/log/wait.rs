//! What others ask of the thread that writes, and wait for.

use std::io;
use std::path::Path;

use tokio::sync::oneshot;

use super::FileEventLog;
use crate::StoreError;

/// What is to be true of every event that was appended before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    /// It is in a segment.
    Written,
    /// It is in a sealed one.
    Sealed,
}

/// A wish, and where the writer says how it went.
#[derive(Debug)]
pub(crate) struct Waiter {
    pub(crate) wish: Wish,
    pub(crate) reply: oneshot::Sender<Result<(), String>>,
}

type Reply = oneshot::Receiver<Result<(), String>>;

impl FileEventLog {
    /// Seals every segment that takes events: each event appended before this call is in a sealed
    /// segment after it, and those appended later go into new ones.
    ///
    /// # Errors
    /// When the log is closed or the disk refuses.
    pub async fn seal(&self) -> Result<(), StoreError> {
        told(Wish::Sealed, self.ask(Wish::Sealed).await.ok())
    }

    /// The same for threads that may wait.
    pub(crate) fn seal_blocking(&self) -> Result<(), StoreError> {
        told(Wish::Sealed, self.ask(Wish::Sealed).blocking_recv().ok())
    }

    /// Waits until each event that was appended before this call can be read. For threads that may wait.
    ///
    /// # Errors
    /// When the log is closed or the disk refuses.
    pub(crate) fn settle_blocking(&self) -> Result<(), StoreError> {
        let stats = self.queue.stats();
        // What cannot be written is tried again for as long as the log is open.
        if stats.failing && stats.queue_depth > 0 {
            let why = stats.last_error.unwrap_or_else(|| "the disk refuses".to_owned());
            return told(Wish::Written, Some(Err(why)));
        }
        told(Wish::Written, self.ask(Wish::Written).blocking_recv().ok())
    }

    fn ask(&self, wish: Wish) -> Reply {
        let (reply, answer) = oneshot::channel();
        self.queue.ask(Waiter { wish, reply });
        answer
    }
}

fn told(wish: Wish, answer: Option<Result<(), String>>) -> Result<(), StoreError> {
    let operation = match wish {
        Wish::Written => "write",
        Wish::Sealed => "seal",
    };
    let answer = answer.unwrap_or_else(|| Err("it is closed".to_owned()));
    answer
        .map_err(|why| StoreError::io(operation, Path::new("the event log"))(io::Error::other(why)))
}
