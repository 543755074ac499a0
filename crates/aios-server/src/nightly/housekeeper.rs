//! Who does the night's work in a server: one at a time, when it is due and when asked.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, TryLockError};
use std::time::Duration;

use aios_core::{Bucket, Progress};
use aios_eval::candidate_fingerprint;
use aios_privacy::Keyring;
use aios_store::{AuditLog, DataDir, Rotator, actor};
use tokio::time::MissedTickBehavior;

use super::follow::Vain;
use super::schedule::Due;
use super::{
    Night, NightReport, NightWork, Served, StepReport, StepState, due_since, follow, run_night,
};
use crate::gateway::Gateway;

/// How often it is asked whether work is due. Waiting by the wall clock would miss a machine that slept.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// How often it is asked whether what is on trial has moved since the golden set was asked.
const FOLLOW_EVERY: Duration = Duration::from_secs(15 * 60);

/// What the night's work is done with.
pub(crate) struct House {
    pub(crate) gateway: Arc<Gateway>,
    /// Where the gateway listens.
    pub(crate) address: SocketAddr,
    pub(crate) data_dir: Arc<DataDir>,
    pub(crate) rotator: Arc<Rotator>,
    pub(crate) audit: Arc<AuditLog>,
    pub(crate) keyring: Arc<Keyring>,
}

/// Does the night's work, by the configuration that is in force when it does.
pub(crate) struct Housekeeper {
    house: House,
    served: Arc<Served>,
    /// As long as the log keeps them, which only a restart changes.
    events_kept_for: Duration,
    under_way: Mutex<Vain>,
}

impl Housekeeper {
    pub(crate) fn new(house: House) -> Self {
        let (asked, keyed) = (Arc::clone(&house.gateway), Arc::clone(&house.gateway));
        let served = Served::new(
            house.address,
            move |bucket| policy(&asked, bucket),
            move || keyed.live.load().clients.is_required(),
        );
        let events_kept_for = house.gateway.live.load().nightly.work.events_kept_for;
        Self { house, served: Arc::new(served), events_kept_for, under_way: Mutex::default() }
    }

    /// Does every step in the name of `actor`, or `only` one; `None` if somebody is at it. Blocks while it works.
    pub(crate) fn run(
        &self,
        actor: &str,
        dry_run: bool,
        only: Option<String>,
    ) -> Option<NightReport> {
        let _under_way = self.alone()?;
        Some(run_night(&Night { only, ..self.night(actor, dry_run) }, tell))
    }

    /// Asks the golden set for somebody, of treatment where nothing else is configured; `begun` is called once nobody
    /// else is at it. `None` if somebody is. Blocks while it works.
    pub(crate) fn ask_goldens(
        &self,
        actor: &str,
        progress: Arc<dyn Progress>,
        begun: impl FnOnce(),
    ) -> Option<StepReport> {
        let _under_way = self.alone()?;
        begun();
        let mut night = Night { progress, ..self.night(actor, false) };
        night.work.golden.get_or_insert(self.on_trial());
        let report = follow::ask_again(&night);
        tell(&report);
        Some(report)
    }

    /// The bucket whose policy is of interest: treatment's, while anybody may be in it.
    fn on_trial(&self) -> Bucket {
        let is_shut = policy(&self.house.gateway, Bucket::Treatment).is_none();
        if is_shut { Bucket::Control } else { Bucket::Treatment }
    }

    /// Asks the golden set again where its last report is of what was on trial before. Blocks while it works.
    fn follow(&self) {
        let Some(mut vain) = self.alone() else { return };
        let night = self.night(actor::SERVER, false);
        if follow::is_outdated(&night) && vain.is_over(follow::policy(&night), night.now) {
            let report = follow::ask_again(&night);
            tell(&report);
            if report.state == StepState::Failed {
                vain.once_more(follow::policy(&night), night.now);
            }
        }
    }

    /// The right to work, for as long as it is held.
    fn alone(&self) -> Option<MutexGuard<'_, Vain>> {
        match self.under_way.try_lock() {
            Ok(guard) => Some(guard),
            // Steps are caught where they panic, so nothing is half done behind a poisoned lock.
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    fn night(&self, actor: &str, dry_run: bool) -> Night {
        let House { gateway, data_dir, rotator, audit, keyring, .. } = &self.house;
        let live = gateway.live.load_full();
        let events_kept_for = self.events_kept_for;
        Night {
            store: Arc::clone(&gateway.store),
            rotator: Arc::clone(rotator),
            audit: Arc::clone(audit),
            actor: actor.to_owned(),
            data_dir: Arc::clone(data_dir),
            scanner: Arc::clone(&live.redactor),
            objectives: Arc::clone(&live.objectives),
            keyring: Some(Arc::clone(keyring)),
            work: NightWork { events_kept_for, ..live.nightly.work.clone() },
            served: Some(Arc::clone(&self.served)),
            now: gateway.clock.now(),
            dry_run,
            progress: Arc::new(()),
            only: None,
            free_bytes: data_dir.free_bytes().ok(),
        }
    }

    /// Goes on until it is aborted; a night under way then still ends.
    pub(crate) async fn keep_house(self: Arc<Self>) {
        let clock = Arc::clone(&self.house.gateway.clock);
        let at = || self.house.gateway.live.load().nightly.at.clone();
        let last = || due_since(&self.house.data_dir);
        let mut due = Due::new(at(), last(), clock.now());
        let mut tick = tokio::time::interval(LOOK_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // Not at once: a start is busy enough.
        let mut follow_at = clock.now().plus(FOLLOW_EVERY);
        loop {
            tick.tick().await;
            let (now, at) = (clock.now(), at());
            let keeper = Arc::clone(&self);
            let is_night = due.is_due(at.as_ref(), last, now);
            let work: Box<dyn FnOnce() -> bool + Send> = if is_night {
                Box::new(move || keeper.run(actor::SERVER, false, None).is_some())
            } else if at.is_some() && now >= follow_at {
                follow_at = now.plus(FOLLOW_EVERY);
                Box::new(move || {
                    keeper.follow();
                    true
                })
            } else {
                continue;
            };
            let had_its_turn = tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| {
                tracing::error!(%error, "the night's work has failed");
                true
            });
            // Where somebody was at it, perhaps without doing anything, the night is still due.
            if is_night && had_its_turn {
                due.begun(now);
            }
        }
    }
}

/// Which policy a bucket is served with; none for treatment that nobody may be in.
fn policy(gateway: &Gateway, bucket: Bucket) -> Option<String> {
    let split = gateway.split();
    if bucket == Bucket::Treatment && split.is_treatment_shut() {
        return None;
    }
    let profile = gateway.routing.policy(&split).profile;
    let hash = &gateway.live.load().answers_hash;
    Some(candidate_fingerprint(hash, bucket, split.boundary(bucket).get(), profile))
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
