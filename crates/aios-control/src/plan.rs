//! From a verdict to a decision. Proposes and touches nothing: the controller keeps the decision and
//! applies it.

#[cfg(test)]
mod tests;

use aios_core::{Decision, EvidenceWindow, GoldenGate, Verdict, VerdictReason};

use crate::canary::{Canary, Phase, Record};
use crate::stages::Stages;

/// What the operator may choose about the canary.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CanaryPolicy {
    /// The shares through which it grows.
    pub stages: Stages,
    /// Verdicts in a row that must be met before the next stage.
    pub passes: u32,
    /// Verdicts in a row that, breached, roll it back.
    pub failures: u32,
    /// Whether a fresh pass of the golden set on the treatment policy is asked for.
    pub golden_gate: bool,
    /// Whether a canary that was rolled back may advance again without a reset.
    pub retry: bool,
}

impl Default for CanaryPolicy {
    fn default() -> Self {
        Self { stages: Stages::default(), passes: 3, failures: 2, golden_gate: true, retry: false }
    }
}

/// One look at the evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Check {
    /// What was judged.
    pub verdict: Verdict,
    /// Why.
    pub reason: VerdictReason,
    /// On which evidence. It counts once, however often it is checked.
    pub window: EvidenceWindow,
    /// The golden gate. It blocks advancing, never rolling back.
    pub golden: GoldenGate,
    /// The operator's freeze. It does too.
    pub frozen: bool,
}

/// The state after a check, and the decision that follows from it, already part of that state.
#[must_use]
pub fn plan(policy: &CanaryPolicy, canary: Canary, check: &Check) -> (Canary, Option<Decision>) {
    if !check.window.is_new_after(canary.counted.as_ref()) {
        return (canary, None);
    }
    let judged = canary.after(Record::Verdict(check.verdict, check.reason, check.window));
    let decision = match check.verdict {
        Verdict::Met => advance(policy, &judged, check),
        Verdict::Breached => roll_back(policy, &judged),
        // Silence is not health: a quiet window neither advances nor rolls back.
        Verdict::NoData => None,
    };
    match decision {
        Some(decision) => (judged.after(Record::Decision(decision)), Some(decision)),
        None => (judged, None),
    }
}

fn advance(policy: &CanaryPolicy, canary: &Canary, check: &Check) -> Option<Decision> {
    let may_move = match canary.phase {
        Phase::Running => true,
        Phase::RolledBack => policy.retry,
        Phase::Off | Phase::Promoted => false,
    };
    let gate_open = !policy.golden_gate || check.golden == GoldenGate::FreshPass;
    let is_due = canary.consecutive_passes >= policy.passes;
    let is_stopped = canary.held || check.frozen;
    if !(may_move && gate_open && is_due && !is_stopped) {
        return None;
    }
    let to = policy.stages.after(canary.treatment_pct)?;
    Some(Decision::Advance { from: canary.treatment_pct, to })
}

fn roll_back(policy: &CanaryPolicy, canary: &Canary) -> Option<Decision> {
    let may_move = match canary.phase {
        Phase::Running | Phase::Promoted => true,
        // With a retry it fails anew, which must be seen; without it is where it belongs already.
        Phase::RolledBack => policy.retry,
        Phase::Off => false,
    };
    let is_due = canary.consecutive_failures >= policy.failures;
    (may_move && is_due).then(|| {
        let (from, first) = (canary.treatment_pct, policy.stages.first());
        // Below the first stage, falling back to it would be a step forward.
        Decision::RollBack { from, to: if from < first { from } else { first } }
    })
}
