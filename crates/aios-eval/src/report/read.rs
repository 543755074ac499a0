//! Reads a report as strictly as a gate must: what is not whole is no evidence.

use std::time::Duration;

use aios_core::Timestamp;
use serde_json::Value;

use super::{REPORT_VERSION, Report, Unproven};
use crate::golden::without_mark;

/// A report cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ReportError {
    /// The text is not a report.
    #[error("the report is not one of AIOS: {why}")]
    NotAReport {
        /// What the parser says.
        why: String,
    },
    /// It is of a version that is not known.
    #[error("the report is of version {found:?}, not {REPORT_VERSION}")]
    Version {
        /// Its version.
        found: String,
    },
    /// A figure cannot be.
    #[error("the report's {name} cannot be {value}")]
    Figure {
        /// Which.
        name: &'static str,
        /// What it says.
        value: f64,
    },
    /// Its parts do not belong together.
    #[error("the report contradicts itself: {why}")]
    Contradiction {
        /// How.
        why: String,
    },
    /// Somebody has changed it.
    #[error("the report is not as it was written: its report_id is not that of what it says")]
    Altered,
    /// It can be read, and nothing may rest on it.
    #[error("the report proves nothing: {0}")]
    Unproven(#[from] Unproven),
}

impl Report {
    /// Reads a report or a baseline, to show it or to make something else of it. What a verdict rests on is
    /// [trusted](Self::trusted).
    ///
    /// # Errors
    /// When the text is not JSON, not a report, of another version, holds figures that cannot be, or is not as it was
    /// written.
    pub fn parse(json: &str) -> Result<Self, ReportError> {
        let not = |why: String| ReportError::NotAReport { why };
        let value: Value =
            serde_json::from_str(without_mark(json)).map_err(|error| not(error.to_string()))?;
        let version = value.get("schema_version").and_then(Value::as_str);
        let version = version.ok_or_else(|| not("it has no schema_version".to_owned()))?;
        if version != REPORT_VERSION {
            return Err(ReportError::Version { found: version.chars().take(20).collect() });
        }
        let report: Self = serde_json::from_value(value).map_err(|error| not(error.to_string()))?;
        report.check()?;
        if report.has_seal() && !report.is_sealed() {
            return Err(ReportError::Altered);
        }
        Ok(report)
    }

    /// Whether it ended at most so long ago. One from the future is not fresh.
    #[must_use]
    pub fn is_fresh(&self, now: Timestamp, age_max: Duration) -> bool {
        self.timestamp <= now && now <= self.timestamp.plus(age_max)
    }

    fn check(&self) -> Result<(), ReportError> {
        let metrics = &self.metrics;
        let shares = [
            ("pass_rate", metrics.pass_rate),
            ("pass_k", metrics.pass_k),
            ("error_rate", metrics.error_rate),
            ("main_model_percent", metrics.main_model_percent / 100.0),
            ("recall_at_5", metrics.recall_at_5.unwrap_or(0.0)),
        ];
        let wrong_share = shares.into_iter().find(|(_, share)| !(0.0..=1.0).contains(share));
        let times =
            [("p50_ms", metrics.p50_ms), ("p95_ms", metrics.p95_ms), ("mean_ms", metrics.mean_ms)];
        let wrong_time = times.into_iter().find(|(_, ms)| !(ms.is_finite() && *ms >= 0.0));
        if let Some((name, value)) = wrong_share.or(wrong_time) {
            return Err(ReportError::Figure { name, value });
        }
        let contradiction = |why: &str| Err(ReportError::Contradiction { why: why.to_owned() });
        if !self.counts_agree() {
            return contradiction("its counts are not those of its cases");
        }
        let mut ids: Vec<&str> = self.tests.iter().map(|test| test.id.as_str()).collect();
        ids.sort_unstable();
        if let Some(pair) = ids.windows(2).find(|pair| pair[0] == pair[1]) {
            return contradiction(&format!("the case {:?} stands in it twice", pair[0]));
        }
        if self.tests.iter().any(|test| test.n_passed > test.runs.len()) {
            return contradiction("a case has passed more often than it was run");
        }
        Ok(())
    }

    /// Whether each case is counted once, and as what it came to. Those that were erased are counted, and may have come
    /// to anything.
    fn counts_agree(&self) -> bool {
        let counted = &self.summary;
        let (deciding, candidates): (Vec<_>, Vec<_>) =
            self.tests.iter().partition(|test| !test.is_candidate);
        let n_passed = deciding.iter().filter(|test| test.passed).count();
        let n_failed = deciding.len() - n_passed;
        self.tests.len().saturating_add(self.erased)
            == counted.cases.saturating_add(counted.candidates)
            && candidates.len() <= counted.candidates
            && counted.passed.saturating_add(counted.failed) == counted.cases
            && n_passed <= counted.passed
            && n_failed <= counted.failed
    }
}
