//! What is left of a report once somebody was erased.
//!
//! An erasure cuts records out of texts and knows nothing of reports. What it leaves of one is no longer what was sealed,
//! so it is sealed anew, and says how many cases are gone. A seal that was missing or broken before stays so: an erasure
//! must not make evidence of what was none.

use super::Report;

/// The report that says what is `left` of `before`; whatever is no sealed report is left as it is.
#[must_use]
pub fn left_of_report(before: &str, left: String) -> String {
    resealed(before, &left).unwrap_or(left)
}

fn resealed(before: &str, left: &str) -> Option<String> {
    let whole = Report::parse(before).ok().filter(Report::has_seal)?;
    let left: Report = serde_json::from_str(left).ok()?;
    let erased = left.erased + whole.tests.len().checked_sub(left.tests.len())?;
    let left = Report { erased, ..left }.sealed();
    Some(serde_json::to_string_pretty(&left).ok()? + "\n")
}

#[cfg(test)]
mod tests {
    use aios_core::Timestamp;
    use serde_json::{Value, json};

    use super::*;

    const REPORT: &str = include_str!("../../../../fixtures/golden/report_v1.json");

    /// The text without its first case.
    fn cut(text: &str) -> String {
        let mut value: Value = serde_json::from_str(text).unwrap();
        value["tests"].as_array_mut().unwrap().remove(0);
        value.to_string()
    }

    #[test]
    fn it_says_what_is_gone_and_is_sealed_as_it_was() {
        let now = Timestamp::parse("2027-01-15T09:00:00Z").unwrap();
        Report::trusted(&cut(REPORT), now).unwrap_err();
        let once = left_of_report(REPORT, cut(REPORT));
        let read = Report::trusted(&once, now).unwrap();
        assert_eq!((read.tests.len(), read.summary.cases, read.erased), (19, 20, 1));
        let twice = left_of_report(&once, cut(&once));
        assert_eq!(Report::trusted(&twice, now).unwrap().erased, 2);
        // What is left of nothing but erased cases proves nothing.
        let gone = (0..18).fold(twice, |text, _| left_of_report(&text, cut(&text)));
        assert_eq!(Report::parse(&gone).unwrap().erased, 20);
        let why = Report::trusted(&gone, now).unwrap_err().to_string();
        assert!(why.contains("holds no case"), "{why}");
    }

    #[test]
    fn what_was_no_evidence_before_is_none_afterwards() {
        let mut report: Value = serde_json::from_str(REPORT).unwrap();
        for id in ["", "aaaa"] {
            report["report_id"] = json!(id);
            let before = report.to_string();
            assert_eq!(left_of_report(&before, cut(&before)), cut(&before));
        }
        assert_eq!(left_of_report("[1, 2]", "[2]".to_owned()), "[2]");
    }
}
