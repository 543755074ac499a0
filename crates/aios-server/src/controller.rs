//! The control plane: what split the pipeline reads.
//!
//! The split follows configuration and the operator's override file, which is read again and again
//! so that the kill switch needs no restart. A file that cannot be understood changes nothing: the
//! last good split stays, and `/status` says why.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aios_core::Split;
use aios_route::{Knots, split_in_force};
use aios_store::DataDir;
use tokio::sync::{mpsc, watch};

/// How often the override file is looked at. The kill switch must work within a second.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Follows configuration and override file and publishes the split.
pub struct Controller {
    data_dir: Arc<DataDir>,
    base: watch::Receiver<Split>,
    split: watch::Sender<Arc<Split>>,
    learned: mpsc::Receiver<Knots>,
    state: Arc<ControllerState>,
    /// The file at the last look that could read it; its text, or that there was none.
    seen: Option<Option<String>>,
}

/// What the controller tells people.
#[derive(Debug, Default)]
pub struct ControllerState {
    override_error: Mutex<Option<String>>,
}

impl ControllerState {
    /// Why the override file was not taken, if it was not.
    #[must_use]
    pub fn override_error(&self) -> Option<String> {
        self.override_error.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, error: Option<String>) {
        *self.override_error.lock().unwrap_or_else(PoisonError::into_inner) = error;
    }
}

impl Controller {
    /// `base` is the split that configuration asks for.
    #[must_use]
    pub fn new(
        data_dir: Arc<DataDir>,
        base: watch::Receiver<Split>,
        learned: mpsc::Receiver<Knots>,
    ) -> (Self, watch::Receiver<Arc<Split>>, Arc<ControllerState>) {
        let start = Arc::new(base.borrow().clone());
        let (split, published) = watch::channel(start);
        let state = Arc::new(ControllerState::default());
        let mut controller =
            Self { data_dir, base, split, learned, state: Arc::clone(&state), seen: None };
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
                Ok(()) = self.base.changed() => self.look(true),
                Some(knots) = self.learned.recv() => self.keep(&knots),
                _ = tick.tick() => self.look(false),
            }
        }
    }

    /// Reads the override file and publishes the split if anything has changed.
    fn look(&mut self, base_changed: bool) {
        let text = match self.data_dir.read_override() {
            Ok(text) => text,
            Err(error) => {
                self.seen = None;
                return self.refuse(error.to_string());
            }
        };
        if !base_changed && self.seen.as_ref() == Some(&text) {
            return;
        }
        self.seen = Some(text.clone());
        let base = self.base.borrow_and_update().clone();
        match split_in_force(&base, text.as_deref()) {
            Ok(split) => {
                self.state.set(None);
                self.publish(split);
            }
            Err(error) => self.refuse(error.to_string()),
        }
    }

    fn publish(&self, split: Split) {
        let changed = self.split.send_if_modified(|current| {
            let changed = **current != split;
            if changed {
                *current = Arc::new(split);
            }
            changed
        });
        if changed {
            let split = self.split.borrow();
            tracing::info!(
                origin = %split.origin,
                treatment_pct = split.treatment_pct.get(),
                adaptive = split.adaptive,
                "a new routing split is in force"
            );
        }
    }

    fn refuse(&self, why: String) {
        if self.state.override_error().as_ref() != Some(&why) {
            tracing::warn!(%why, "adaptive_override.json was not taken; the last split stays");
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
