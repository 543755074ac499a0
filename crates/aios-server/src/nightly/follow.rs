//! What happens between two nights: where what is on trial has moved, by a step of its boundary or another
//! configuration, or where the golden set, the baseline or the threshold was changed, the last golden report is of
//! something else, and the canary's gate shut. So the set is asked again
//! soon, and not only in the next night. Who never asked it of that bucket is not asked by this either.

use std::time::Duration;

use aios_core::Timestamp;
use aios_eval::{Kind, Report};
use aios_store::{GoldenPaths, read_document};

use super::{Night, StepReport, run_step, steps};
use crate::golden::reference;

/// Whether the last report is of this bucket, and of another policy than it is served with now, or made with other goldens
/// than those in use.
pub(super) fn is_outdated(night: &Night) -> bool {
    let (Some(bucket), Some(served)) = (night.work.golden, &night.served) else { return false };
    let path = GoldenPaths::of(night.data_dir.path()).report;
    let report = read_document(&path).ok().flatten().and_then(|text| Report::parse(&text).ok());
    let Some(report) = report.filter(|it| it.kind == Kind::Comparison && it.bucket == bucket)
    else {
        return false;
    };
    let policy = served.fingerprint(bucket);
    policy.is_some()
        && report.candidate_fingerprint.is_some()
        && (policy != report.candidate_fingerprint || has_other_goldens(night, &report))
}

/// Whether it was made with other goldens than those in use, so that asking again makes one of these.
fn has_other_goldens(night: &Night, report: &Report) -> bool {
    let in_use = reference(night.data_dir.path(), night.now);
    let held = in_use.map(|in_use| in_use.is_compared(report, night.work.golden_threshold));
    held.is_ok_and(|held| held.is_err_and(|why| why.is_of_the_report()))
}

/// The golden step alone.
pub(super) fn ask_again(night: &Night) -> StepReport {
    run_step(&steps::golden::STEP, night)
}

/// The policy that would be asked now.
pub(super) fn policy(night: &Night) -> Option<String> {
    night.served.as_ref()?.fingerprint(night.work.golden?)
}

/// Pauses after a set was asked in vain: the first, and the longest.
const PAUSE: Duration = Duration::from_secs(30 * 60);
const PAUSE_MAX: Duration = Duration::from_secs(24 * 3600);

/// A policy of which the set was asked without a report. A set costs what its questions cost, so each time it is let
/// be for twice as long.
#[derive(Debug, Default)]
pub(super) struct Vain {
    policy: Option<String>,
    pause: Duration,
    until: Option<Timestamp>,
}

impl Vain {
    /// Whether this policy may be asked.
    pub(super) fn is_over(&self, policy: Option<String>, now: Timestamp) -> bool {
        self.policy != policy || self.until.is_none_or(|until| now >= until)
    }

    pub(super) fn once_more(&mut self, policy: Option<String>, now: Timestamp) {
        let is_same = self.policy == policy;
        self.pause = if is_same { (self.pause * 2).clamp(PAUSE, PAUSE_MAX) } else { PAUSE };
        self.until = Some(now.plus(self.pause));
        self.policy = policy;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_in_vain_is_let_be_for_longer_each_time() {
        let mut now = Timestamp::from_micros(1_800_000_000_000_000);
        let (a, b) = (Some("a".to_owned()), Some("b".to_owned()));
        let mut vain = Vain::default();
        assert!(vain.is_over(a.clone(), now));
        for minutes in [30, 60, 120, 240, 480, 960, 1440, 1440] {
            vain.once_more(a.clone(), now);
            let pause = Duration::from_secs(minutes * 60);
            let just_before = pause.saturating_sub(Duration::from_secs(1));
            assert!(!vain.is_over(a.clone(), now.plus(just_before)), "{minutes}");
            assert!(vain.is_over(a.clone(), now.plus(pause)), "{minutes}");
            assert!(vain.is_over(b.clone(), now), "{minutes}");
            now = now.plus(pause);
        }
    }
}
