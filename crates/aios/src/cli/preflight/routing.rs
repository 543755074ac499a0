//! The golden set goes where its labels say, and what is stored of routing can be read.

use aios_core::{BOUNDARY_DEFAULT, Bucket, Profile, Split};
use aios_eval::{GoldenSet, RoutingReport, check_routing};
use aios_route::Policy;

use super::{Checked, Fault, Subject, goldens};
use crate::cli::routing::InForce;

/// The labels hold for the built-in knots at the default boundary; knots from traffic measure against
/// that traffic and may part the set elsewhere, so what they do is told, not judged.
pub(super) fn check(subject: &Subject) -> Checked {
    let config = subject.config()?;
    let InForce { split, override_error, policy } = InForce::of(config)?;
    if let Some(error) = override_error {
        return Err(Fault::new(error.to_string(), error.hint()));
    }
    let (set, _) = goldens::golden_set(config)?;
    let report = report(&set, &Policy::golden(), &split);
    if let Some(first) = report.mismatches.first() {
        let (n, id, actual) = (report.mismatches.len(), &first.id, first.actual);
        let detail = format!(
            "{n} of {} golden cases go to the wrong tier; the first, {id}, to {actual}",
            report.cases
        );
        return Err(Fault::new(
            detail,
            "`aios routing explain TEXT` says why; correct the case's label, or report it",
        ));
    }
    if !report.is_met() {
        let hint = "give each case an expected_tier";
        return Err(Fault::new("no golden case says where it belongs", hint));
    }
    let labelled = report.cases - report.n_unlabeled;
    let mut detail = format!(
        "{labelled} golden cases split as labelled, {} at boundary {BOUNDARY_DEFAULT}",
        share(&report)
    );
    if policy.profile == Profile::Traffic {
        let traffic = self::report(&set, &policy, &split);
        detail.push_str(&format!("; {} with this deployment's knots", share(&traffic)));
    }
    Ok(detail)
}

fn report(set: &GoldenSet, policy: &Policy, split: &Split) -> RoutingReport {
    let split = Split { control_boundary: BOUNDARY_DEFAULT, ..split.clone() };
    check_routing(set, |question| aios_route::route(question, Bucket::Control, policy, &split).tier)
}

fn share(report: &RoutingReport) -> String {
    format!("{} % to main", report.n_main * 100 / report.cases)
}
