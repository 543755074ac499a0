//! What makes a report evidence.
//!
//! Anybody can write figures into a file. So whoever lets a verdict rest on a report, a gate, an objective or a
//! comparison, takes it from [`Report::trusted`], and there is no other list of what a report must be.

use std::time::Duration;

use aios_core::Timestamp;

use super::{Kind, Report, ReportError, Status};

/// By how much the clock of the machine that made something may be ahead of ours.
const SKEW_MAX: Duration = Duration::from_secs(60);

/// Why nothing may rest on a report that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unproven {
    /// It has no id, as what was written by hand or by another program.
    #[error("it is unsealed: without a report_id nobody can tell whether it is as it was written")]
    Unsealed,
    /// The run could not be judged.
    #[error("too little was answered to tell")]
    Undecided,
    /// Nothing that ran has passed nothing.
    #[error("it holds no case")]
    NoCase,
    /// Its figures are of nothing.
    #[error("its figures are of no run")]
    NoRun,
    /// Its verdict does not follow from what it lists.
    #[error("it says {says}, and lists {lists}")]
    Contradicts {
        /// What it says that it came to.
        says: &'static str,
        /// What it lists.
        lists: &'static str,
    },
    /// Nobody can tell than what nothing was worse.
    #[error("it does not say with which baseline it was compared")]
    NoBaseline,
    /// A clock was ahead, or somebody wants it never to grow old.
    #[error("it is of {ts}, which has not come yet")]
    Ahead {
        /// When it says that it was made.
        ts: Timestamp,
    },
}

/// Whether what was made then is of a time that has not come, however clocks may differ.
#[must_use]
pub fn is_ahead(made: Timestamp, now: Timestamp) -> bool {
    made > now.plus(SKEW_MAX)
}

impl Report {
    /// Reads a report or a baseline that a verdict is to rest on at `now`. How old it may be is for who asks to say: a
    /// baseline is meant to be old.
    ///
    /// # Errors
    /// As [`parse`](Self::parse), and as [`proof`](Self::proof).
    pub fn trusted(json: &str, now: Timestamp) -> Result<Self, ReportError> {
        let report = Self::parse(json)?;
        report.proof(now)?;
        Ok(report)
    }

    /// Whether a verdict may rest on it at `now`.
    ///
    /// # Errors
    /// When it is unsealed, could not be judged, is of nothing, says what does not follow from what it lists, or is of a
    /// time that has not come.
    pub fn proof(&self, now: Timestamp) -> Result<(), Unproven> {
        let holds_a_case = self.tests.iter().any(|test| !test.is_candidate);
        if !self.has_seal() {
            Err(Unproven::Unsealed)
        } else if self.status == Status::Error {
            Err(Unproven::Undecided)
        } else if !holds_a_case {
            Err(Unproven::NoCase)
        } else if self.metrics.n == 0 {
            Err(Unproven::NoRun)
        } else if self.kind == Kind::Comparison && self.baseline.is_none() {
            Err(Unproven::NoBaseline)
        } else if let Some(lists) = self.contradiction() {
            Err(Unproven::Contradicts { says: self.status.name(), lists })
        } else if is_ahead(self.timestamp, now) {
            Err(Unproven::Ahead { ts: self.timestamp })
        } else {
            Ok(())
        }
    }

    /// What it lists from which something else follows than what it says. A comparison fails where something got worse, a
    /// baseline where a case did not pass, and neither fails of anything else.
    fn contradiction(&self) -> Option<&'static str> {
        let (is_worse, has_failed) =
            (!self.regressions_detected.is_empty(), self.summary.failed > 0);
        let (is_bad, bad, good) = match self.kind {
            Kind::Comparison => (is_worse, "what got worse", "nothing that got worse"),
            Kind::Baseline => (has_failed, "cases that did not pass", "no case that did not pass"),
        };
        match self.status {
            Status::Pass if is_bad => Some(bad),
            Status::Pass if self.error.is_some() => Some("why it could not be judged"),
            Status::Fail if !is_bad => Some(good),
            Status::Pass | Status::Fail | Status::Error => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    const REPORT: &str = include_str!("../../../../fixtures/golden/report_v1.json");

    fn now() -> Timestamp {
        Timestamp::parse("2027-01-15T09:00:00Z").unwrap()
    }

    /// The fixture with other values, sealed as if it had been made so.
    fn sealed_with(changes: &[(&str, Value)]) -> String {
        let mut report: Value = serde_json::from_str(REPORT).unwrap();
        report["report_id"] = json!("");
        for (place, value) in changes {
            *report.pointer_mut(place).unwrap() = value.clone();
        }
        let report: Report = serde_json::from_value(report).unwrap();
        serde_json::to_string(&report.sealed()).unwrap()
    }

    fn check(changes: &[(&str, Value)], expect: &str) {
        let why = Report::trusted(&sealed_with(changes), now()).unwrap_err().to_string();
        assert!(why.contains(expect), "{why}");
    }

    #[test]
    fn what_was_made_by_a_run_is_trusted_however_old() {
        let later = Timestamp::parse("2030-01-15T09:00:00Z").unwrap();
        let report = Report::trusted(REPORT, now()).unwrap();
        assert_eq!(Report::trusted(REPORT, later).unwrap(), report);
        assert_eq!(report.metrics.p95_ms, 17_700.0);
        assert_eq!(crate::Metrics::of(&report.tests).mean_ms, report.metrics.mean_ms);
        // Clocks of two machines are never quite the same.
        let ahead = [("/timestamp", json!("2027-01-15T09:01:00Z"))];
        Report::trusted(&sealed_with(&ahead), now()).unwrap();
    }

    #[test]
    fn what_proves_nothing_is_told() {
        check(&[("/status", json!("ERROR"))], "too little was answered");
        check(&[("/metrics/n", json!(0))], "of no run");
        check(&[("/timestamp", json!("2027-01-15T09:01:01Z"))], "has not come yet");
        let nothing = json!({ "cases": 0, "passed": 0, "failed": 0, "flaky": 0, "candidates": 0,
            "new": 0, "simulated_runs": 0 });
        check(&[("/summary", nothing), ("/tests", json!([]))], "holds no case");
        check(&[("/tests", json!([]))], "counts are not those of its cases");
        check(&[("/summary/failed", json!(1))], "counts are not those of its cases");
        check(&[("/tests/3/passed", json!(false))], "counts are not those of its cases");
        check(&[("/baseline", json!(null))], "with which baseline");
        let mut unsealed: Value = serde_json::from_str(REPORT).unwrap();
        unsealed["report_id"] = json!("");
        let why = Report::trusted(&unsealed.to_string(), now()).unwrap_err();
        assert_eq!(why, ReportError::Unproven(Unproven::Unsealed));
        assert!(Report::parse(&unsealed.to_string()).is_ok(), "it can be shown");
        unsealed["report_id"] = json!("aaaa");
        assert_eq!(Report::parse(&unsealed.to_string()).unwrap_err(), ReportError::Altered);
    }

    #[test]
    fn a_verdict_that_does_not_follow_from_its_lists_is_none() {
        let worse = json!([{ "what": "case", "id": "case-01", "detail": "1/1 before, 0/6 now" }]);
        let listed = ("/regressions_detected", worse);
        check(std::slice::from_ref(&listed), "it says PASS, and lists what got worse");
        check(&[("/status", json!("FAIL"))], "it says FAIL, and lists nothing that got worse");
        let failed = [("/status", json!("FAIL")), listed];
        assert_eq!(Report::trusted(&sealed_with(&failed), now()).unwrap().status, Status::Fail);
        let baseline = ("/kind", json!("baseline"));
        check(&[baseline.clone(), ("/status", json!("FAIL"))], "no case that did not pass");
        let one_failed = [
            baseline,
            ("/summary/passed", json!(19)),
            ("/summary/failed", json!(1)),
            ("/tests/3/passed", json!(false)),
        ];
        check(&one_failed, "it says PASS, and lists cases that did not pass");
    }

    /// Every place in a value.
    fn places(value: &Value, at: &str, all: &mut Vec<String>) {
        let below: Vec<(String, &Value)> = match value {
            Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), value)).collect(),
            Value::Array(list) => {
                list.iter().enumerate().map(|(n, value)| (n.to_string(), value)).collect()
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
        };
        for (key, value) in below {
            let place = format!("{at}/{key}");
            places(value, &place, all);
            all.push(place);
        }
    }

    fn remove(value: &mut Value, place: &str) {
        let (parent, key) = place.rsplit_once('/').unwrap();
        match value.pointer_mut(parent).unwrap() {
            Value::Object(map) => drop(map.remove(key)),
            Value::Array(list) => drop(list.remove(key.parse().unwrap())),
            other => panic!("{other} has nothing in it"),
        }
    }

    /// It is trusted only if it says what it said.
    fn is_the_same_or_refused(text: &str) -> bool {
        match Report::trusted(text, now()) {
            Ok(read) => read == Report::parse(REPORT).unwrap(),
            Err(_) => true,
        }
    }

    #[test]
    fn nothing_can_be_taken_out_of_it_or_emptied() {
        let whole: Value = serde_json::from_str(REPORT).unwrap();
        let mut all = Vec::new();
        places(&whole, "", &mut all);
        assert!(all.len() > 300, "{}", all.len());
        for place in &all {
            let mut without = whole.clone();
            remove(&mut without, place);
            assert!(is_the_same_or_refused(&without.to_string()), "without {place}");
            for empty in [json!(null), json!(""), json!(0), json!([]), json!({}), json!(false)] {
                let mut emptied = whole.clone();
                *emptied.pointer_mut(place).unwrap() = empty.clone();
                assert!(is_the_same_or_refused(&emptied.to_string()), "{place} is {empty}");
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        #[test]
        fn no_part_of_it_and_no_change_of_it_is_trusted(
            cut in any::<prop::sample::Index>(),
            flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        ) {
            let whole = REPORT.trim_end();
            let part = whole.get(..cut.index(whole.len())).unwrap_or_default();
            prop_assert!(Report::trusted(part, now()).is_err());
            let mut changed = whole.as_bytes().to_vec();
            for (at, byte) in flips {
                let at = at.index(changed.len());
                changed[at] = byte;
            }
            if let Ok(changed) = String::from_utf8(changed) {
                prop_assert!(is_the_same_or_refused(&changed));
            }
        }
    }
}
