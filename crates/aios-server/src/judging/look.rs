//! The golden report that counts, and one look at every objective.

use aios_control::Row;
use aios_control::sli::Window;
use aios_control::slo::check::{Check, Goldens, Looked, check};
use aios_core::{Boundary, Bucket, Split, Timestamp, Unread};
use aios_eval::{Kind, Report, ReportError};

use super::{MemoryLook, Objectives};

/// The figures of a report if it is young enough, else why it says nothing. A baseline was recorded to compare
/// with and never grows old, so that one that is copied over the last report is read like it.
///
/// # Errors
/// When it is no report, or a figure in it cannot be.
pub fn goldens(
    text: &str,
    objectives: &Objectives,
    now: Timestamp,
) -> Result<Result<Goldens, String>, ReportError> {
    let report = Report::parse(text)?;
    let counts = match report.kind {
        Kind::Baseline => true,
        Kind::Comparison => report.is_fresh(now, objectives.report_age_max),
    };
    Ok(if counts { Ok(figures(&report)) } else { Err(format!("it is of {}", report.timestamp)) })
}

/// What a report says of the objectives.
#[must_use]
pub fn figures(report: &Report) -> Goldens {
    let metrics = &report.metrics;
    Goldens {
        ts: Some(report.timestamp),
        n: report.summary.cases as u64,
        pass_rate: Some(metrics.pass_rate),
        latency_ms_p95: Some(metrics.p95_ms),
        error_rate: Some(metrics.error_rate),
        recall_at_5: metrics.recall_at_5,
    }
}

/// Looks at every objective. `rows` and `unread` are of one time.
#[must_use]
pub fn look(
    objectives: &Objectives,
    rows: &[Row],
    goldens: Option<&Goldens>,
    split: &Split,
    memory: MemoryLook,
    unread: &Unread,
) -> Check {
    let boundaries: Vec<Boundary> = Bucket::ALL.map(|bucket| split.boundary(bucket)).to_vec();
    let live =
        Window { quality_min: objectives.quality_min, recall: memory.recall, ..Window::new(rows) };
    check(
        &objectives.slos,
        &Looked { live, unread, goldens, boundaries: &boundaries, has_memory: memory.is_on },
    )
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const REPORT: &str = include_str!("../../../../fixtures/golden/report_v1.json");

    #[test]
    fn a_report_grows_old_and_a_baseline_does_not() {
        let read = |kind: &str, now: &str| {
            let mut report: Value = serde_json::from_str(REPORT).unwrap();
            report["kind"] = json!(kind);
            let now = Timestamp::parse(now).unwrap();
            goldens(&report.to_string(), &Objectives::default(), now).unwrap()
        };
        let young = read("comparison", "2027-01-16T08:00:00Z").unwrap();
        assert_eq!((young.n, young.recall_at_5), (20, Some(1.0)));
        assert_eq!(young.latency_ms_p95, Some(17_700.0));
        let old = read("comparison", "2027-02-16T08:00:00Z").unwrap_err();
        assert!(old.contains("2027-01-15"), "{old}");
        assert_eq!(read("baseline", "2028-02-16T08:00:00Z"), Ok(young));
        assert!(goldens("{}", &Objectives::default(), Timestamp::from_micros(0)).is_err());
    }
}
