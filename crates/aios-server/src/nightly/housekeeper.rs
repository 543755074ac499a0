//! Who does the night's work in a server: one at a time, when it is due and when asked.

use std::sync::{Arc, Mutex, TryLockError};
use std::time::Duration;

use aios_store::{AuditLog, DataDir, Rotator, actor};
use tokio::time::MissedTickBehavior;

use super::{Night, NightReport, NightlyAt, StepReport, StepState, last_night, run_night};
use crate::gateway::Gateway;

/// How often it is asked whether work is due. Waiting by the wall clock would miss a machine that slept.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// Does the night's work.
pub(crate) struct Housekeeper {
    gateway: Arc<Gateway>,
    data_dir: Arc<DataDir>,
    rotator: Arc<Rotator>,
    audit: Arc<AuditLog>,
    at: Option<NightlyAt>,
    under_way: Mutex<()>,
}

impl Housekeeper {
    pub(crate) const fn new(
        gateway: Arc<Gateway>,
        data_dir: Arc<DataDir>,
        rotator: Arc<Rotator>,
        audit: Arc<AuditLog>,
        at: Option<NightlyAt>,
    ) -> Self {
        Self { gateway, data_dir, rotator, audit, at, under_way: Mutex::new(()) }
    }

    /// Does every step in the name of `actor`; `None` if somebody is at it. Blocks while it works.
    pub(crate) fn run(&self, actor: &str, dry_run: bool) -> Option<NightReport> {
        let _under_way = match self.under_way.try_lock() {
            Ok(guard) => guard,
            // Steps are caught where they panic, so nothing is half done behind a poisoned lock.
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return None,
        };
        let night = Night {
            rotator: Arc::clone(&self.rotator),
            audit: Arc::clone(&self.audit),
            actor: actor.to_owned(),
            data_dir: Arc::clone(&self.data_dir),
            scanner: Arc::clone(&self.gateway.live.load().redactor),
            now: self.gateway.clock.now(),
            dry_run,
        };
        Some(run_night(&night, tell))
    }

    /// Goes on until it is aborted; a night under way then still ends.
    pub(crate) async fn keep_house(self: Arc<Self>) {
        let Some(at) = self.at.clone() else { return };
        let mut due = at.due(last_night(&self.data_dir), self.gateway.clock.now());
        let mut tick = tokio::time::interval(LOOK_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            let now = self.gateway.clock.now();
            if now < due {
                continue;
            }
            let keeper = Arc::clone(&self);
            if let Err(error) =
                tokio::task::spawn_blocking(move || keeper.run(actor::SERVER, false)).await
            {
                tracing::error!(%error, "the night's work has failed");
            }
            due = at.due(Some(now), now);
        }
    }
}

fn tell(step: &StepReport) {
    let StepReport { step, state, detail } = step;
    match state {
        StepState::Done | StepState::Skipped => {
            tracing::info!(step, state = state.name(), detail, "nightly");
        }
        StepState::Violation => tracing::warn!(step, detail, "nightly: this should not be"),
        StepState::Failed => tracing::error!(step, why = detail, "nightly: a step has failed"),
    }
}
