//! The golden gate: what the last golden report says of the policy on trial.
//!
//! A report counts once, however often it is looked at; the gate itself is asked each time, and is open
//! only while the report is young.

use std::path::Path;
use std::time::Duration;

use aios_core::{GoldenGate, Timestamp, Verdict};
use aios_privacy::SecretDigest;
use aios_store::DataDir;
use serde::Deserialize;
use serde_json::{Map, Value};

/// A report that is older says nothing.
const AGE_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// Largest report that is read.
const BYTES_MAX: u64 = 64 << 20;

/// Digits of a report's digest that tell it from others.
const DIGITS: usize = 16;

/// What a golden report says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    /// Whether the canary may advance.
    pub state: GoldenGate,
    /// The report, by its digest.
    pub report: Option<String>,
    /// Cases in it.
    pub n_cases: u32,
}

/// A report cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
    /// It is not there.
    #[error("there is no golden report at {path}")]
    Missing {
        /// Where it was looked for.
        path: String,
    },
    /// It is no report.
    #[error("{path} is no golden report: {why}")]
    NoReport {
        /// The file.
        path: String,
        /// Why.
        why: String,
    },
    /// A figure is not one that there can be.
    #[error("{path}: `{field}` is {value}, which is not {expected}")]
    BadFigure {
        /// The file.
        path: String,
        /// The figure.
        field: &'static str,
        /// What stands there.
        value: String,
        /// What may stand there.
        expected: &'static str,
    },
    /// It is too old.
    #[error("{path} is of {ts}, more than a day ago")]
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
}

impl GateError {
    /// What the operator can do.
    #[must_use]
    pub const fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Missing { .. }
            | Self::NoReport { .. }
            | Self::Stale { .. }
            | Self::OtherCandidate { .. } => {
                Some("make one with `aios golden compare … --bucket treatment --out FILE`")
            }
            Self::BadFigure { .. } => Some("shares are from 0 to 1, latencies in milliseconds"),
        }
    }
}

#[derive(Debug, Deserialize)]
struct Written {
    timestamp: Option<String>,
    status: Option<String>,
    #[serde(default, alias = "candidate")]
    candidate_fingerprint: Option<String>,
    #[serde(default)]
    metrics: Map<String, Value>,
    #[serde(default)]
    tests: Vec<Value>,
}

impl Gate {
    /// Where there is no report.
    pub const MISSING: Self = Self { state: GoldenGate::Missing, report: None, n_cases: 0 };

    /// What the report's text says at `now` of this candidate.
    ///
    /// # Errors
    /// When it is no report, or one of another candidate, or too old.
    pub fn of(text: &str, path: &Path, candidate: &str, now: Timestamp) -> Result<Self, GateError> {
        let path = path.display().to_string();
        let no_report = |why: String| GateError::NoReport { path: path.clone(), why };
        let written: Written =
            serde_json::from_str(text).map_err(|error| no_report(error.to_string()))?;
        let ts = written.timestamp.as_deref().and_then(time);
        let ts = ts.ok_or_else(|| no_report("it has no `timestamp`".to_owned()))?;
        let status = written.status.as_deref();
        let has_passed = match status.map(str::to_ascii_uppercase).as_deref() {
            Some("PASS" | "PASSED" | "OK") => true,
            Some(_) => false,
            None => return Err(no_report("it has no `status`".to_owned())),
        };
        let n_cases = written.count(&path)?;
        written.figures(&path)?;
        if now.since(ts) > AGE_MAX {
            return Err(GateError::Stale { path, ts });
        }
        match written.candidate_fingerprint {
            Some(found) if !found.is_empty() && found != candidate => {
                return Err(GateError::OtherCandidate {
                    path,
                    found,
                    expected: candidate.to_owned(),
                });
            }
            Some(_) | None => {}
        }
        let report = SecretDigest::of(text.as_bytes()).to_hex().chars().take(DIGITS).collect();
        // Nothing that ran has passed nothing.
        let state = match (n_cases, has_passed) {
            (0, _) => return Err(no_report("it holds no case".to_owned())),
            (_, true) => GoldenGate::FreshPass,
            (_, false) => GoldenGate::Failed,
        };
        Ok(Self { state, report: Some(report), n_cases })
    }

    /// What the last report in a data directory says.
    #[must_use]
    pub fn of_last(dir: &DataDir, candidate: &str, now: Timestamp) -> Self {
        let path = dir.path().join("goldens").join("last_report.json");
        let is_sane = std::fs::metadata(&path).is_ok_and(|file| file.len() <= BYTES_MAX);
        let text = if is_sane { std::fs::read_to_string(&path).ok() } else { None };
        let read = text.map(|text| Self::of(&text, &path, candidate, now));
        Self::or_closed(read.transpose())
    }

    /// What cannot be used keeps the canary from advancing and says so, where nobody waits for an error.
    fn or_closed(read: Result<Option<Self>, GateError>) -> Self {
        match read {
            Ok(Some(gate)) => gate,
            Ok(None) | Err(GateError::Missing { .. }) => Self::MISSING,
            Err(
                error @ (GateError::NoReport { .. }
                | GateError::BadFigure { .. }
                | GateError::Stale { .. }
                | GateError::OtherCandidate { .. }),
            ) => {
                tracing::debug!(%error, "the golden report is not used");
                Self { state: GoldenGate::Stale, ..Self::MISSING }
            }
        }
    }

    /// What it says as a verdict; none if there is no report or it was counted before.
    pub(super) fn verdict(&self, counted: Option<&String>) -> Option<Verdict> {
        let is_new = self.report.is_some() && self.report.as_ref() != counted;
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

impl Written {
    fn count(&self, path: &str) -> Result<u32, GateError> {
        let Some(n) = self.metrics.get("n") else {
            return Ok(u32::try_from(self.tests.len()).unwrap_or(u32::MAX));
        };
        let whole = n.as_u64().and_then(|n| u32::try_from(n).ok());
        whole.ok_or_else(|| bad(path, "metrics.n", n, "a whole number"))
    }

    fn figures(&self, path: &str) -> Result<(), GateError> {
        type Check = (&'static str, &'static str, fn(f64) -> bool, &'static str);
        let is_share: fn(f64) -> bool = |value| (0.0..=1.0).contains(&value);
        let is_time: fn(f64) -> bool = |value| value >= 0.0 && value.is_finite();
        let checks: [Check; 3] = [
            ("pass_rate", "metrics.pass_rate", is_share, "a share from 0 to 1"),
            ("error_rate", "metrics.error_rate", is_share, "a share from 0 to 1"),
            ("p95_ms", "metrics.p95_ms", is_time, "a number of milliseconds"),
        ];
        for (key, field, may_be, expected) in checks {
            match self.metrics.get(key) {
                None | Some(Value::Null) => {}
                Some(value) if value.as_f64().is_some_and(may_be) => {}
                Some(value) => return Err(bad(path, field, value, expected)),
            }
        }
        Ok(())
    }
}

fn bad(path: &str, field: &'static str, value: &Value, expected: &'static str) -> GateError {
    GateError::BadFigure { path: path.to_owned(), field, value: value.to_string(), expected }
}

/// A time with or without its zone: the original wrote UTC without saying so.
fn time(text: &str) -> Option<Timestamp> {
    Timestamp::parse(text).or_else(|_| Timestamp::parse(&format!("{text}Z"))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2027-01-15T09:00:00Z";

    fn gate(text: &str) -> Result<Gate, GateError> {
        Gate::of(text, Path::new("r.json"), "boundary 0.55", Timestamp::parse(NOW).unwrap())
    }

    fn report(status: &str, ts: &str, more: &str) -> String {
        format!(r#"{{"status": "{status}", "timestamp": "{ts}", "metrics": {{"n": 20{more}}}}}"#)
    }

    #[test]
    fn a_report_opens_or_closes_the_gate_and_counts_once() {
        let read = gate(&report("PASS", "2027-01-15T08:00:00", "")).unwrap();
        assert_eq!((read.state, read.n_cases), (GoldenGate::FreshPass, 20));
        assert_eq!(read.verdict(None), Some(Verdict::Met));
        assert_eq!(read.verdict(read.report.as_ref()), None);
        let failed = gate(&report("FAIL", "2027-01-15T08:00:00Z", "")).unwrap();
        assert_eq!(failed.verdict(read.report.as_ref()), Some(Verdict::Breached));
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let check = |text: &str, expect: &str| {
            let why = gate(text).unwrap_err().to_string();
            assert!(why.contains(expect), "{why}");
        };
        let at = "2027-01-15T08:00:00Z";
        check("", "r.json is no golden report: EOF");
        check("{}", "no `timestamp`");
        check(&report("PASS", "2027-01-14T08:59:59Z", ""), "more than a day ago");
        check(&report("PASS", at, r#", "pass_rate": 1.2"#), "`metrics.pass_rate` is 1.2");
        check(&report("PASS", at, r#", "p95_ms": -1"#), "`metrics.p95_ms` is -1");
        check(&report("PASS", at, r#", "error_rate": "NaN""#), "`metrics.error_rate` is \"NaN\"");
        check(&report("PASS", at, r#", "error_rate": NaN"#), "no golden report: expected value");
        check(&report("PASS", at, "").replace("\"n\": 20", "\"n\": 0"), "no case");
        let other =
            report("PASS", at, "").replace("\"status\"", "\"candidate\": \"x\", \"status\"");
        check(&other, "another candidate: x, not boundary 0.55");
    }
}
