//! One call's stay at an endpoint: holds its turn and tells its breaker how it ended.

use std::sync::Arc;
use std::time::Duration;

use aios_core::Operation;
use tokio::time::Instant;

use crate::Failure;
use crate::endpoint::Endpoint;
use crate::turns::{NoTurn, Turn};

/// A fault counts at least so much towards an endpoint's latency: one that fails quickly must not look
/// quick.
const FAILURE_COSTS: Duration = Duration::from_secs(1);

/// A stay. Dropped without a verdict, it says nothing of the endpoint: the client left.
#[derive(Debug)]
pub(crate) struct Visit {
    endpoint: Arc<Endpoint>,
    operation: Operation,
    _turn: Turn,
    started: Instant,
    /// It is the call that tries the endpoint again.
    is_probe: bool,
}

impl Visit {
    /// Waits for a turn.
    pub(crate) async fn begin(
        endpoint: &Arc<Endpoint>,
        operation: Operation,
    ) -> Result<Self, NoTurn> {
        let turn = endpoint.turns.take().await?;
        let started = Instant::now();
        let is_probe = endpoint.breaker(operation).enter(started);
        Ok(Self { endpoint: Arc::clone(endpoint), operation, _turn: turn, started, is_probe })
    }

    /// The first event or the whole reply has come. The next call may try the endpoint, too: the end of a
    /// stream may be a minute away. Only what ends well brings it back.
    pub(crate) fn answered(&mut self, now: Instant) {
        self.end_probe();
        self.endpoint.answered_after(
            self.operation,
            now.saturating_duration_since(self.started),
            now,
        );
    }

    /// The call ended well.
    pub(crate) fn succeeded(self, model_mismatch: bool) {
        self.endpoint.succeeded(self.operation, model_mismatch);
    }

    /// The call failed.
    pub(crate) fn failed(self, failure: &Failure) {
        let now = Instant::now();
        self.endpoint.failed(self.operation, failure, now);
        if failure.trips() {
            let took = now.saturating_duration_since(self.started);
            self.endpoint.answered_after(self.operation, took.max(FAILURE_COSTS), now);
        }
    }
}

impl Visit {
    fn end_probe(&mut self) {
        if std::mem::take(&mut self.is_probe) {
            self.endpoint.breaker(self.operation).probe_ended();
        }
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.end_probe();
    }
}
