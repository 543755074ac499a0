//! Rotates what is kept every hour, whether or not there is traffic, and looks every minute whether somebody has put back what
//! was erased.

use std::sync::Arc;
use std::time::Duration;

use aios_core::Clock as _;
use aios_store::{Rotate, Rotated, Rotator, StoreError, actor};
use tokio::time::MissedTickBehavior;

use crate::clock::SystemClock;

const EVERY: Duration = Duration::from_secs(60);

/// So many looks are one rotation.
const LOOKS: u32 = 60;

/// Goes on until it is aborted; a rotation under way then still ends.
pub(super) async fn run(rotator: Arc<Rotator>) {
    let mut tick = tokio::time::interval(EVERY);
    // A machine that slept has missed nothing that one rotation would not do.
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for n in (0..LOOKS).cycle() {
        tick.tick().await;
        let rotator = Arc::clone(&rotator);
        let done = tokio::task::spawn_blocking(move || match n {
            0 => tell(rotator.rotate(actor::SERVER, SystemClock.now(), Rotate::default())),
            _ => tell_back(rotator.look_again(SystemClock.now())),
        });
        if let Err(error) = done.await {
            tracing::error!(%error, "rotating the event log has failed");
        }
    }
}

fn tell_back(n_erased: Result<usize, StoreError>) {
    match n_erased {
        Ok(0) => {}
        Ok(n) => tracing::error!(n, "what was erased was put back and is erased once more"),
        Err(error) => tracing::error!(%error, "nobody knows whether what was erased was put back"),
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
