//! What is kept of a run, and how two of them differ.

use std::collections::BTreeMap;

use aios_core::{Timestamp, Verdict};
use serde::{Deserialize, Serialize};

use super::judge::{Check, check};
use super::tally::Tally;

/// Version of the report's shape.
pub const LOAD_REPORT_VERSION: u32 = 1;

/// A run of load.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LoadReport {
    /// Version of its shape.
    pub schema_version: u32,
    /// What was asked, and of whom.
    #[serde(flatten)]
    pub about: About,
    /// Whether all that is asked of a run is met. Not to know is no pass.
    pub verdict: Verdict,
    /// What is asked, one by one.
    pub checks: Vec<Check>,
    /// Requests that were sent.
    pub n: u64,
    /// Those that should have been and were not, because too many were under way.
    #[serde(default)]
    pub n_unsent: u64,
    /// Those that were sent and have no whole answer.
    pub n_failed: u64,
    /// Their share in those that were sent.
    pub error_rate: f64,
    /// Their causes.
    pub errors: BTreeMap<String, u64>,
    /// From the beginning to the last end.
    pub took_s: f64,
    /// Requests that ended in a second.
    pub per_second: f64,
    /// From when a request should have been sent to the end of its answer.
    pub latency: Option<Figures>,
    /// From when it was sent: never more than that.
    pub service: Option<Figures>,
    /// From when it should have been sent to the first words of a stream.
    pub time_to_first_token: Option<Figures>,
    /// Between two pieces of a stream.
    pub inter_token: Option<Figures>,
    /// Requests that were sent late, because the driver had no time.
    pub n_late: u64,
    /// How late the latest was.
    pub late_ms_max: f64,
    /// Whom requests were routed to, if the server says so.
    pub routed: Option<Routed>,
    /// Who answered in the end, if the server says so.
    #[serde(default)]
    pub answered: Option<Answered>,
    /// Answers of simulated models.
    pub n_simulated: u64,
    /// Latency by quantile: [quantile, ms].
    pub curve: Vec<(f64, f64)>,
    /// Stretch by stretch.
    pub slices: Vec<Slice>,
}

/// What was asked, and of whom.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct About {
    /// When it began.
    pub started_at: Timestamp,
    /// The API.
    pub url: String,
    /// The model that was asked for.
    pub model: String,
    /// How requests came.
    pub pace: Pace,
    /// Which prompts.
    pub prompts: String,
    /// How many different ones; none where nobody counted them.
    #[serde(default)]
    pub n_prompts: Option<u64>,
    /// Share of requests that wanted a stream.
    pub stream_pct: f64,
    /// Most tokens of an answer, where a most was asked for.
    #[serde(default)]
    pub max_tokens: Option<u64>,
    /// Longest wait for one answer, in milliseconds; none where nobody kept it.
    #[serde(default)]
    pub timeout_ms: Option<u64>,
    /// Whether somebody ended it early.
    pub interrupted: bool,
    /// Requests that were under way then. They stand in no figure.
    #[serde(default)]
    pub n_under_way: u64,
}

/// How requests come.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Pace {
    /// So many in a second, whatever becomes of them.
    Open {
        /// How many.
        rate: f64,
    },
    /// So many at once, each after the answer to the one before.
    Closed {
        /// How many.
        concurrency: u64,
    },
}

impl Pace {
    /// From when latency counts, and who therefore feels a stall.
    #[must_use]
    pub const fn counts_from(self) -> &'static str {
        match self {
            Self::Open { .. } => "Latency counts from when a request should have been sent.",
            Self::Closed { .. } => {
                "Latency counts from when a request was sent, after the answer to the one before: whoever would have come during a \
                 stall is not in it."
            }
        }
    }
}

impl std::fmt::Display for Pace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Open { rate } => write!(f, "{rate} requests a second"),
            Self::Closed { concurrency } => write!(f, "{concurrency} at once"),
        }
    }
}

/// Times, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "their names say it")]
pub struct Figures {
    pub n: u64,
    pub mean_ms: f64,
    pub p50_ms: f64,
    pub p90_ms: f64,
    pub p95_ms: f64,
    pub p99_ms: f64,
    pub max_ms: f64,
}

/// Where answers were routed to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Routed {
    /// To main.
    pub n_main: u64,
    /// To the embedder.
    pub n_embedder: u64,
    /// Nobody says where to.
    pub n_unknown: u64,
    /// Share of main in those that are known.
    pub main_share: f64,
}

/// Who answered in the end, of those answers that say where they were routed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Answered {
    /// Main.
    pub n_main: u64,
    /// The embedder.
    pub n_embedder: u64,
    /// Another one than the request was routed to, because that one could not.
    pub n_fallback: u64,
    /// Share of main.
    pub main_share: f64,
}

/// A stretch of the run, by when requests should have been sent.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Slice {
    /// When it begins, in seconds.
    pub at_s: f64,
    /// Requests.
    pub n: u64,
    /// Those without a whole answer.
    pub n_failed: u64,
    /// Median latency.
    pub p50_ms: Option<f64>,
    /// 95 of 100 were as fast at least.
    pub p95_ms: Option<f64>,
}

impl LoadReport {
    /// The report of what was seen.
    #[must_use]
    pub fn new(about: About, tally: &Tally) -> Self {
        let checks = check(tally);
        let (n, n_failed, took_s) = (tally.n(), tally.n_failed(), tally.ended().as_secs_f64());
        let (n_late, latest) = tally.late();
        Self {
            schema_version: LOAD_REPORT_VERSION,
            verdict: overall(&checks, about.interrupted),
            about,
            checks,
            n,
            n_unsent: tally.n_unsent(),
            n_failed,
            error_rate: n_failed as f64 / n.max(1) as f64,
            errors: tally.errors(),
            took_s,
            per_second: if took_s > 0.0 { n as f64 / took_s } else { 0.0 },
            latency: tally.latency(),
            service: tally.service(),
            time_to_first_token: tally.first(),
            inter_token: tally.gap(),
            n_late,
            late_ms_max: latest.as_secs_f64() * 1e3,
            routed: tally.routed(),
            answered: tally.answered(),
            n_simulated: tally.n_simulated(),
            curve: tally.curve(),
            slices: tally.slices(),
        }
    }

    /// Reads a report that was written before.
    ///
    /// # Errors
    /// A sentence for people when it is none.
    pub fn parse(text: &str) -> Result<Self, String> {
        let report: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if report.schema_version != LOAD_REPORT_VERSION {
            return Err(format!(
                "its version is {}, not {LOAD_REPORT_VERSION}",
                report.schema_version
            ));
        }
        match impossible(&report) {
            Some(why) => Err(format!("it was never measured: {why}")),
            None => Ok(report),
        }
    }

    /// Requests that should have been sent.
    #[must_use]
    pub const fn n_asked(&self) -> u64 {
        self.n + self.n_unsent
    }
}

/// The gravest of all. A part of a run has proven nothing, though it may have broken something.
fn overall(checks: &[Check], interrupted: bool) -> Verdict {
    let is_any = |verdict| checks.iter().any(|check| check.verdict == verdict);
    match () {
        // A part of a run proves nothing, good or bad: the questions at its beginning are no sample of all.
        () if interrupted => Verdict::NoData,
        () if is_any(Verdict::Breached) => Verdict::Breached,
        () if is_any(Verdict::NoData) => Verdict::NoData,
        () => Verdict::Met,
    }
}

/// What stands in a report that cannot have been measured.
fn impossible(report: &LoadReport) -> Option<&'static str> {
    let share = |share: f64| (0.0..=1.0).contains(&share);
    // No run is a century.
    let amount = |amount: f64| (0.0..=1e12).contains(&amount);
    let times = [report.latency, report.service, report.time_to_first_token, report.inter_token];
    let is_time = |it: &Figures| {
        let rising = [it.p50_ms, it.p90_ms, it.p95_ms, it.p99_ms, it.max_ms];
        // The histogram gives the highest of those that it cannot tell from one another: a thousandth above the most.
        let is_rising = rising.is_sorted_by(|low, high| *low <= *high * 1.001);
        is_rising && amount(it.mean_ms) && rising.iter().all(|ms| amount(*ms))
    };
    let rate = report.n_failed as f64 / report.n.max(1) as f64;
    let shares = [report.routed.map(|it| it.main_share), report.answered.map(|it| it.main_share)];
    match () {
        () if report.n_failed > report.n => Some("more have failed than were sent"),
        () if (report.error_rate - rate).abs() > 1e-6 => Some("its error_rate is not n_failed / n"),
        () if !shares.into_iter().flatten().all(share) => Some("a share is not from 0 to 1"),
        () if !times.iter().flatten().all(is_time) => Some("its times are none"),
        () if !amount(report.per_second) || !amount(report.took_s) => Some("its rate is none"),
        () if !report.curve.iter().all(|(at, ms)| share(*at) && amount(*ms)) => {
            Some("its curve is none")
        }
        () => None,
    }
}
