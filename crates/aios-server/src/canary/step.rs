//! What a look makes of treatment's boundary.

use aios_control::boundary::{Doubts, propose};
use aios_control::{Phase, VerdictEvent};
use aios_core::{Decision, Verdict};

use super::check::Look;
use super::keeper::Inner;

/// Stretches of evidence in one rollout: each step of the boundary begins one, and every verdict is kept with all of
/// them. A boundary that still swings then is an operator's matter.
const EPOCHS_MAX: usize = 64;

impl Inner {
    /// Where treatment's boundary should go, if nothing else moves. Whoever holds the canary holds it too.
    pub(super) fn step(&self, look: &Look<'_>, event: &VerdictEvent) -> Option<Decision> {
        let may_move = event.verdict != Verdict::Breached
            && self.rollout.canary.phase == Phase::Running
            && !self.rollout.canary.held
            && event.testimony.as_ref().is_some_and(|it| it.epochs.len() < EPOCHS_MAX);
        let policy = &look.settings.boundary;
        let near = event.near.filter(|_| may_move)?.say(policy);
        let doubts = Doubts::of(&event.metrics);
        propose(policy, look.split, near, doubts, &self.rollout.steps, look.now)
    }
}
