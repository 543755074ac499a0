//! Whether treatment breaks an objective, whatever the margins are.
//!
//! Each of the three objectives is a share. Two bets are made on it: that treatment's own share is above it, on every
//! observation, and that treatment's is above control's, with no tolerance, on every block. While treatment keeps the
//! objective the first wins nothing, while it is as good as control the second does not; so the smaller of both e-values is
//! one against "it keeps the objective, or is no worse than control". Only what is beyond all doubt counts, so that the
//! chance of being wrong about any of the three grows by three quarters of a percent at most.

use super::JudgePolicy;
use crate::cells::Cells;
use crate::evalue::LogWealth;
use crate::evidence::{Epoch, Evidence};

/// Treatment is proven to be worse than an objective allows, and than control is; and control does not even seem to break
/// it: what breaks both is not the doing of what is on trial.
pub(super) fn breaks_ceiling(evidence: &Evidence) -> bool {
    let policy = &evidence.policy;
    asked(policy).into_iter().flatten().any(|(limit, blocks)| {
        let [mut over, mut worse, mut controls_over] = [LogWealth::START; 3];
        for cells in evidence.epochs.iter().filter_map(blocks) {
            over = over.and(above(cells.treated(), limit));
            worse = worse.and(cells.harm(0.0));
            controls_over = controls_over.and(above(cells.controls(), limit));
        }
        over.log_e().min(worse.log_e()) >= policy.critical_log_e()
            && controls_over.log_e() < policy.agree_log_e()
    })
}

/// An objective's limit, and where the blocks are that are held against it.
type Asked = (f64, fn(&Epoch) -> Option<&Cells>);

fn asked(policy: &JudgePolicy) -> Option<[Asked; 3]> {
    let ceilings = policy.ceilings?;
    let asked: [Asked; 3] = [
        (ceilings.errors, |epoch| Some(epoch.errors())),
        (ceilings.misses, |epoch| Some(epoch.quality())),
        (ceilings.slow, |epoch| epoch.too_slow.as_ref()),
    ];
    Some(asked)
}

/// Bets against "at most this share is bad".
fn above((n, n_bad): (u64, u64), limit: f64) -> LogWealth {
    LogWealth::after([(1.0 - limit, n_bad), (-limit, n - n_bad)])
}

#[cfg(test)]
mod tests {
    use aios_core::{Bucket, Percent, Verdict, VerdictReason};

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

    /// Control is the smaller side, and by chance seems to keep what both break: of 20,000 in treatment 1.3 % fail, of 6,667
    /// in control 1.1 %. That is no proof that treatment is worse.
    #[test]
    fn a_control_that_was_luckier_is_no_breach() {
        let mut policy = JudgePolicy::new(13_000.0);
        policy.ceilings = Ceilings::of(&default_slos());
        let mut evidence = Evidence::new(policy, Percent::new(75.0).unwrap());
        let mut add = |bucket, failed| {
            evidence.add(&Observation { bucket, failed, latency_ms: 1_000.0, missed: Some(false) });
        };
        for k in 0..6_667_u32 {
            (0..3).for_each(|n| add(Bucket::Treatment, (3 * k + n) % 77 == 0));
            add(Bucket::Control, k % 91 == 45);
        }
        assert_ne!(judge(&evidence, Percent::new(100.0).unwrap()).verdict, Verdict::Breached);
    }

    #[test]
    fn what_keeps_an_objective_exactly_breaks_none() {
        let errors: Badly = |seen| seen.failed = true;
        assert_eq!(judged(errors, 100, 10_000, true), VerdictReason::WithinMargins);
    }
}
