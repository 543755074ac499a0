//! Places in the event log: taken before a request is admitted, filled when it ends.
//!
//! A place is a permit of a semaphore. It goes back when the event has been written, or when the slot
//! is dropped unused; so the permits that are out bound everything that waits, and a disk that cannot
//! keep up is felt by requests before they are admitted and never after.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use aios_core::Event;
use tokio::sync::Semaphore;

use crate::OnFull;
use crate::log::Durability;

/// A place in the event log. Dropped unused, it is free again.
#[must_use = "a slot that is dropped keeps no event"]
pub struct Slot {
    sink: Arc<dyn Sink>,
    held: bool,
}

/// An event on its way to the disk.
#[derive(Debug)]
pub struct Commit(State);

#[derive(Debug)]
enum State {
    /// As safe as the policy asks.
    Accepted,
    /// Not kept.
    Lost,
    /// Waits for the disk.
    Pending { durability: Arc<Durability>, sequence: u64 },
}

/// Why there is no place in the event log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReserveError {
    /// No place became free in time.
    #[error("the event log has no room: all {queue_max} places are taken by requests under way and events not yet written, and none became free in {waited:?}{}", because(cause.as_deref()))]
    Full {
        /// Most events that may wait.
        queue_max: usize,
        /// How long this one waited for a place.
        waited: Duration,
        /// The last failure of the disk, if it is failing.
        cause: Option<String>,
    },
    /// The log is being closed.
    #[error("the event log is closed")]
    Closed,
}

/// Why an event is not known to be on disk.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// The event is still queued and may yet be written.
    #[error("the event was not on disk within {waited:?}{}", because(cause.as_deref()))]
    Late {
        /// How long was waited.
        waited: Duration,
        /// The last failure of the disk, if it is failing.
        cause: Option<String>,
    },
    /// The event was not kept: there was no room, or the log was closed before it was written.
    #[error("the event was not kept")]
    Lost,
}

/// What a store does behind its slots.
pub(crate) trait Sink: Send + Sync {
    fn gate(&self) -> &Gate;

    /// Takes an event for a place that is held; the store gives the place back once it is written.
    fn accept(&self, event: Event) -> Commit;

    /// Counts an event for which there was no place.
    fn lose(&self);

    /// A place that was held has become free.
    fn vacated(&self);

    /// Somebody waits for a place.
    fn hurry(&self);

    /// What keeps places from becoming free, if that is known.
    fn cause(&self) -> Option<String>;
}

/// The places of a store.
#[derive(Debug)]
pub(crate) struct Gate {
    places: Semaphore,
    n_places: usize,
    on_full: OnFull,
}

/// A future that resolves to a [`Slot`].
pub struct Reserve(Reserving);

enum Reserving {
    Ready(Option<Result<Slot, ReserveError>>),
    Waiting(Pin<Box<dyn Future<Output = Result<Slot, ReserveError>> + Send>>),
}

impl Slot {
    /// Hands the event over. Neither waits nor fails.
    pub fn append(mut self, event: Event) -> Commit {
        if std::mem::take(&mut self.held) || self.sink.gate().try_take() {
            return self.sink.accept(event);
        }
        self.sink.lose();
        Commit(State::Lost)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if self.held {
            self.sink.gate().free(1);
            self.sink.vacated();
        }
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot").field("held", &self.held).finish_non_exhaustive()
    }
}

impl Commit {
    /// Whether the request's answer has to wait for [`durable`](Self::durable): only with
    /// [`SyncPolicy::Always`](crate::SyncPolicy::Always).
    #[must_use]
    pub fn needs_wait(&self) -> bool {
        match self.0 {
            State::Pending { .. } => true,
            State::Accepted | State::Lost => false,
        }
    }

    /// Waits until the event is as safe as the policy asks; at once unless it is `Always`.
    ///
    /// # Errors
    /// When the event was not kept, or is not on disk after ten seconds.
    pub async fn durable(self) -> Result<(), CommitError> {
        match self.0 {
            State::Accepted => Ok(()),
            State::Lost => Err(CommitError::Lost),
            State::Pending { durability, sequence } => durability.reached(sequence).await,
        }
    }

    pub(crate) const fn accepted() -> Self {
        Self(State::Accepted)
    }

    pub(crate) const fn lost() -> Self {
        Self(State::Lost)
    }

    pub(crate) const fn pending(durability: Arc<Durability>, sequence: u64) -> Self {
        Self(State::Pending { durability, sequence })
    }
}

impl Gate {
    pub(crate) fn new(n_places: usize, on_full: OnFull) -> Self {
        let n_places = n_places.clamp(1, Semaphore::MAX_PERMITS);
        Self { places: Semaphore::new(n_places), n_places, on_full }
    }

    pub(crate) fn n_places(&self) -> usize {
        self.n_places
    }

    /// Gives places back.
    pub(crate) fn free(&self, n_places: usize) {
        self.places.add_permits(n_places);
    }

    /// No place is taken any more; those that are held stay good.
    pub(crate) fn close(&self) {
        self.places.close();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.places.is_closed()
    }

    /// Whether no slot is out and no event waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.places.available_permits() == self.n_places
    }

    fn try_take(&self) -> bool {
        // Forgotten, because the place is given back by count, without the permit's own pointer.
        self.places.try_acquire().map(tokio::sync::SemaphorePermit::forget).is_ok()
    }

    async fn take(&self) -> bool {
        self.places.acquire().await.map(tokio::sync::SemaphorePermit::forget).is_ok()
    }
}

impl Reserve {
    pub(crate) fn new<S: Sink + 'static>(sink: &Arc<S>) -> Self {
        let gate = sink.gate();
        let slot = |held| Slot { sink: Arc::clone(sink) as Arc<dyn Sink>, held };
        let ready = |result| Self(Reserving::Ready(Some(result)));
        if gate.try_take() {
            return ready(Ok(slot(true)));
        }
        if gate.is_closed() {
            return ready(Err(ReserveError::Closed));
        }
        match gate.on_full {
            OnFull::Drop => ready(Ok(slot(false))),
            OnFull::Wait(wait) => {
                Self(Reserving::Waiting(Box::pin(wait_for(Arc::clone(sink), wait))))
            }
        }
    }
}

impl Future for Reserve {
    type Output = Result<Slot, ReserveError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            Reserving::Ready(result) => {
                Poll::Ready(result.take().expect("a future is not polled after it is ready"))
            }
            Reserving::Waiting(future) => future.as_mut().poll(cx),
        }
    }
}

impl fmt::Debug for Reserve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reserve").finish_non_exhaustive()
    }
}

async fn wait_for<S: Sink + 'static>(sink: Arc<S>, wait: Duration) -> Result<Slot, ReserveError> {
    sink.hurry();
    match tokio::time::timeout(wait, sink.gate().take()).await {
        Ok(true) => Ok(Slot { sink, held: true }),
        Ok(false) => Err(ReserveError::Closed),
        Err(_elapsed) => Err(ReserveError::Full {
            queue_max: sink.gate().n_places,
            waited: wait,
            cause: sink.cause(),
        }),
    }
}

fn because(cause: Option<&str>) -> String {
    cause.map(|cause| format!(": {cause}")).unwrap_or_default()
}
