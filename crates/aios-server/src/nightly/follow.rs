//! What happens between two nights: where what is on trial has moved, by a step of its boundary or another
//! configuration, the last golden report is of another policy, and the canary's gate shut. So the set is asked again
//! soon, and not only in the next night. Who never asked it of that bucket is not asked by this either.

use aios_eval::{Kind, Report};
use aios_store::{GoldenPaths, read_document};

use super::{Night, StepReport, run_step, steps};

/// Whether the last report is of this bucket, and of another policy than it is served with now.
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
        && policy != report.candidate_fingerprint
}

/// The golden step alone.
pub(super) fn ask_again(night: &Night) -> StepReport {
    run_step(&steps::golden::STEP, night)
}
