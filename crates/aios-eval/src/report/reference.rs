//! What reports are held against: the golden set, the baseline and the threshold that are configured now.
//!
//! Whoever makes a report chooses what is asked, what it is compared with and how much worse is not too much. An easy
//! set, an old baseline or a wide threshold makes a PASS of anything. So whoever lets something rest on a report asks
//! here whether it was made with what is configured now.

use std::collections::BTreeMap;

use super::{Kind, Report, ReportError};
use crate::compare::{DriftError, check_drift};
use crate::golden::GoldenSet;

/// Digits of a digest that tell it from others.
const DIGITS: usize = 12;

/// How much slower, or how much of routing elsewhere, is too much where nobody says: the guide's figure.
pub const THRESHOLD: f64 = 0.25;

/// The golden set that is asked now and the baseline that runs are compared with now.
#[derive(Debug)]
pub struct Reference {
    set: GoldenSet,
    baseline: Option<Result<Report, ReportError>>,
}

/// Why a report says nothing of what is configured now.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Unrelated {
    /// Something else was asked.
    #[error("it is of the golden set {found}, not of {expected}, which is in use now: {why}")]
    Set {
        /// Digest of its set.
        found: String,
        /// Digest of the set in use.
        expected: String,
        /// The first difference.
        why: String,
    },
    /// It was compared with something else.
    #[error("it was compared with the baseline {found}, not with {expected}, which is in use now")]
    Baseline {
        /// Id of its baseline.
        found: String,
        /// Id of the one in use.
        expected: String,
    },
    /// More was let pass than may be.
    #[error("it lets pass what is {found} worse, where canary.golden_threshold allows {allowed}")]
    Threshold {
        /// Its threshold.
        found: f64,
        /// The one in force.
        allowed: f64,
    },
    /// Nothing is in use that it could have been compared with.
    #[error("no baseline is recorded that it could have been compared with")]
    NoBaseline,
    /// What it was compared with proves nothing.
    #[error("the baseline cannot be used: {0}")]
    BadBaseline(ReportError),
    /// Not all that is asked was compared.
    #[error("the baseline is not of the golden set: {0}")]
    Drift(DriftError),
}

impl Unrelated {
    /// Whether another run would mend it, with what is in use as it is.
    #[must_use]
    pub const fn is_of_the_report(&self) -> bool {
        match self {
            Self::Set { .. } | Self::Baseline { .. } | Self::Threshold { .. } => true,
            Self::NoBaseline | Self::BadBaseline(_) | Self::Drift(_) => false,
        }
    }

    /// What the operator can do.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Set { .. } | Self::Baseline { .. } | Self::Threshold { .. } => {
                "make another with `aios golden compare`, with the server running"
            }
            Self::NoBaseline => "record one with `aios golden record`, then `aios golden compare`",
            Self::BadBaseline(_) | Self::Drift(_) => {
                "record it anew with `aios golden record --force --reason TEXT`, then `aios golden compare`"
            }
        }
    }
}

impl Reference {
    /// The set in use, and the baseline, if one is recorded, as far as a verdict can rest on it.
    #[must_use]
    pub const fn new(set: GoldenSet, baseline: Option<Result<Report, ReportError>>) -> Self {
        Self { set, baseline }
    }

    /// Whether the report asked what the set asks now. Candidates decide nothing and may differ; so may what was erased
    /// from both.
    ///
    /// # Errors
    /// When a case was not asked, was asked otherwise, or is not in the set.
    pub fn is_asked(&self, report: &Report) -> Result<(), Unrelated> {
        let deciding = report.tests.iter().filter(|test| !test.is_candidate);
        let asked: BTreeMap<&str, &str> =
            deciding.map(|test| (test.id.as_str(), test.case_sha256.as_str())).collect();
        let deciding = self.set.cases().iter().filter(|case| !case.is_candidate);
        let wanted: BTreeMap<&str, &str> =
            deciding.map(|case| (case.id.as_str(), case.sha256.as_str())).collect();
        let Some(why) = difference(&asked, &wanted) else { return Ok(()) };
        let (found, expected) = (short(&report.golden_set.sha256), short(&self.set.sha256()));
        Err(Unrelated::Set { found, expected, why })
    }

    /// Whether the report was compared with all that is in use now, and let nothing pass that is more than `allowed` worse.
    ///
    /// # Errors
    /// When it was not, or nothing is in use that it could have been compared with.
    pub fn is_compared(&self, report: &Report, allowed: f64) -> Result<(), Unrelated> {
        self.is_asked(report)?;
        let baseline = match &self.baseline {
            None => return Err(Unrelated::NoBaseline),
            Some(Err(error)) => return Err(Unrelated::BadBaseline(error.clone())),
            Some(Ok(baseline)) => baseline,
        };
        check_drift(baseline, &self.set).map_err(Unrelated::Drift)?;
        let found = report.baseline.as_ref().map_or("", |it| it.sha256.as_str());
        if found != baseline.report_id {
            let (found, expected) = (short(found), short(&baseline.report_id));
            return Err(Unrelated::Baseline { found, expected });
        }
        let found = report.regression_threshold;
        if found > allowed {
            return Err(Unrelated::Threshold { found, allowed });
        }
        Ok(())
    }

    /// Whether it is the baseline in use, wherever it was found.
    #[must_use]
    pub fn is_baseline(&self, report: &Report) -> bool {
        let in_use = self.baseline.as_ref().and_then(|baseline| baseline.as_ref().ok());
        report.kind == Kind::Baseline && in_use.is_some_and(|it| it.report_id == report.report_id)
    }
}

/// The first case that is not asked alike.
fn difference(asked: &BTreeMap<&str, &str>, wanted: &BTreeMap<&str, &str>) -> Option<String> {
    let otherwise = wanted.iter().find_map(|(id, sha256)| match asked.get(id) {
        None => Some(format!("the case {id:?} was not asked")),
        Some(other) if other != sha256 => Some(format!("the case {id:?} was another one")),
        Some(_) => None,
    });
    let stranger = || {
        let id = asked.keys().find(|id| !wanted.contains_key(*id))?;
        Some(format!("it knows no case {id:?}"))
    };
    otherwise.or_else(stranger)
}

fn short(digest: &str) -> String {
    digest.chars().take(DIGITS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SET: &str = include_str!("../../../../fixtures/golden/set_v1.json");
    const BASELINE: &str = include_str!("../../../../fixtures/golden/baseline_v1.json");
    const REPORT: &str = include_str!("../../../../fixtures/golden/report_v1.json");

    fn reference(set: &str, baseline: Option<&str>) -> Reference {
        Reference::new(GoldenSet::parse(set).unwrap(), baseline.map(Report::parse))
    }

    fn check(reference: &Reference, report: &Report, expect: &str) {
        let why = reference.is_compared(report, THRESHOLD).unwrap_err();
        assert!(why.to_string().contains(expect), "{why}");
        assert!(why.hint().contains("aios golden"), "{}", why.hint());
    }

    #[test]
    fn a_report_is_held_against_what_is_in_use() {
        let (in_use, report) = (reference(SET, Some(BASELINE)), Report::parse(REPORT).unwrap());
        in_use.is_compared(&report, THRESHOLD).unwrap();
        assert_eq!(report.golden_set.sha256, GoldenSet::parse(SET).unwrap().sha256());
        let with_candidate =
            SET.replacen('[', r#"[{"id": "new", "question": "?", "status": "candidate"},"#, 1);
        reference(&with_candidate, Some(BASELINE)).is_compared(&report, THRESHOLD).unwrap();
        let strict = Report { regression_threshold: 0.1, ..report.clone() };
        in_use.is_compared(&strict, THRESHOLD).unwrap();
    }

    #[test]
    fn what_was_made_with_something_else_says_what() {
        let (in_use, report) = (reference(SET, Some(BASELINE)), Report::parse(REPORT).unwrap());
        let of = |set: &str| reference(set, Some(BASELINE));
        let more = SET.replacen('[', r#"[{"id": "new", "question": "?"},"#, 1);
        check(&of(&more), &report, "the case \"new\" was not asked");
        check(&of(&more), &report, "it is of the golden set f74860321912, not of ");
        check(
            &of(&SET.replace("Question 07", "Question 7")),
            &report,
            "\"case-07\" was another one",
        );
        check(&of(&SET.replace("case-20", "case-99")), &report, "\"case-99\" was not asked");
        let mut easy = report.clone();
        easy.tests.truncate(1);
        check(&in_use, &easy, "\"case-02\" was not asked");
        let few = SET.lines().filter(|line| !line.contains("case-07")).collect::<String>();
        check(&of(&few), &report, "it knows no case \"case-07\"");
        let another = BASELINE.replace("\"report_id\"", "\"id\"");
        check(
            &reference(SET, Some(&another)),
            &report,
            "compared with the baseline 37cae051ee54, not",
        );
        check(&reference(SET, None), &report, "no baseline is recorded");
        check(&reference(SET, Some("{}")), &report, "the baseline cannot be used");
        let lax = Report { regression_threshold: 9.0, ..report };
        check(&in_use, &lax, "what is 9 worse, where canary.golden_threshold allows 0.25");
    }

    /// What knows only a part of the set was compared with a part, whatever it says of it.
    #[test]
    fn a_baseline_of_another_set_is_compared_with_nothing() {
        let report = Report::parse(REPORT).unwrap();
        let mut baseline = Report::parse(BASELINE).unwrap();
        baseline.tests[4].case_sha256 = "00".to_owned();
        let in_use = Reference::new(GoldenSet::parse(SET).unwrap(), Some(Ok(baseline)));
        check(&in_use, &report, "the baseline is not of the golden set: the case \"case-05\"");
    }

    #[test]
    fn only_the_baseline_in_use_is_it() {
        let in_use = reference(SET, Some(BASELINE));
        assert!(in_use.is_baseline(&Report::parse(BASELINE).unwrap()));
        assert!(!in_use.is_baseline(&Report::parse(REPORT).unwrap()));
        assert!(!reference(SET, None).is_baseline(&Report::parse(BASELINE).unwrap()));
    }
}
