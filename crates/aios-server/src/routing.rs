//! The routing policy in force and the sample of local traffic that will replace the built-in one.

use std::sync::{Arc, Mutex, PoisonError};

use aios_core::{Profile, Split};
use aios_route::{Knots, Policy, Sampler};
use arc_swap::ArcSwap;
use tokio::sync::mpsc;

/// The policy that the pipeline reads, and the sampler that it feeds.
#[derive(Debug)]
pub struct RoutingState {
    policy: ArcSwap<Policy>,
    /// What the kill switch goes back to.
    built_in: Arc<Policy>,
    sampler: Mutex<Option<Sampler>>,
    learned: mpsc::Sender<Knots>,
}

impl RoutingState {
    /// Starts with `policy`; with a `sampler`, knots made from local prompts are sent to `learned`.
    #[must_use]
    pub fn new(policy: Policy, sampler: Option<Sampler>, learned: mpsc::Sender<Knots>) -> Self {
        Self {
            policy: ArcSwap::from_pointee(policy),
            built_in: Arc::new(Policy::golden()),
            sampler: Mutex::new(sampler),
            learned,
        }
    }

    /// The policy in force under a split: with adaptive routing switched off, the built-in one.
    #[must_use]
    pub fn policy(&self, split: &Split) -> Arc<Policy> {
        if split.adaptive { self.policy.load_full() } else { Arc::clone(&self.built_in) }
    }

    /// Puts another policy into force; with a `sampler` it can be replaced again.
    pub fn publish(&self, policy: Policy, sampler: Option<Sampler>) {
        self.policy.store(Arc::new(policy));
        *self.sampler.lock().unwrap_or_else(PoisonError::into_inner) = sampler;
    }

    /// Counts one real prompt's raw score towards the local knots.
    pub(crate) fn sample(&self, raw: f64) {
        let mut sampler = self.sampler.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(knots) = sampler.as_mut().and_then(|sampler| sampler.push(raw)) else { return };
        *sampler = None;
        self.policy.store(Arc::new(Policy { profile: Profile::Traffic, knots: knots.clone() }));
        // The channel has room for the one set of knots a sampler can make.
        if self.learned.try_send(knots).is_err() {
            tracing::warn!("the traffic knots could not be handed over to be stored");
        }
    }

    /// How many prompts have been sampled, while sampling goes on.
    #[must_use]
    pub fn n_sampled(&self) -> Option<usize> {
        let sampler = self.sampler.lock().unwrap_or_else(PoisonError::into_inner);
        sampler.as_ref().map(Sampler::n_seen)
    }
}
