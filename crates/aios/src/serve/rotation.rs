//! Rotates the event log every hour, whether or not there is traffic.

use std::sync::Arc;
use std::time::Duration;

use aios_core::Clock as _;
use aios_store::{EventStore as _, FileEventLog, Rotate, Rotated, StoreError};
use tokio::time::MissedTickBehavior;

use crate::clock::SystemClock;

const EVERY: Duration = Duration::from_secs(60 * 60);

/// Goes on until it is aborted; a rotation under way then still ends.
pub(super) async fn run(store: Arc<FileEventLog>) {
    let mut tick = tokio::time::interval(EVERY);
    // A machine that slept has missed nothing that one rotation would not do.
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let store = Arc::clone(&store);
        let rotate = move || store.rotate(SystemClock.now(), Rotate::default());
        match tokio::task::spawn_blocking(rotate).await {
            Ok(rotated) => tell(rotated),
            Err(error) => tracing::error!(%error, "rotating the event log has failed"),
        }
    }
}

fn tell(rotated: Result<Rotated, StoreError>) {
    let rotated = match rotated {
        Ok(rotated) => rotated,
        Err(error) => return tracing::error!(%error, "the event log cannot be rotated"),
    };
    if let Some(stop) = rotated.stopped {
        tracing::error!(why = %stop, "retention has stopped; if this is right, `aios logs rotate --force` goes on");
    }
    for why in &rotated.failed {
        tracing::error!(why, "a segment could not be compressed or removed");
    }
    let Rotated { n_sealed, compressed, removed, .. } = rotated;
    if n_sealed + compressed.len() + removed.len() > 0 {
        let (n_compressed, n_removed) = (compressed.len(), removed.len());
        tracing::info!(n_sealed, n_compressed, n_removed, "the event log was rotated");
    }
}
