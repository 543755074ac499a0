//! The control plane: what split the pipeline reads.
//!
//! The split follows configuration, the canary and the operator's override file, which counts most after
//! the kill switch and is read again and again, so that neither needs a restart. A file that cannot be
//! understood changes nothing: the last good split stays, and `/status` says why.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aios_core::{Clock, Split, Timestamp};
use aios_route::{Knots, apply_override, control_only, split_in_force};
use aios_store::DataDir;
use tokio::sync::{mpsc, oneshot, watch};

use crate::canary::{ControlConfig, Standing, split_of};

/// How soon the operator is promised that their hand is felt: a file that has changed, an override, the kill switch.
pub const HONORED_WITHIN: Duration = Duration::from_secs(1);

/// How often the override file is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(250);

// What is written during a look is seen at the next.
const _: () = assert!(LOOK_EVERY.as_millis() * 2 <= HONORED_WITHIN.as_millis());

/// Most requests for a look at once; more wait.
const ASKS_MAX: usize = 16;

/// A request for a look at the override file, answered after it.
pub(crate) type Ask = oneshot::Sender<()>;

/// Follows configuration, canary and override file and publishes the split.
pub struct Controller {
    data_dir: Arc<DataDir>,
    config: watch::Receiver<ControlConfig>,
    canary: watch::Receiver<Arc<Standing>>,
    split: watch::Sender<Arc<Split>>,
    learned: mpsc::Receiver<Knots>,
    clock: Arc<dyn Clock>,
    state: Arc<ControllerState>,
    asked: mpsc::Receiver<Ask>,
    /// The file at the last look that could read it; its text, or that there was none.
    seen: Option<Option<String>>,
    /// The last text that could be understood, or that there was no file.
    understood: Option<Option<String>>,
}

/// What the controller tells people.
#[derive(Debug)]
pub struct ControllerState {
    override_error: Mutex<Option<String>>,
    in_force_since: Mutex<Timestamp>,
    ask: mpsc::Sender<Ask>,
}

impl ControllerState {
    /// Why the override file was not taken, if it was not.
    #[must_use]
    pub fn override_error(&self) -> Option<String> {
        self.override_error.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Since when the split is in force, as far as can be said at `now`: if a clock that was ahead has dated it, from now
    /// on.
    #[must_use]
    pub fn in_force_since(&self, now: Timestamp) -> Timestamp {
        let mut since = self.in_force_since.lock().unwrap_or_else(PoisonError::into_inner);
        *since = now.min(*since);
        *since
    }

    pub(crate) fn new(now: Timestamp, ask: mpsc::Sender<Ask>) -> Self {
        Self { override_error: Mutex::default(), in_force_since: Mutex::new(now), ask }
    }

    /// Has the override file looked at now, and returns when what it says is in force. Whoever has changed it
    /// through the server need not wonder whether it has been noticed yet.
    pub(crate) async fn look_now(&self) {
        let (done, looked) = oneshot::channel();
        // Either fails only where the control plane has ended: then the last split stays anyway.
        if self.ask.send(done).await.is_ok() {
            looked.await.ok();
        }
    }

    fn set(&self, error: Option<String>) {
        *self.override_error.lock().unwrap_or_else(PoisonError::into_inner) = error;
    }
}

impl Controller {
    /// Publishes the first split at once.
    #[must_use]
    pub fn new(
        data_dir: Arc<DataDir>,
        config: watch::Receiver<ControlConfig>,
        canary: watch::Receiver<Arc<Standing>>,
        learned: mpsc::Receiver<Knots>,
        clock: Arc<dyn Clock>,
    ) -> (Self, watch::Receiver<Arc<Split>>, Arc<ControllerState>) {
        let start = Arc::new(config.borrow().split.clone());
        let (split, published) = watch::channel(start);
        let (ask, asked) = mpsc::channel(ASKS_MAX);
        let state = Arc::new(ControllerState::new(clock.now(), ask));
        let state_of_it = Arc::clone(&state);
        let mut controller = Self {
            data_dir,
            config,
            canary,
            split,
            learned,
            clock,
            state: state_of_it,
            asked,
            seen: None,
            understood: None,
        };
        controller.look(true);
        (controller, published, state)
    }

    /// Runs until the pipeline is gone.
    pub async fn run(mut self) {
        let mut tick = tokio::time::interval(LOOK_EVERY);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = self.split.closed() => return,
                Ok(()) = self.config.changed() => self.look(true),
                Ok(()) = self.canary.changed() => self.look(true),
                Some(done) = self.asked.recv() => {
                    self.look(true);
                    // Whoever asked may have left.
                    done.send(()).ok();
                }
                Some(knots) = self.learned.recv() => self.keep(&knots),
                _ = tick.tick() => self.look(false),
            }
        }
    }

    /// Reads the override file and publishes the split if anything has changed.
    pub(crate) fn look(&mut self, asked_for: bool) {
        let text = match self.data_dir.read_override() {
            Ok(text) => text,
            Err(error) => {
                self.seen = None;
                return self.go_on_without(error.to_string());
            }
        };
        if !asked_for && self.seen.as_ref() == Some(&text) {
            return;
        }
        self.seen = Some(text.clone());
        let base = self.base();
        match split_in_force(&base, text.as_deref()) {
            Ok(split) => {
                self.state.set(None);
                // Under the kill switch a file need not be understood. Once the switch is off, what was said before counts.
                if text.as_deref().is_none_or(|text| apply_override(&base, text).is_ok()) {
                    self.understood = Some(text);
                }
                self.publish(split);
            }
            Err(error) => self.go_on_without(error.to_string()),
        }
    }

    /// A file that cannot be understood must hold up neither canary nor configuration. What it said before
    /// stays; where that is not known, everything is in control: it may have said so.
    fn go_on_without(&mut self, why: String) {
        self.refuse(why);
        let base = self.base();
        let split = match &self.understood {
            Some(text) => split_in_force(&base, text.as_deref()).unwrap_or(base),
            None => control_only(&base),
        };
        self.publish(split);
    }

    /// What configuration and canary ask for together.
    fn base(&mut self) -> Split {
        let config = self.config.borrow_and_update().clone();
        let standing = Arc::clone(&self.canary.borrow_and_update());
        match config.canary.enabled {
            true => split_of(&config.split, &standing),
            false => config.split,
        }
    }

    fn publish(&self, split: Split) {
        let mut deals_otherwise = false;
        let changed = self.split.send_if_modified(|current| {
            let changed = **current != split;
            // A freeze deals nothing otherwise: what came before it is evidence as ever.
            deals_otherwise = **current != Split { frozen: current.frozen, ..split.clone() };
            if changed {
                *current = Arc::new(split);
            }
            changed
        });
        if deals_otherwise {
            let now = self.clock.now();
            *self.state.in_force_since.lock().unwrap_or_else(PoisonError::into_inner) = now;
        }
        if changed {
            let split = self.split.borrow();
            tracing::info!(
                origin = %split.origin,
                treatment_pct = split.treatment_pct.get(),
                adaptive = split.adaptive,
                frozen = split.frozen,
                "a new routing split is in force"
            );
        }
    }

    fn refuse(&self, why: String) {
        if self.state.override_error().as_ref() != Some(&why) {
            tracing::warn!(%why, "adaptive_override.json was not taken; what it said before stays");
        }
        self.state.set(Some(why));
    }

    fn keep(&self, knots: &Knots) {
        let stored = serde_json::to_string(knots)
            .map_err(|error| error.to_string())
            .and_then(|json| self.data_dir.write_knots(&json).map_err(|error| error.to_string()));
        match stored {
            Ok(()) => tracing::info!("routing switched to knots from local traffic"),
            Err(error) => tracing::warn!(%error, "the traffic knots could not be stored"),
        }
    }
}

#[cfg(test)]
mod tests {
    use aios_core::Percent;
    use tokio::time::Instant;

    use super::*;
    use crate::canary::CanaryKeeper;

    #[derive(Debug)]
    struct FixedClock;

    impl Clock for FixedClock {
        fn now(&self) -> Timestamp {
            Timestamp::from_micros(1_800_000_000_000_000)
        }
    }

    /// By the clock of the loop, so that it is the loop that is measured and not the machine.
    #[tokio::test(start_paused = true)]
    async fn the_override_file_is_honored_within_a_second() {
        let temp = tempfile::tempdir().unwrap();
        let dir = Arc::new(DataDir::open(temp.path()).unwrap());
        let start = Percent::new(50.0).unwrap();
        let config = ControlConfig::fixed(Split::plain(start, "test"));
        let canary = CanaryKeeper::open(&dir, start).unwrap();
        let ((_config, config), (_learned, learned)) = (watch::channel(config), mpsc::channel(1));
        let clock = Arc::new(FixedClock);
        let (controller, mut split, state) =
            Controller::new(Arc::clone(&dir), config, canary.subscribe(), learned, clock);
        tokio::spawn(controller.run());
        for (text, treatment_pct) in
            [(r#"{"control_bucket_pct":1.0}"#, 0.0), (r#"{"control_bucket_pct":0.25}"#, 75.0)]
        {
            dir.write_override(text).unwrap();
            let written = Instant::now();
            split.changed().await.unwrap();
            assert!(written.elapsed() < HONORED_WITHIN, "{:?}", written.elapsed());
            assert_eq!(split.borrow_and_update().treatment_pct.get(), treatment_pct);
        }
        // What cannot be understood is said as soon, and changes nothing.
        dir.write_override("{").unwrap();
        tokio::time::sleep(HONORED_WITHIN).await;
        assert!(state.override_error().is_some() && !split.has_changed().unwrap());
    }

    /// The kill switch counts more than any file; what is written meanwhile and cannot be understood must not take the place of
    /// what the file said before.
    #[test]
    fn what_is_written_under_the_kill_switch_and_not_understood_changes_nothing() {
        let temp = tempfile::tempdir().unwrap();
        let dir = Arc::new(DataDir::open(temp.path()).unwrap());
        let start = Percent::new(50.0).unwrap();
        let base = Split::plain(start, "test");
        let canary = CanaryKeeper::open(&dir, start).unwrap();
        let (config, configured) = watch::channel(ControlConfig::fixed(base.clone()));
        let (_learned, learned) = mpsc::channel(1);
        let (data_dir, clock) = (Arc::clone(&dir), Arc::new(FixedClock));
        let (mut controller, split, _) =
            Controller::new(data_dir, configured, canary.subscribe(), learned, clock);
        let mut check = |adaptive: bool, text: &str, expect: f64| {
            config.send_replace(ControlConfig::fixed(Split { adaptive, ..base.clone() }));
            dir.write_override(text).unwrap();
            controller.look(true);
            assert_eq!(split.borrow().treatment_pct.get(), expect, "{text}, adaptive: {adaptive}");
        };
        check(true, r#"{"control_bucket_pct":0.75}"#, 25.0);
        check(false, "{", 0.0);
        check(true, "{", 25.0);
        check(false, r#"{"control_bucket_pct":0.25}"#, 0.0);
        check(true, "{", 75.0);
    }
}
