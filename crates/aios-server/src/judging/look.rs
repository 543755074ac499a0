//! The golden report that counts, and one look at every objective.

use std::path::Path;

use aios_control::Row;
use aios_control::sli::Window;
use aios_control::slo::check::{Check, Goldens, Looked, check};
use aios_core::{Boundary, Bucket, Split, Timestamp, Unread};
use aios_eval::{Kind, Reference, Report, ReportError};

use super::{MemoryLook, Objectives};
use crate::golden::reference;

/// The figures of a report that can be trusted, asked what the golden set of this data directory asks now, and is young
/// enough; else why it says nothing. The baseline in use was recorded to compare with and never grows old, so that where it
/// is copied over the last report it is read like it.
///
/// # Errors
/// When it is no report, is not as it was written, or a figure in it cannot be.
pub fn goldens(
    text: &str,
    objectives: &Objectives,
    data_dir: &Path,
    now: Timestamp,
) -> Result<Result<Goldens, String>, ReportError> {
    let report = Report::parse(text)?;
    Ok(match reference(data_dir, now) {
        Ok(in_use) => silence(&report, objectives, &in_use, now).map_or(Ok(figures(&report)), Err),
        Err(error) => Err(error.to_string()),
    })
}

/// Why a report says nothing, if it does not.
fn silence(
    report: &Report,
    objectives: &Objectives,
    in_use: &Reference,
    now: Timestamp,
) -> Option<String> {
    if let Err(why) = report.proof(now) {
        return Some(why.to_string());
    }
    if let Err(why) = in_use.is_asked(report) {
        let hint = match report.kind {
            Kind::Comparison => why.hint(),
            Kind::Baseline => "record one with `aios golden record --force --reason TEXT`",
        };
        return Some(format!("{why}; {hint}"));
    }
    if in_use.is_baseline(report) || report.is_fresh(now, objectives.report_age_max) {
        return None;
    }
    Some(match report.kind {
        Kind::Comparison => format!("it is of {}", report.timestamp),
        Kind::Baseline => format!("it is of {}, and not the baseline in use", report.timestamp),
    })
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
    use aios_core::{Percent, Verdict};
    use aios_eval::GoldenSet;
    use serde_json::{Value, json};

    use super::*;
    use crate::spoiled::spoiled;

    const REPORT: &str = include_str!("../../../../fixtures/golden/report_v1.json");
    const BASELINE: &str = include_str!("../../../../fixtures/golden/baseline_v1.json");
    const SET: &str = include_str!("../../../../fixtures/golden/set_v1.json");

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

    fn in_use() -> Reference {
        Reference::new(GoldenSet::parse(SET).unwrap(), Some(Report::parse(BASELINE)))
    }

    fn read(text: &str, now: &str) -> Result<Goldens, String> {
        said(&Report::parse(text).unwrap(), now, &in_use())
    }

    fn said(report: &Report, now: &str, in_use: &Reference) -> Result<Goldens, String> {
        let why = silence(report, &Objectives::default(), in_use, at(now));
        why.map_or(Ok(figures(report)), Err)
    }

    #[test]
    fn a_report_grows_old_and_a_baseline_does_not() {
        let young = read(REPORT, "2027-01-16T08:00:00Z").unwrap();
        assert_eq!((young.n, young.recall_at_5), (20, Some(1.0)));
        assert_eq!(young.latency_ms_p95, Some(17_700.0));
        let old = read(REPORT, "2027-02-16T08:00:00Z").unwrap_err();
        assert!(old.contains("2027-01-15"), "{old}");
        let baseline = read(BASELINE, "2028-02-16T08:00:00Z").unwrap();
        assert_eq!(Goldens { ts: young.ts, ..baseline }, young);
        // One that is not in use any more, or never was, grows old like any other.
        let other = report(&[("kind", json!("baseline"))]);
        assert_eq!(read(&other, "2027-01-16T08:00:00Z"), Ok(young));
        let old = read(&other, "2027-02-16T08:00:00Z").unwrap_err();
        assert!(old.contains("not the baseline in use"), "{old}");
        let now = Timestamp::from_micros(0);
        assert!(goldens("{}", &Objectives::default(), Path::new("none"), now).is_err());
    }

    /// A set of one easy question passes whatever the answers to the others are.
    #[test]
    fn what_asked_something_else_says_nothing() {
        let now = "2027-01-16T08:00:00Z";
        let other = Reference::new(GoldenSet::parse(aios_eval::BUILT_IN_SET).unwrap(), None);
        for (text, run) in [(REPORT, "aios golden compare"), (BASELINE, "aios golden record")] {
            let why = said(&Report::parse(text).unwrap(), now, &other).unwrap_err();
            assert!(why.contains("of the golden set f74860321912, not of"), "{why}");
            assert!(why.contains(run), "{why}");
        }
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("goldens")).unwrap();
        std::fs::write(dir.path().join("goldens/sample_set.json"), "[]").unwrap();
        let why = goldens(REPORT, &Objectives::default(), dir.path(), at(now)).unwrap();
        assert!(why.unwrap_err().contains("sample_set.json cannot be used"));
    }

    #[test]
    fn what_proves_nothing_says_nothing() {
        let check = |text: &str, expect: &str| {
            let why = read(text, "2027-01-16T08:00:00Z").unwrap_err();
            assert!(why.contains(expect), "{why}");
        };
        for kind in ["comparison", "baseline"] {
            let of = |key: &str, value: Value| report(&[("kind", json!(kind)), (key, value)]);
            check(&of("status", json!("FAIL")), "it says FAIL, and lists no");
            check(&of("status", json!("ERROR")), "too little was answered");
            check(&of("timestamp", json!("2030-01-01T00:00:00Z")), "has not come yet");
        }
        let unsealed = REPORT.replace("report_id", "other");
        check(&unsealed, "it is unsealed");
        let altered = REPORT.replace("\"concurrency\": 1", "\"concurrency\": 2");
        assert_eq!(Report::parse(&altered).unwrap_err(), ReportError::Altered);
    }

    /// Whether every objective is kept, by this report alone.
    fn is_ok(text: &str) -> bool {
        let objectives = Objectives::default();
        let Ok(report) = Report::parse(text) else { return false };
        let Ok(goldens) = said(&report, "2027-01-16T08:00:00Z", &in_use()) else { return false };
        let split = Split::plain(Percent::ZERO, "canary");
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
