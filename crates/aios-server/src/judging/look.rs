//! The golden report that counts, and one look at every objective.

use aios_control::Row;
use aios_control::sli::Window;
use aios_control::slo::check::{Check, Goldens, Looked, check};
use aios_core::{Boundary, Bucket, Split, Timestamp, Unread};
use aios_eval::{Kind, Report, ReportError};

use super::{MemoryLook, Objectives};

/// The figures of a report that can be trusted and is young enough, else why it says nothing. A baseline was recorded to
/// compare with and never grows old, so that one that is copied over the last report is read like it.
///
/// # Errors
/// When it is no report, is not as it was written, or a figure in it cannot be.
pub fn goldens(
    text: &str,
    objectives: &Objectives,
    now: Timestamp,
) -> Result<Result<Goldens, String>, ReportError> {
    let report = Report::parse(text)?;
    if let Err(why) = report.proof(now) {
        return Ok(Err(why.to_string()));
    }
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
    use aios_core::{BOUNDARY_DEFAULT, Percent, Verdict};
    use serde_json::{Value, json};

    use super::*;
    use crate::spoiled::spoiled;

    const REPORT: &str = include_str!("../../../../fixtures/golden/report_v1.json");

    /// The fixture with other values, sealed as if it had been made so.
    fn report(changes: &[(&str, Value)]) -> String {
        let mut report: Value = serde_json::from_str(REPORT).unwrap();
        report["report_id"] = json!("");
        for (key, value) in changes {
            report[*key] = value.clone();
        }
        let report: Report = serde_json::from_value(report).unwrap();
        serde_json::to_string(&report.sealed()).unwrap()
    }

    fn at(now: &str) -> Timestamp {
        Timestamp::parse(now).unwrap()
    }

    fn read(text: &str, now: &str) -> Result<Goldens, String> {
        goldens(text, &Objectives::default(), at(now)).unwrap()
    }

    #[test]
    fn a_report_grows_old_and_a_baseline_does_not() {
        let young = read(REPORT, "2027-01-16T08:00:00Z").unwrap();
        assert_eq!((young.n, young.recall_at_5), (20, Some(1.0)));
        assert_eq!(young.latency_ms_p95, Some(17_700.0));
        let old = read(REPORT, "2027-02-16T08:00:00Z").unwrap_err();
        assert!(old.contains("2027-01-15"), "{old}");
        let baseline = report(&[("kind", json!("baseline"))]);
        assert_eq!(read(&baseline, "2028-02-16T08:00:00Z"), Ok(young));
        assert!(goldens("{}", &Objectives::default(), Timestamp::from_micros(0)).is_err());
    }

    #[test]
    fn what_proves_nothing_says_nothing() {
        let check = |text: &str, expect: &str| {
            let why = read(text, "2027-01-16T08:00:00Z").unwrap_err();
            assert!(why.contains(expect), "{why}");
        };
        for kind in ["comparison", "baseline"] {
            let of = |key: &str, value: Value| report(&[("kind", json!(kind)), (key, value)]);
            check(&of("status", json!("ERROR")), "too little was answered");
            check(&of("timestamp", json!("2030-01-01T00:00:00Z")), "has not come yet");
        }
        let unsealed = REPORT.replace("report_id", "other");
        check(&unsealed, "it is unsealed");
        let altered = REPORT.replace("\"concurrency\": 1", "\"concurrency\": 2");
        let why = goldens(&altered, &Objectives::default(), at("2027-01-16T08:00:00Z"));
        assert_eq!(why.unwrap_err(), ReportError::Altered);
    }

    /// Whether every objective is kept, by this report alone.
    fn is_ok(text: &str) -> bool {
        let now = at("2027-01-16T08:00:00Z");
        let objectives = Objectives::default();
        let Ok(Ok(goldens)) = goldens(text, &objectives, now) else { return false };
        let split = Split {
            treatment_pct: Percent::ZERO,
            control_boundary: BOUNDARY_DEFAULT,
            treatment_boundary: BOUNDARY_DEFAULT,
            adaptive: true,
            frozen: false,
            origin: "canary".to_owned(),
        };
        look(&objectives, &[], Some(&goldens), &split, MemoryLook::default(), &Unread::default())
            .verdict
            == Verdict::Met
    }

    proptest::proptest! {
        /// Whatever becomes of a good report on the way: it is read as it was made, or nothing is green by it.
        #[test]
        fn no_part_and_no_change_of_a_report_is_ok(
            cut in 0_usize..1_000_000, at in 0_usize..1_000_000, byte: u8,
        ) {
            let whole = REPORT.trim_end();
            let is_same = |text: &str| Report::parse(text).ok() == Report::parse(whole).ok();
            proptest::prop_assert!(is_ok(whole));
            proptest::prop_assert!(!is_ok(whole.get(..cut % whole.len()).unwrap_or_default()));
            let mut changed = whole.as_bytes().to_vec();
            let flipped = at % changed.len();
            changed[flipped] = byte;
            let changed = String::from_utf8(changed).unwrap_or_default();
            for text in spoiled(whole, at).into_iter().chain([changed]) {
                proptest::prop_assert!(!is_ok(&text) || is_same(&text), "{}", text);
            }
        }
    }
}
