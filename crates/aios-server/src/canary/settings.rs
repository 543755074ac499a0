//! What configuration asks of control.

use std::time::Duration;

use aios_control::boundary::BoundaryPolicy;
use aios_control::{CanaryPolicy, Ceilings, JudgePolicy, Sources};
use aios_core::{Boundary, Percent, Split};
use aios_eval::THRESHOLD;
use aios_store::{Policy, Term};

/// Memory has room for some seconds of a busy server, and for minutes of others.
const SOON: Duration = Duration::from_secs(60);

/// What configuration asks of control.
#[derive(Debug, Clone, PartialEq)]
pub struct ControlConfig {
    /// The split.
    pub split: Split,
    /// The canary.
    pub canary: CanarySettings,
}

/// What configuration asks of the canary.
#[derive(Debug, Clone, PartialEq)]
pub struct CanarySettings {
    /// Whether it moves the share in treatment.
    pub enabled: bool,
    /// The time that one look is about.
    pub check_every: Duration,
    /// Where it begins.
    pub start: Percent,
    /// How many verdicts move it.
    pub policy: CanaryPolicy,
    /// Who is listened to.
    pub sources: Sources,
    /// By how much more often treatment may fail, at full size.
    pub error_margin: f64,
    /// By how much more often its answers may miss, at full size.
    pub quality_margin: f64,
    /// By which share its p95 may be longer, at full size.
    pub latency_margin: f64,
    /// Whether quality must be proven even where nobody ever said how good an answer is.
    pub quality_required: bool,
    /// What treatment may not be worse than, whatever control does.
    pub ceilings: Option<Ceilings>,
    /// An answer of less quality is not good enough.
    pub quality_min: f64,
    /// What is on trial: control's boundary and treatment's.
    pub boundaries: (Boundary, Boundary),
    /// How treatment's boundary moves by itself.
    pub boundary: BoundaryPolicy,
    /// How much slower, or how much of routing elsewhere, a golden report may let pass.
    pub golden_threshold: f64,
    /// How long verdicts and decisions are kept.
    pub term: Term,
    /// Longest time that a request may take: after it, everything that was admitted before has its event.
    pub settle: Duration,
}

impl ControlConfig {
    /// A split that nothing moves.
    #[must_use]
    pub fn fixed(split: Split) -> Self {
        let canary = CanarySettings {
            enabled: false,
            check_every: Duration::from_secs(600),
            start: split.treatment_pct,
            policy: CanaryPolicy::default(),
            sources: Sources::Auto,
            error_margin: 0.01,
            quality_margin: 0.02,
            latency_margin: 0.1,
            quality_required: false,
            ceilings: None,
            quality_min: 0.5,
            boundaries: (split.control_boundary, split.treatment_boundary),
            boundary: BoundaryPolicy::default(),
            golden_threshold: THRESHOLD,
            term: Policy::default().audit,
            settle: Duration::from_secs(600),
        };
        Self { split, canary }
    }
}

impl CanarySettings {
    /// Whether a request is asked for so soon that it is worth keeping in memory until then.
    #[must_use]
    pub fn asks_soon(&self) -> bool {
        self.enabled && self.check_every.saturating_add(self.settle) <= SOON
    }

    /// What is on trial and what is asked of it, in words. When they change, what was proven was proven of
    /// something else.
    #[must_use]
    pub fn candidate(&self) -> String {
        let (control, treatment) = self.boundaries;
        let required = if self.quality_required { ", quality required" } else { "" };
        format!(
            "boundary {treatment} against {control}; errors +{:.4}, quality -{:.4}, p95 +{:.4}{required}",
            self.error_margin, self.quality_margin, self.latency_margin
        )
    }

    /// Where another candidate begins: no further than at the first stage.
    #[must_use]
    pub fn begin_anew_at(&self) -> Percent {
        let first = self.policy.stages.first();
        if first < self.start { first } else { self.start }
    }

    /// What the judge goes by, against this p95 of control.
    #[must_use]
    pub fn judge_policy(&self, baseline_p95_ms: f64) -> JudgePolicy {
        let mut policy = JudgePolicy::new(baseline_p95_ms).with_latency_margin(self.latency_margin);
        policy.error_margin = self.error_margin;
        policy.quality_margin = self.quality_margin;
        policy.quality_required = self.quality_required;
        policy.ceilings = self.ceilings;
        policy
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_soon_is_asked_for_within_a_minute() {
        let usual =
            ControlConfig::fixed(Split::plain(Percent::new(50.0).unwrap(), "canary")).canary;
        let soon = |enabled, check_every, settle| {
            let [check_every, settle] = [check_every, settle].map(Duration::from_secs);
            CanarySettings { enabled, check_every, settle, ..usual.clone() }.asks_soon()
        };
        assert!(soon(true, 1, 2) && soon(true, 30, 30));
        assert!(!soon(false, 1, 2) && !soon(true, 31, 30) && !soon(true, 600, 600));
    }
}
