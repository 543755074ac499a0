//! Figures of a golden report, or of a recorded baseline: the guide has both in the same place.
//!
//! A report without a figure says nothing of it; a figure that cannot be is an error that names it.

use aios_control::slo::check::Goldens;
use aios_core::Timestamp;
use serde::Deserialize;
use serde_json::Value;

/// A report as it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// Its figures.
    pub goldens: Goldens,
    /// It was recorded to compare with, and never grows old.
    pub is_baseline: bool,
}

/// A report cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// It is not a report.
    #[error("it is no golden report: {why}")]
    NoReport {
        /// Why.
        why: String,
    },
    /// A figure is not one that there can be.
    #[error("`{field}` is {value}, which is not {expected}")]
    BadFigure {
        /// The figure.
        field: &'static str,
        /// What stands there.
        value: String,
        /// What may stand there.
        expected: &'static str,
    },
}

#[derive(Debug, Deserialize)]
struct Written {
    #[serde(default)]
    timestamp: Option<String>,
    #[serde(default)]
    kind: Option<String>,
    #[serde(default)]
    baseline_timestamp: Option<Value>,
    #[serde(default)]
    status: Option<Value>,
    #[serde(default)]
    metrics: Option<serde_json::Map<String, Value>>,
    #[serde(default, alias = "results")]
    tests: Vec<Case>,
}

#[derive(Debug, Deserialize)]
struct Case {
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    passed: Option<bool>,
    #[serde(default)]
    error: Option<Value>,
    #[serde(default, alias = "latency")]
    latency_ms: Option<f64>,
}

impl Case {
    fn has_failed(&self) -> bool {
        self.error.as_ref().is_some_and(|error| !error.is_null())
            || self.status.as_deref() == Some("error")
    }

    fn has_passed(&self) -> bool {
        let is_pass = |status: &str| matches!(status, "pass" | "passed" | "ok" | "success");
        let said = self.passed.or(self.status.as_deref().map(is_pass));
        said.unwrap_or(true) && !self.has_failed()
    }
}

impl Report {
    /// Reads a report.
    ///
    /// # Errors
    /// When it is not one, or a figure in it cannot be.
    pub fn parse(text: &str) -> Result<Self, ReportError> {
        let no_report = |error: serde_json::Error| ReportError::NoReport { why: error.to_string() };
        let written: Written = serde_json::from_str(text).map_err(no_report)?;
        if written.metrics.is_none() && written.tests.is_empty() {
            let why = "it has neither `metrics` nor `tests`".to_owned();
            return Err(ReportError::NoReport { why });
        }
        let is_baseline = match &written.kind {
            Some(kind) => kind == "baseline",
            None => written.baseline_timestamp.is_none() && written.status.is_none(),
        };
        Ok(Self { goldens: written.goldens()?, is_baseline })
    }
}

impl Written {
    fn goldens(&self) -> Result<Goldens, ReportError> {
        let n_tests = self.tests.len();
        let share_of = |n: usize| (n_tests > 0).then(|| n as f64 / n_tests as f64);
        let counted = |is: fn(&Case) -> bool| self.tests.iter().filter(|case| is(case)).count();
        let or = |found: Result<Option<f64>, ReportError>, else_: Option<f64>| {
            found.map(|found| found.or(else_))
        };
        Ok(Goldens {
            ts: self.timestamp.as_deref().and_then(time),
            n: self.count()?.unwrap_or(n_tests as u64),
            pass_rate: or(self.share("pass_rate"), share_of(counted(Case::has_passed)))?,
            latency_ms_p95: or(self.millis("p95_ms"), self.p95())?,
            error_rate: or(self.share("error_rate"), share_of(counted(Case::has_failed)))?,
            recall_at_5: self.share("recall_at_5")?,
        })
    }

    fn metric(&self, field: &str) -> Option<&Value> {
        self.metrics.as_ref()?.get(field).filter(|value| !value.is_null())
    }

    fn share(&self, field: &'static str) -> Result<Option<f64>, ReportError> {
        self.number(field, |value| (0.0..=1.0).contains(&value), "a share from 0 to 1")
    }

    fn millis(&self, field: &'static str) -> Result<Option<f64>, ReportError> {
        self.number(field, |value| value >= 0.0 && value.is_finite(), "a number of milliseconds")
    }

    fn count(&self) -> Result<Option<u64>, ReportError> {
        let n = self.number("n", |n| n >= 0.0 && n.fract() == 0.0, "a whole number")?;
        Ok(n.map(|n| n as u64))
    }

    fn number(
        &self,
        field: &'static str,
        may_be: fn(f64) -> bool,
        expected: &'static str,
    ) -> Result<Option<f64>, ReportError> {
        let Some(value) = self.metric(field) else { return Ok(None) };
        match value.as_f64().filter(|number| may_be(*number)) {
            Some(number) => Ok(Some(number)),
            None => Err(ReportError::BadFigure { field, value: value.to_string(), expected }),
        }
    }

    /// The guide's rule: the value at 95 % of the way through the sorted latencies.
    fn p95(&self) -> Option<f64> {
        let mut latencies: Vec<_> = self.tests.iter().filter_map(|case| case.latency_ms).collect();
        latencies.sort_by(f64::total_cmp);
        latencies.get((latencies.len() * 95 / 100).min(latencies.len().checked_sub(1)?)).copied()
    }
}

/// A time with or without its zone: the original wrote UTC without saying so.
fn time(text: &str) -> Option<Timestamp> {
    Timestamp::parse(text).or_else(|_| Timestamp::parse(&format!("{text}Z"))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        Report::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn a_report_and_a_baseline_are_read_alike() {
        let report = r#"{"timestamp": "2027-01-15T08:00:00Z", "status": "PASS", "baseline_timestamp": "2027-01-01T08:00:00Z",
            "metrics": {"pass_rate": 0.9, "p95_ms": 17700, "error_rate": 0.1, "recall_at_5": null, "n": 10}}"#;
        let report = Report::parse(report).unwrap();
        assert!(!report.is_baseline);
        assert_eq!(report.goldens.pass_rate, Some(0.9));
        assert_eq!((report.goldens.n, report.goldens.recall_at_5), (10, None));
        let baseline = r#"{"timestamp": "2027-01-01T08:00:00.123456", "tests": [
            {"id": "a", "status": "pass", "latency_ms": 100}, {"id": "b", "status": "pass", "latency_ms": 300},
            {"id": "c", "status": "error", "error": "timeout"}]}"#;
        let baseline = Report::parse(baseline).unwrap();
        assert!(baseline.is_baseline && baseline.goldens.ts.is_some());
        assert_eq!(baseline.goldens.latency_ms_p95, Some(300.0));
        let third = |share: Option<f64>| (share.unwrap() * 3.0).round();
        assert_eq!(
            (third(baseline.goldens.pass_rate), third(baseline.goldens.error_rate)),
            (2.0, 1.0)
        );
    }

    #[test]
    fn what_cannot_be_is_named() {
        assert!(refused("").contains("no golden report"));
        assert!(refused("{}").contains("neither `metrics` nor `tests`"));
        let with = |metrics: &str| refused(&format!(r#"{{"metrics": {{{metrics}}}}}"#));
        assert_eq!(
            with(r#""pass_rate": 1.5"#),
            "`pass_rate` is 1.5, which is not a share from 0 to 1"
        );
        assert!(with(r#""p95_ms": -3"#).contains("`p95_ms` is -3"));
        assert!(with(r#""error_rate": "none""#).contains("`error_rate` is \"none\""));
    }
}
