//! The golden gate: what the last golden report says of the policy on trial.
//!
//! A report counts once, however often it is looked at; the gate itself is asked each time, and is open
//! only while the report is young.

use std::cell::LazyCell;
use std::time::Duration;

use aios_control::Rollout;
use aios_control::sli::Window;
use aios_control::slo::Slo;
use aios_control::slo::check::{Looked, check};
use aios_core::{Bucket, GoldenGate, Profile, Split, Timestamp, Unread, Verdict};
use aios_eval::{Kind, Reference, Report, ReportError, Status, Unrelated, candidate_fingerprint};
use aios_store::DataDir;

use crate::golden::{self, ReferenceError};
use crate::judging::figures;

/// A report that is older says nothing.
const AGE_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// What mends a report that says nothing.
const MAKE_ONE: &str =
    "make one with `aios golden compare --bucket treatment --out FILE`, with the server running";

/// Digits of a report's id that tell it from others.
const DIGITS: usize = 16;

/// The goldens in use, which nobody reads where there is no report.
type InUse<'a> = LazyCell<Found, Box<dyn FnOnce() -> Found + 'a>>;

type Found = Result<Reference, ReferenceError>;

/// What a report must be of, what it must have been made with, and what is asked of its figures.
#[derive(Debug)]
pub struct Trial<'a> {
    fingerprint: String,
    in_use: InUse<'a>,
    threshold: f64,
    slos: &'a [Slo],
}

/// What a golden report says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    /// Whether the canary may advance.
    pub state: GoldenGate,
    /// The report, by its id.
    pub report: Option<String>,
    /// When it was made.
    pub made: Option<Timestamp>,
    /// Cases in it.
    pub n_cases: u32,
    /// Why it is closed, if it is.
    pub why: Option<String>,
}

/// A report cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
    /// It is no report.
    #[error("{path} is no golden report: {err}")]
    NoReport {
        /// The file.
        path: String,
        /// Why.
        #[source]
        err: ReportError,
    },
    /// It cannot speak for what is on trial.
    #[error("{path} proves nothing: {why}")]
    NoProof {
        /// The file.
        path: String,
        /// Why.
        why: String,
    },
    /// It is too old, or of a time that has not come.
    #[error("{path} is of {ts}, which is not within the last day")]
    Stale {
        /// The file.
        path: String,
        /// When it was made.
        ts: Timestamp,
    },
    /// It is of another policy than the one on trial.
    #[error("{path} is of another candidate: {found}, not {expected}")]
    OtherCandidate {
        /// The file.
        path: String,
        /// Of which.
        found: String,
        /// What is on trial.
        expected: String,
    },
    /// It was made with other goldens than those in use.
    #[error("{path} says nothing of the goldens in use: {why}")]
    Unrelated {
        /// The file.
        path: String,
        /// What differs.
        why: Unrelated,
    },
    /// Nobody can tell which goldens are in use.
    #[error("{path} cannot be held against the goldens in use: {why}")]
    NoReference {
        /// The file.
        path: String,
        /// Why.
        why: String,
    },
}

impl GateError {
    /// What the operator can do.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::NoReport { .. }
            | Self::NoProof { .. }
            | Self::Stale { .. }
            | Self::OtherCandidate { .. } => MAKE_ONE,
            Self::Unrelated { why, .. } if why.is_of_the_report() => MAKE_ONE,
            Self::Unrelated { why, .. } => why.hint(),
            Self::NoReference { .. } => "correct the golden set: `aios golden lint`",
        }
    }
}

impl<'a> Trial<'a> {
    /// The policy on trial under this split, way to weigh and what of the configuration decides answers. Reports are held
    /// against the goldens of `dir`, and may have let nothing pass that is more than `threshold` worse.
    #[must_use]
    pub fn new(
        (answers_hash, split, profile): (&str, &Split, Profile),
        (dir, now): (&'a DataDir, Timestamp),
        threshold: f64,
        slos: &'a [Slo],
    ) -> Self {
        let (bucket, boundary) = (Bucket::Treatment, split.treatment_boundary.get());
        let fingerprint = candidate_fingerprint(answers_hash, bucket, boundary, profile);
        let in_use = InUse::new(Box::new(move || golden::reference(dir.path(), now)));
        Self { fingerprint, in_use, threshold, slos }
    }

    /// Whether a report was made with the goldens in use.
    fn holds(&self, report: &Report, path: &str) -> Result<(), GateError> {
        let path = path.to_owned();
        match &*self.in_use {
            Err(error) => Err(GateError::NoReference { path, why: error.to_string() }),
            Ok(in_use) => in_use
                .is_compared(report, self.threshold)
                .map_err(|why| GateError::Unrelated { path, why }),
        }
    }
}

impl Gate {
    /// Where there is no report.
    pub const MISSING: Self =
        Self { state: GoldenGate::Missing, report: None, made: None, n_cases: 0, why: None };

    /// What the report's text says at `now` of what is on trial.
    ///
    /// # Errors
    /// When it is no report, cannot speak for what is on trial, is too old, or was made with other goldens than those in
    /// use.
    pub fn of(
        text: &str,
        path: &str,
        trial: &Trial<'_>,
        now: Timestamp,
    ) -> Result<Self, GateError> {
        let path = path.to_owned();
        let report = match Report::parse(text) {
            Ok(report) => report,
            Err(err) => return Err(GateError::NoReport { path, err }),
        };
        let unproven = report.proof(now).err().map(|why| why.to_string());
        if let Some(why) = unproven.or_else(|| of_something_else(&report).map(str::to_owned)) {
            return Err(GateError::NoProof { path, why });
        }
        if !report.is_fresh(now, AGE_MAX) {
            return Err(GateError::Stale { path, ts: report.timestamp });
        }
        let found = report.candidate_fingerprint.clone().unwrap_or_default();
        if found != trial.fingerprint {
            let expected = trial.fingerprint.clone();
            return Err(GateError::OtherCandidate { path, found, expected });
        }
        trial.holds(&report, &path)?;
        let why = failure(&report, trial.slos);
        Ok(Self {
            state: if why.is_none() { GoldenGate::FreshPass } else { GoldenGate::Failed },
            report: Some(report.report_id.chars().take(DIGITS).collect()),
            made: Some(report.timestamp),
            n_cases: u32::try_from(report.summary.cases).unwrap_or(u32::MAX),
            why,
        })
    }

    /// What the last report in a data directory says. What cannot be used keeps the canary from advancing, and
    /// the gate says why.
    #[must_use]
    pub fn of_last(dir: &DataDir, trial: &Trial<'_>, now: Timestamp) -> Self {
        let closed = |why| Self { state: GoldenGate::Stale, why: Some(why), ..Self::MISSING };
        match dir.read_golden_report() {
            Ok(None) => Self::MISSING,
            Ok(Some(text)) => Self::of(&text, "goldens/last_report.json", trial, now)
                .unwrap_or_else(|error| closed(format!("{error}; {}", error.hint()))),
            Err(error) => closed(error.to_string()),
        }
    }

    /// What it says as a verdict; none if there is no report, or none that was made after the last one that was
    /// counted.
    pub(super) fn verdict(&self, rollout: &Rollout, now: Timestamp) -> Option<Verdict> {
        let is_another = self.report.is_some() && self.report != rollout.report;
        // A time that has not come was made up by a clock that was ahead.
        let counted = rollout.report_made.filter(|made| *made <= now);
        let is_new = is_another && counted.is_none_or(|counted| self.made > Some(counted));
        match self.state {
            GoldenGate::FreshPass if is_new => Some(Verdict::Met),
            GoldenGate::Failed if is_new => Some(Verdict::Breached),
            GoldenGate::FreshPass
            | GoldenGate::Failed
            | GoldenGate::Stale
            | GoldenGate::Missing => None,
        }
    }
}

/// Why a report that can be trusted says nothing of treatment, whatever its figures are.
fn of_something_else(report: &Report) -> Option<&'static str> {
    match (report.kind, report.bucket) {
        (Kind::Baseline, _) => Some("it is a baseline, which was compared with nothing"),
        (_, Bucket::Control) => Some("it asked control, which is not on trial"),
        _ if report.candidate_fingerprint.is_none() => {
            Some("it does not say which policy answered")
        }
        (Kind::Comparison, Bucket::Treatment) => None,
    }
}

/// What is wrong with what was asked: worse than the baseline, or than the objectives allow.
fn failure(report: &Report, slos: &[Slo]) -> Option<String> {
    if report.status == Status::Fail {
        return Some("it is worse than the baseline".to_owned());
    }
    let goldens = figures(report);
    let looked = Looked {
        live: Window::new(&[]),
        unread: &Unread::default(),
        goldens: Some(&goldens),
        boundaries: &[],
        has_memory: false,
    };
    let slos = check(slos, &looked).slos;
    let broken = slos.iter().find(|slo| slo.verdict == Verdict::Breached);
    broken.map(|slo| format!("it breaks an objective: {slo}"))
}

#[cfg(test)]
mod tests {
    use aios_control::slo::default_slos;
    use aios_core::Percent;
    use aios_eval::{GoldenSet, THRESHOLD};
    use serde_json::{Value, json};

    use super::*;
    use crate::spoiled::spoiled;

    const REPORT: &str = include_str!("../../../../fixtures/golden/report_v1.json");
    const BASELINE: &str = include_str!("../../../../fixtures/golden/baseline_v1.json");
    const SET: &str = include_str!("../../../../fixtures/golden/set_v1.json");
    const NOW: &str = "2027-01-15T09:00:00Z";

    /// The fixture, of the policy on trial, with another value at one place.
    fn report(place: &str, value: &Value) -> String {
        report_with(&[(place, value.clone())])
    }

    fn report_with(changes: &[(&str, Value)]) -> String {
        let mut report: Value = serde_json::from_str(REPORT).unwrap();
        report["candidate_fingerprint"] = json!(trial(&[]).fingerprint);
        report["report_id"] = json!("");
        for (place, value) in changes {
            *report.pointer_mut(place).unwrap() = value.clone();
        }
        if report["status"] == "FAIL" {
            let worse = json!([{ "what": "main_share", "detail": "main answers 10 %" }]);
            report["regressions_detected"] = worse;
        }
        sealed(&report.to_string())
    }

    /// With the id of its content, as it would have been made; as it is where it is no report.
    fn sealed(text: &str) -> String {
        let report = Report::parse(text).map(|report| serde_json::to_string(&report.sealed()));
        report.map_or_else(|_| text.to_owned(), Result::unwrap)
    }

    fn trial(slos: &[Slo]) -> Trial<'_> {
        let split = Split::plain(Percent::new(10.0).unwrap(), "canary");
        let boundary = split.treatment_boundary.get();
        let of = (Bucket::Treatment, boundary, Profile::Golden);
        Trial {
            fingerprint: candidate_fingerprint("0123456789ab", of.0, of.1, of.2),
            in_use: InUse::new(Box::new(|| Ok(in_use(SET, Some(BASELINE))))),
            threshold: THRESHOLD,
            slos,
        }
    }

    fn in_use(set: &str, baseline: Option<&str>) -> Reference {
        let baseline = baseline.map(|text| Report::trusted(text, now()));
        Reference::new(GoldenSet::parse(set).unwrap(), baseline)
    }

    fn gate(text: &str) -> Result<Gate, GateError> {
        Gate::of(text, "r.json", &trial(&default_slos()), now())
    }

    fn now() -> Timestamp {
        Timestamp::parse(NOW).unwrap()
    }

    #[test]
    fn a_report_opens_or_closes_the_gate_and_counts_once() {
        let read = gate(&report("/status", &json!("PASS"))).unwrap();
        assert_eq!((read.state, read.n_cases, &read.why), (GoldenGate::FreshPass, 20, &None));
        let none = Rollout::new(Percent::new(10.0).unwrap());
        assert_eq!(read.verdict(&none, now()), Some(Verdict::Met));
        let counted =
            Rollout { report: read.report.clone(), report_made: read.made, ..none.clone() };
        assert_eq!(read.verdict(&counted, now()), None);
        let failed = gate(&report("/status", &json!("FAIL"))).unwrap();
        assert_eq!(failed.verdict(&none, now()), Some(Verdict::Breached));
    }

    /// Of three reports that are handed in again and again each counts once, and only in the order of their making.
    #[test]
    fn an_older_report_is_no_news() {
        let made_after = |other: &str, made: &str| {
            let read = gate(&report("/status", &json!("PASS"))).unwrap();
            let made = Timestamp::parse(made).ok();
            let last = Rollout {
                report: Some(other.to_owned()),
                report_made: made,
                ..Rollout::new(Percent::new(10.0).unwrap())
            };
            read.verdict(&last, now()).is_some()
        };
        assert!(made_after("another", "2027-01-15T07:00:00Z"));
        assert!(!made_after("another", "2027-01-15T08:59:59Z"));
        assert!(made_after("of a clock that was ahead", "2028-01-15T08:59:59Z"));
    }

    #[test]
    fn no_worse_than_a_baseline_that_breaks_an_objective_is_not_good_enough() {
        let check = |place: &str, value: f64, expect: &str| {
            let read = gate(&report(place, &json!(value))).unwrap();
            assert_eq!(read.state, GoldenGate::Failed);
            let why = read.why.unwrap();
            assert!(why.contains(expect), "{why}");
        };
        check("/metrics/pass_rate", 0.9, "pass_rate=0.9<0.95");
        check("/metrics/p95_ms", 20_001.0, "latency_ms_p95=20001>20000");
        check("/metrics/error_rate", 0.02, "error_rate=0.02>0.01");
        check("/metrics/recall_at_5", 0.8, "recall_at_5=0.8<0.85");
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let check = |text: &str, expect: &str| {
            let why = gate(text).unwrap_err().to_string();
            assert!(why.contains(expect), "{why}");
        };
        let with = |place: &str, value: Value| report(place, &value);
        check("", "r.json is no golden report");
        check("{}", "no schema_version");
        check(&with("/timestamp", json!("2027-01-14T08:59:59Z")), "not within the last day");
        check(&with("/timestamp", json!("2027-01-15T09:00:01Z")), "not within the last day");
        check(&with("/metrics/pass_rate", json!(1.2)), "pass_rate cannot be 1.2");
        check(&with("/metrics/p95_ms", json!(-1)), "p95_ms cannot be -1");
        check(&with("/metrics/error_rate", json!("NaN")), "no golden report");
        check(&with("/summary/cases", json!(0)), "contradicts itself");
        let nothing = json!({ "cases": 0, "passed": 0, "failed": 0, "flaky": 0, "candidates": 0,
            "new": 0, "simulated_runs": 0 });
        check(&report_with(&[("/summary", nothing), ("/tests", json!([]))]), "holds no case");
        check(&with("/tests", json!([])), "contradicts itself");
        check(&with("/metrics/n", json!(0)), "of no run");
        check(&with("/kind", json!("baseline")), "compared with nothing");
        check(&with("/bucket", json!("control")), "asked control");
        check(&with("/status", json!("ERROR")), "too little was answered");
        check(&with("/candidate_fingerprint", json!(null)), "which policy answered");
        check(&with("/candidate_fingerprint", json!("x")), "another candidate: x, not ");
        let worse = json!([{ "what": "case", "id": "case-01", "detail": "1/1 before, 0/6 now" }]);
        check(&with("/regressions_detected", worse), "it says PASS, and lists what got worse");
        let unsealed = with("/status", json!("PASS")).replace("\"report_id\"", "\"other\"");
        check(&unsealed, "proves nothing: it is unsealed");
        let failed = with("/status", json!("FAIL"));
        check(&failed.replace("\"FAIL\"", "\"PASS\""), "report_id is not that of what it says");
    }

    #[test]
    fn a_report_that_was_made_with_other_goldens_is_none() {
        let slos = default_slos();
        let check = |in_use: Reference, changes: &[(&str, Value)], expect: &str, run: &str| {
            let in_use = InUse::new(Box::new(|| Ok(in_use)));
            let trial = Trial { in_use, ..trial(&slos) };
            let error = Gate::of(&report_with(changes), "r.json", &trial, now()).unwrap_err();
            assert!(error.to_string().contains(expect), "{error}");
            assert!(error.hint().contains(run), "{}", error.hint());
        };
        let compare = "aios golden compare --bucket treatment";
        let easy = SET.replace("Question 07", "Say yes");
        check(in_use(&easy, Some(BASELINE)), &[], "\"case-07\" was another one", compare);
        let good = || in_use(SET, Some(BASELINE));
        let id = ("/baseline/sha256", json!("aaaa"));
        check(good(), &[id], "with the baseline aaaa, not with 37cae051ee54", compare);
        let wide = ("/regression_threshold", json!(10.0));
        check(good(), &[wide], "what is 10 worse, where canary.golden_threshold allows", compare);
        check(in_use(SET, None), &[], "no baseline is recorded", "aios golden record");
        check(in_use(SET, Some("{}")), &[], "baseline cannot be used", "record --force");
        let failed = [("/status", json!("FAIL")), ("/baseline/sha256", json!("aaaa"))];
        check(good(), &failed, "with the baseline aaaa", compare);
    }

    /// The one that is read without being named closes the gate, and says what to run.
    #[test]
    fn the_last_report_says_why_it_keeps_the_gate_shut() {
        let (slos, temp) = (default_slos(), tempfile::tempdir().unwrap());
        let dir = DataDir::read(temp.path()).unwrap();
        let goldens = temp.path().join("goldens");
        std::fs::create_dir(&goldens).unwrap();
        std::fs::write(goldens.join("last_report.json"), report_with(&[])).unwrap();
        let last = |trial: &Trial<'_>| Gate::of_last(&dir, trial, now());
        assert_eq!(last(&trial(&slos)).state, GoldenGate::FreshPass);
        let in_use = InUse::new(Box::new(|| golden::reference(temp.path(), now())));
        let built_in = last(&Trial { in_use, ..trial(&slos) });
        assert_eq!(built_in.state, GoldenGate::Stale);
        let why = built_in.why.unwrap();
        assert!(why.contains("of the golden set f74860321912, not of"), "{why}");
        assert!(why.contains("aios golden compare --bucket treatment"), "{why}");
    }

    proptest::proptest! {
        /// Whatever becomes of a good report on the way: it opens the gate as it was made, or not at all.
        #[test]
        fn no_part_and_no_change_of_a_report_opens_the_gate(
            cut in 0_usize..1_000_000, at in 0_usize..1_000_000, byte: u8,
        ) {
            let whole = report("/status", &json!("PASS"));
            let is_open = |text: &str| {
                gate(text).is_ok_and(|gate| gate.state == GoldenGate::FreshPass)
            };
            proptest::prop_assert!(is_open(&whole));
            proptest::prop_assert!(!is_open(whole.get(..cut % whole.len()).unwrap_or_default()));
            let mut changed = whole.clone().into_bytes();
            let at = at % changed.len();
            changed[at] = byte;
            if let Ok(changed) = String::from_utf8(changed)
                && is_open(&changed)
            {
                proptest::prop_assert_eq!(Report::parse(&changed).unwrap(), Report::parse(&whole).unwrap());
            }
            for spoiled in spoiled(&whole, at) {
                let is_same = Report::parse(&spoiled).ok() == Report::parse(&whole).ok();
                proptest::prop_assert!(!is_open(&spoiled) || is_same, "{}", spoiled);
            }
        }
    }
}
