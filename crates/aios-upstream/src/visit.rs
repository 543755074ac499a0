//! One call's stay at an endpoint: holds its turn and tells its breaker how it ended.

use std::sync::Arc;

use tokio::time::Instant;

use crate::Failure;
use crate::endpoint::Endpoint;
use crate::turns::{NoTurn, Turn};

/// A stay. Dropped without a verdict, it says nothing of the endpoint: the client left.
#[derive(Debug)]
pub(crate) struct Visit {
    endpoint: Arc<Endpoint>,
    _turn: Turn,
    started: Instant,
    judged: bool,
}

impl Visit {
    /// Waits for a turn.
    pub(crate) async fn begin(endpoint: &Arc<Endpoint>) -> Result<Self, NoTurn> {
        let turn = endpoint.turns.take().await?;
        let started = Instant::now();
        endpoint.breaker().enter(started);
        Ok(Self { endpoint: Arc::clone(endpoint), _turn: turn, started, judged: false })
    }

    pub(crate) fn endpoint(&self) -> &Arc<Endpoint> {
        &self.endpoint
    }

    /// The first event or the whole reply has come.
    pub(crate) fn answered(&self, now: Instant) {
        self.endpoint.answered_after(now.saturating_duration_since(self.started));
    }

    /// The call ended well.
    pub(crate) fn succeeded(mut self, model_mismatch: bool) {
        self.judged = true;
        self.endpoint.succeeded(model_mismatch);
    }

    /// The call failed.
    pub(crate) fn failed(mut self, failure: &Failure) {
        self.judged = true;
        self.endpoint.failed(failure, Instant::now());
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        if !self.judged {
            self.endpoint.breaker().left();
        }
    }
}
