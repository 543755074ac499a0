//! The operator's hand on the split: what is dealt under it is no evidence, and that must be known also when the server
//! that saw it has gone.

use aios_control::{ControlEvent, HandEvent};
use aios_core::{Split, Timestamp};

use super::error::CanaryError;
use super::keeper::{CanaryKeeper, Inner};

/// Whether somebody else than the canary decides how conversations are dealt: an override, the kill switch, or
/// configuration that has switched the canary off. A freeze decides nothing: the canary stays where it is, is judged, and
/// falls back as ever.
pub(super) fn is_hand_on(split: &Split) -> bool {
    split.origin != "canary"
}

impl CanaryKeeper {
    /// Keeps that a hand was put on the split in force or taken off it, if that is so. `in_force_since` is when the split
    /// came into force, where somebody serves and knows.
    ///
    /// # Errors
    /// When it cannot be kept.
    pub fn notice(
        &self,
        split: &Split,
        in_force_since: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<(), CanaryError> {
        let mut inner = self.lock();
        inner.must_be_sound()?;
        inner.notice(split, in_force_since, now)?;
        self.publish(&inner);
        Ok(())
    }
}

impl Inner {
    pub(super) fn notice(
        &mut self,
        split: &Split,
        in_force_since: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<(), CanaryError> {
        let on = is_hand_on(split);
        if on == self.rollout.hand.is_some_and(|hand| hand.on) {
            return Ok(());
        }
        // Whoever serves knows when it was taken off. Else nobody does, and what came before now does not count.
        let ts = in_force_since.filter(|since| !on && *since <= now).unwrap_or(now).as_stored();
        self.keep(&ControlEvent::Hand(HandEvent { ts, on, origin: split.origin.clone() }))
    }
}
