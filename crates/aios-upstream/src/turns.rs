//! An endpoint's limit of requests at once, with a short queue in front of it.
//!
//! A local model server has few slots; what it cannot serve at once is better off waiting here, where
//! it can still go elsewhere, than in the server's own unbounded queue.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The limit.
#[derive(Debug)]
pub(crate) struct Turns {
    places: Arc<Semaphore>,
    concurrency_max: usize,
    queue_max: usize,
    queue_timeout: Duration,
    queued: AtomicUsize,
}

/// The right to call the endpoint; given back when dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    _place: OwnedSemaphorePermit,
}

/// There is no turn to be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoTurn {
    /// The queue is full.
    Full,
    /// The wait was too long.
    TooLong,
}

impl Turns {
    pub(crate) fn new(concurrency_max: usize, queue_max: usize, queue_timeout: Duration) -> Self {
        Self {
            places: Arc::new(Semaphore::new(concurrency_max)),
            concurrency_max,
            queue_max,
            queue_timeout,
            queued: AtomicUsize::new(0),
        }
    }

    pub(crate) fn queued(&self) -> usize {
        self.queued.load(Ordering::Relaxed)
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.concurrency_max.saturating_sub(self.places.available_permits())
    }

    /// Takes a turn; waits in the queue if it must.
    pub(crate) async fn take(&self) -> Result<Turn, NoTurn> {
        if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
            return Ok(Turn { _place: place });
        }
        let _queued = Queued::enter(self)?;
        let place = Arc::clone(&self.places).acquire_owned();
        match tokio::time::timeout(self.queue_timeout, place).await {
            Ok(Ok(place)) => Ok(Turn { _place: place }),
            Ok(Err(_)) | Err(_) => Err(NoTurn::TooLong),
        }
    }
}

/// A place in the queue.
struct Queued<'a>(&'a AtomicUsize);

impl<'a> Queued<'a> {
    fn enter(turns: &'a Turns) -> Result<Self, NoTurn> {
        let before = turns.queued.fetch_add(1, Ordering::Relaxed);
        let queued = Self(&turns.queued);
        if before < turns.queue_max { Ok(queued) } else { Err(NoTurn::Full) }
    }
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_short_queue_stands_before_the_limit() {
        let turns = Arc::new(Turns::new(1, 1, Duration::from_secs(3)));
        let first = turns.take().await.unwrap();
        let second = tokio::spawn({
            let turns = Arc::clone(&turns);
            async move { turns.take().await }
        });
        tokio::task::yield_now().await;
        assert_eq!((turns.in_flight(), turns.queued()), (1, 1));
        assert_eq!(turns.take().await.unwrap_err(), NoTurn::Full);
        drop(first);
        let second = second.await.unwrap().unwrap();
        assert_eq!((turns.in_flight(), turns.queued()), (1, 0));
        assert_eq!(turns.take().await.unwrap_err(), NoTurn::TooLong);
        drop(second);
        assert_eq!(turns.in_flight(), 0);
    }
}
