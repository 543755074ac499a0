//! Whether treatment breaks an objective, whatever control does.
//!
//! Each of the three objectives is a share, and a bet is made on every observation that the true share is above it.
//! Only what is beyond all doubt counts, so that the chance of being wrong grows by three quarters of a percent at most.

use super::JudgePolicy;
use crate::evalue::LogWealth;
use crate::evidence::Evidence;

/// Observations and the bad ones among them.
type Counted = (u64, u64);

/// Treatment is proven to be worse than an objective allows, and control does not even seem to be: what breaks
/// both is not the doing of what is on trial.
pub(super) fn breaks_ceiling(evidence: &Evidence) -> bool {
    let policy = &evidence.policy;
    let is_broken = |(limit, treated, controls): (f64, Counted, Counted)| {
        log_e(treated, limit) >= policy.critical_log_e()
            && log_e(controls, limit) < policy.agree_log_e()
    };
    asked(policy, evidence).into_iter().flatten().any(is_broken)
}

/// Each objective's limit, with what was seen of treatment and of control.
fn asked(policy: &JudgePolicy, evidence: &Evidence) -> Option<[(f64, Counted, Counted); 3]> {
    let ceilings = policy.ceilings?;
    let mut errors = (ceilings.errors, (0, 0), (0, 0));
    let mut misses = (ceilings.misses, (0, 0), (0, 0));
    let mut slow = (ceilings.slow, (0, 0), (0, 0));
    for epoch in &evidence.epochs {
        let [treated, controls] = epoch.n_dealt;
        let [treated_slow, controls_slow] = epoch.n_too_slow.unwrap_or_default();
        let sides = [
            (&mut errors, epoch.errors().treated(), epoch.errors().controls()),
            (&mut misses, epoch.quality().treated(), epoch.quality().controls()),
            (&mut slow, (treated, treated_slow), (controls, controls_slow)),
        ];
        for (sum, treated, controls) in sides {
            sum.1 = and(sum.1, treated);
            sum.2 = and(sum.2, controls);
        }
    }
    Some([errors, misses, slow])
}

const fn and(one: Counted, other: Counted) -> Counted {
    (one.0 + other.0, one.1 + other.1)
}

/// Against "at most this share is bad".
fn log_e((n, n_bad): Counted, limit: f64) -> f64 {
    LogWealth::after([(1.0 - limit, n_bad), (-limit, n - n_bad)]).log_e()
}

#[cfg(test)]
mod tests {
    use aios_core::{Bucket, Percent, VerdictReason};

    use super::*;
    use crate::evidence::Observation;
    use crate::judge::{Ceilings, judge};
    use crate::slo::default_slos;

    /// Every so manyth one of a bucket goes badly in this way.
    type Badly = fn(&mut Observation);

    /// Margins so wide that nothing else is broken: ten more of a hundred may go badly, and all may take twice as long.
    fn judged(badly: Badly, treated_nth: u32, controls_nth: u32, ceilings: bool) -> VerdictReason {
        let mut policy = JudgePolicy::new(13_000.0).with_latency_margin(1.0);
        (policy.error_margin, policy.quality_margin) = (0.1, 0.1);
        policy.ceilings = Ceilings::of(&default_slos()).filter(|_| ceilings);
        let half = Percent::new(50.0).unwrap();
        let mut evidence = Evidence::new(policy, half);
        for k in 0..20_000_u32 {
            let (bucket, nth) = match k % 2 {
                0 => (Bucket::Treatment, treated_nth),
                _ => (Bucket::Control, controls_nth),
            };
            let latency_ms = f64::from((k.wrapping_mul(2_654_435_761) >> 16) % 97) * 150.0;
            let mut seen = Observation { bucket, failed: false, latency_ms, missed: Some(false) };
            if (k / 2) % nth == 0 {
                badly(&mut seen);
            }
            evidence.add(&seen);
        }
        judge(&evidence, Percent::new(75.0).unwrap()).reason
    }

    #[test]
    fn an_objective_that_treatment_alone_breaks_is_a_breach() {
        let errors: Badly = |seen| seen.failed = true;
        let misses: Badly = |seen| seen.missed = Some(true);
        let slow: Badly = |seen| seen.latency_ms = 20_001.0;
        // 2 % errors where 1 % may be, against none; 6.7 % misses or slow ones where 5 % may be, against 4.5 %.
        for (badly, nth, good_nth) in [(errors, 50, 10_000), (misses, 15, 22), (slow, 15, 22)] {
            assert_eq!(judged(badly, nth, good_nth, true), VerdictReason::ObjectiveBroken);
            assert_eq!(judged(badly, nth, good_nth, false), VerdictReason::WithinMargins);
            assert_eq!(judged(badly, nth, nth, true), VerdictReason::WithinMargins);
            assert_eq!(judged(badly, good_nth, nth, true), VerdictReason::WithinMargins);
        }
    }

    #[test]
    fn what_keeps_an_objective_exactly_breaks_none() {
        let errors: Badly = |seen| seen.failed = true;
        assert_eq!(judged(errors, 100, 10_000, true), VerdictReason::WithinMargins);
    }
}
