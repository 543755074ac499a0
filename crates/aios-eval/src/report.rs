//! The report of a run: what was asked, what came of it, and what follows.
//!
//! A baseline is a report too, so that one can take the other's place and one reader serves both.

mod figures;
mod left;
mod proof;
mod read;
mod reference;
mod test;

use aios_core::{Bucket, Profile, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

pub(crate) use figures::even_runs;
pub use left::left_of_report;
pub use proof::{Unproven, is_ahead};
pub use read::ReportError;
pub use reference::{Reference, THRESHOLD, Unrelated};
pub use test::{AssertionResult, TestResult};

use crate::hex;

/// Version of the report's shape.
pub const REPORT_VERSION: &str = "1.0";

/// A golden run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// [`REPORT_VERSION`].
    pub schema_version: String,
    /// Hash of everything else in it; empty in one that nobody has sealed.
    #[serde(default)]
    pub report_id: String,
    /// What it is.
    pub kind: Kind,
    /// When the run ended.
    pub timestamp: Timestamp,
    /// When the baseline was recorded that it was compared with.
    pub baseline_timestamp: Option<Timestamp>,
    /// How much slower, or how much of routing elsewhere, is too much: 0.25 is a quarter.
    pub regression_threshold: f64,
    /// What it came to.
    pub status: Status,
    /// Why it could not be judged, if it could not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Questions that were under way at once; latencies at another number are other latencies.
    pub concurrency: usize,
    /// Whose policy was asked for.
    pub bucket: Bucket,
    /// Which policy answered; see [`candidate_fingerprint`]. None if the server does not say.
    pub candidate_fingerprint: Option<String>,
    /// The cases.
    pub golden_set: SetRef,
    /// What it was compared with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<BaselineRef>,
    /// Who judged answers, if anybody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judge: Option<String>,
    /// The figures.
    pub metrics: Metrics,
    /// The counts.
    pub summary: Summary,
    /// What got worse, beyond chance and threshold.
    pub regressions_detected: Vec<Change>,
    /// What got better.
    pub improvements_detected: Vec<Change>,
    /// What one should know and what decides nothing.
    #[serde(default)]
    pub notes: Vec<String>,
    /// Each case that is left of it.
    pub tests: Vec<TestResult>,
    /// Cases that were erased from it. Figures and counts still speak of them.
    #[serde(default, skip_serializing_if = "is_none")]
    pub erased: usize,
    /// Of a baseline: the ones that it took the place of, the last first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replaced: Vec<Replaced>,
}

/// What a report is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// What later runs are compared with.
    Baseline,
    /// A run that was compared with a baseline.
    Comparison,
}

/// What a run came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Status {
    /// Nothing got worse; of a baseline: every case passed.
    Pass,
    /// Something got worse; of a baseline: a case did not pass.
    Fail,
    /// It cannot be told: too little was answered.
    Error,
}

impl Status {
    /// Its word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::Fail => "FAIL",
            Self::Error => "ERROR",
        }
    }
}

/// Which set was run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetRef {
    /// [`GoldenSet::sha256`](crate::GoldenSet::sha256).
    pub sha256: String,
    /// Cases in it.
    pub count: usize,
}

/// Which baseline it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaselineRef {
    /// The baseline's report id.
    pub sha256: String,
}

/// A baseline that is no more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Replaced {
    /// Its report id.
    pub report_id: String,
    /// When it was recorded.
    pub timestamp: Timestamp,
    /// Its pass rate.
    pub pass_rate: f64,
    /// Its 95th percentile of latency.
    pub p95_ms: f64,
    /// Why it was replaced.
    pub reason: String,
}

/// The figures of a run, over the cases that decide.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Share of cases that passed, 0 to 1. A case passes if more than half of its runs do.
    pub pass_rate: f64,
    /// Where the true one may lie (Wilson, 95 %).
    pub pass_rate_ci: Option<(f64, f64)>,
    /// Share of cases of which every run passed.
    pub pass_k: f64,
    /// Median latency of all answered runs.
    pub p50_ms: f64,
    /// 95th percentile.
    pub p95_ms: f64,
    /// Mean.
    pub mean_ms: f64,
    /// Share of all runs without an answer, of those that were asked again too.
    pub error_rate: f64,
    /// Share of answered runs that went to main, in percent.
    pub main_model_percent: f64,
    /// Recall among the first five fragments, where it was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recall_at_5: Option<f64>,
    /// Cost of all runs in US dollars, where every one is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
    /// Runs that these figures are of: as many of each case as every case has.
    pub n: usize,
}

/// The counts of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Cases that decide.
    pub cases: usize,
    /// Those that passed.
    pub passed: usize,
    /// Those that did not.
    pub failed: usize,
    /// Those whose runs did not all agree.
    pub flaky: usize,
    /// Cases that wait to be accepted.
    pub candidates: usize,
    /// Cases that the baseline does not know.
    pub new: usize,
    /// Runs that simulated models answered.
    pub simulated_runs: usize,
}

/// Something that got worse or better.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// What: `case`, `pass_rate`, `latency` or `main_share`.
    pub what: String,
    /// The case, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Before and now, for people.
    pub detail: String,
    /// How likely it is by chance, where that was computed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p_value: Option<f64>,
}

impl Report {
    /// Gives it the id that belongs to its content.
    #[must_use]
    pub fn sealed(mut self) -> Self {
        self.report_id = self.content_id();
        self
    }

    /// Whether its id is the one that belongs to its content: then nobody has changed it since it was made.
    #[must_use]
    pub fn is_sealed(&self) -> bool {
        self.report_id == self.content_id()
    }

    /// Whether somebody gave it an id.
    #[must_use]
    pub const fn has_seal(&self) -> bool {
        !self.report_id.is_empty()
    }

    fn content_id(&self) -> String {
        let unnamed = Self { report_id: String::new(), ..self.clone() };
        hex::of(&Sha256::digest(serde_json::to_string(&unnamed).unwrap_or_default()))
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over so")]
const fn is_none(n: &usize) -> bool {
    *n == 0
}

/// Names a routing policy: what of the configuration decides answers, whose bucket it is, where that bucket's boundary stands, and by
/// which knots messages are weighed.
#[must_use]
pub fn candidate_fingerprint(
    answers_hash: &str,
    bucket: Bucket,
    boundary: f64,
    profile: Profile,
) -> String {
    let profile = match profile {
        Profile::Golden => "golden",
        Profile::Traffic => "traffic",
    };
    let text = format!("{answers_hash}\n{bucket}\n{boundary}\n{profile}\n");
    hex::of(&Sha256::digest(text)).chars().take(16).collect()
}
