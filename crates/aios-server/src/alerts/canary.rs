//! What is wrong with the canary.

use aios_control::{Phase, blocks_still_needed};
use aios_core::{Timestamp, VerdictReason};

use super::Severity;
use super::book::Trouble;
use crate::canary::Standing;

/// Looks without proof before somebody is told: half a working day at one every ten minutes, and more than most stages
/// take.
const STALLED_AFTER: u32 = 60;

/// What is wrong with it; nothing where it waits as it should.
pub(super) fn canary_troubles(standing: &Standing, now: Timestamp) -> Vec<Trouble> {
    let damaged = standing.fault.as_ref().map(|fault| Trouble {
        about: "canary_damaged".to_owned(),
        severity: Severity::Page,
        detail: format!("everything is in control, since what is kept cannot be used: {fault}"),
    });
    let all = [damaged, blind(standing, now), incomparable(standing), stalled(standing)];
    all.into_iter().flatten().collect()
}

/// It sees nothing, neither harm nor its absence, before real time has caught up.
fn blind(standing: &Standing, now: Timestamp) -> Option<Trouble> {
    let until = standing.rollout.ahead_of(now)?;
    Some(Trouble {
        about: "canary_blind".to_owned(),
        severity: Severity::Ticket,
        detail: format!(
            "a clock was ahead when something was kept of the canary, so that nothing is judged before {until}"
        ),
    })
}

/// It holds until the buckets can be compared again.
fn incomparable(standing: &Standing) -> Option<Trouble> {
    let detail = match standing.rollout.reason? {
        VerdictReason::SampleRatioMismatch => {
            "the buckets are not dealt as the split says, so nothing can be proven with them"
        }
        VerdictReason::ControlUnhealthy => "control itself fails too often to be compared with",
        VerdictReason::WithinMargins
        | VerdictReason::Harm
        | VerdictReason::CriticalHarm
        | VerdictReason::ObjectivesMet
        | VerdictReason::ObjectiveBroken
        | VerdictReason::NoNewData
        | VerdictReason::Inconclusive => return None,
    };
    let (about, detail) = ("canary_incomparable".to_owned(), detail.to_owned());
    (standing.rollout.canary.phase == Phase::Running).then_some(Trouble {
        about,
        severity: Severity::Ticket,
        detail,
    })
}

fn stalled(standing: &Standing) -> Option<Trouble> {
    let rollout = &standing.rollout;
    let waits = rollout.canary.phase == Phase::Running && !rollout.canary.held;
    if !waits || rollout.n_inconclusive < STALLED_AFTER {
        return None;
    }
    let needed =
        rollout.testimony.as_ref().and_then(|kept| blocks_still_needed(kept, rollout.next_pct));
    let needed = needed.map_or_else(String::new, |(n_seen, needed)| {
        format!(
            " {n_seen} blocks came in at this stage; half of all rollouts need {:.0}, nine of ten {:.0}.",
            needed.median, needed.p90
        )
    });
    Some(Trouble {
        about: "canary_stalled".to_owned(),
        severity: Severity::Ticket,
        detail: format!(
            "{} looks at {} % proved nothing, neither harm nor its absence.{needed}",
            rollout.n_inconclusive, rollout.canary.treatment_pct
        ),
    })
}

#[cfg(test)]
mod tests {
    use aios_control::Rollout;
    use aios_core::Percent;
    use aios_store::ControlFault;

    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

    fn check(change: impl FnOnce(&mut Rollout), expect: &[&str]) {
        let mut standing = Standing::new(Percent::new(10.0).unwrap());
        change(&mut standing.rollout);
        let troubles = canary_troubles(&standing, NOW);
        let found: Vec<_> = troubles.iter().map(|trouble| trouble.about.as_str()).collect();
        assert_eq!(found, expect);
    }

    #[test]
    fn sixty_looks_without_proof_are_told_and_a_hold_is_not() {
        check(|_| {}, &[]);
        check(|rollout| rollout.n_inconclusive = 59, &[]);
        check(|rollout| rollout.n_inconclusive = 60, &["canary_stalled"]);
        let held = |rollout: &mut Rollout| {
            rollout.n_inconclusive = 60;
            rollout.canary.held = true;
        };
        check(held, &[]);
        let rolled_back = |rollout: &mut Rollout| {
            rollout.n_inconclusive = 60;
            rollout.canary.phase = Phase::RolledBack;
        };
        check(rolled_back, &[]);
    }

    #[test]
    fn buckets_that_cannot_be_compared_are_told_while_it_lasts() {
        for reason in [VerdictReason::SampleRatioMismatch, VerdictReason::ControlUnhealthy] {
            check(|rollout| rollout.reason = Some(reason), &["canary_incomparable"]);
        }
        check(|rollout| rollout.reason = Some(VerdictReason::Inconclusive), &[]);
    }

    #[test]
    fn a_time_that_has_not_come_is_told_until_it_has() {
        check(|rollout| rollout.stage_since = Some(NOW), &[]);
        let ahead = NOW.plus(std::time::Duration::from_secs(1));
        check(|rollout| rollout.stage_since = Some(ahead), &["canary_blind"]);
    }

    #[test]
    fn a_damaged_log_is_a_page() {
        let mut standing = Standing::new(Percent::new(10.0).unwrap());
        standing.fault =
            Some(ControlFault { file: "control.ndjson".into(), line: 3, why: "torn".into() });
        let troubles = canary_troubles(&standing, NOW);
        assert_eq!((troubles.len(), troubles[0].severity), (1, Severity::Page));
        assert!(troubles[0].detail.contains("line 3"), "{}", troubles[0].detail);
    }
}
