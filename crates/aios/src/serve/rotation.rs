//! Rotates what is kept every hour, whether or not there is traffic.

use std::sync::Arc;
use std::time::Duration;

use aios_core::Clock as _;
use aios_store::{Rotate, Rotated, Rotator, StoreError, actor};
use tokio::time::MissedTickBehavior;

use crate::clock::SystemClock;

const EVERY: Duration = Duration::from_secs(60 * 60);

/// Goes on until it is aborted; a rotation under way then still ends.
pub(super) async fn run(rotator: Arc<Rotator>) {
    let mut tick = tokio::time::interval(EVERY);
    // A machine that slept has missed nothing that one rotation would not do.
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let rotator = Arc::clone(&rotator);
        let rotate = move || rotator.rotate(actor::SERVER, SystemClock.now(), Rotate::default());
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
        tracing::error!(why = %stop, hint = stop.hint(), "retention has stopped");
    }
    for why in &rotated.failed {
        tracing::error!(why, "rotation could not do all that is due");
    }
    if rotated.n_erased_again > 0 {
        let n = rotated.n_erased_again;
        tracing::error!(n, "what was erased was in the log again and is erased once more");
    }
    let Rotated { n_sealed, compressed, removed, n_audit_days, .. } = rotated;
    let (n_compressed, n_removed) = (compressed.len(), removed.len());
    if n_sealed + n_compressed + n_removed > 0 || n_audit_days > 0 {
        tracing::info!(n_sealed, n_compressed, n_removed, n_audit_days, "the logs were rotated");
    }
}
