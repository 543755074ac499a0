//! Service level objectives: what an indicator must keep.

pub mod burn;
pub mod check;
mod exact;
mod tally;

use std::fmt;

use aios_core::Verdict;
use serde::Serialize;

use crate::sli::{Measured, Sli, Window, sli};

pub use exact::{rate_interval, share_above};
pub use tally::{Limits, Share, Tallies};

/// Fewest bad events that concern anybody.
const BAD_MIN: u64 = 3;

/// What may be slow if 95 % must not be.
pub(crate) const SLOW_SHARE_MAX: f64 = 0.05;

/// Far less than any figure is known to, and far more than is lost when numbers are added.
const ROUNDING: f64 = 1e-12;

/// On which side of the objective a figure is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Good {
    /// At or above it.
    AtLeast,
    /// At or below it.
    AtMost,
}

impl fmt::Display for Good {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AtLeast => ">=",
            Self::AtMost => "<=",
        })
    }
}

/// One objective.
#[derive(Debug, Clone, Copy)]
pub struct Slo {
    /// What is measured.
    pub sli: &'static dyn Sli,
    /// On which side of the objective it is good.
    pub good: Good,
    /// The objective.
    pub objective: f64,
    /// Fewest observations that say anything.
    pub n_min: u64,
}

/// An objective that cannot be.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SloError {
    /// Nothing of this name is measured.
    #[error("cannot set an objective for {name:?}: no such indicator")]
    UnknownSli {
        /// The name.
        name: String,
    },
    /// The objective is not a number that could be kept and broken.
    #[error(
        "cannot set the objective of {name} to {objective}: it must be a finite number above 0"
    )]
    BadObjective {
        /// The indicator.
        name: &'static str,
        /// The objective.
        objective: f64,
    },
}

impl SloError {
    /// What the operator can do.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::UnknownSli { .. } => {
                "the indicators are pass_rate, latency_ms_p95, boundary_drift, recall_at_5, error_rate"
            }
            Self::BadObjective { .. } => "shares are written as 0.95, latencies in milliseconds",
        }
    }
}

impl Slo {
    /// An objective for the indicator of this name.
    ///
    /// # Errors
    /// When there is no such indicator, or the objective is no positive number.
    pub fn new(name: &str, good: Good, objective: f64, n_min: u64) -> Result<Self, SloError> {
        let sli = sli(name).ok_or_else(|| SloError::UnknownSli { name: name.to_owned() })?;
        if !(objective.is_finite() && objective > 0.0) {
            return Err(SloError::BadObjective { name: sli.name(), objective });
        }
        Ok(Self { sli, good, objective, n_min })
    }

    /// Holds a window against the objective.
    #[must_use]
    pub fn judge(&self, window: &Window<'_>) -> SloResult {
        self.judge_measured(self.sli.measure(window))
    }

    fn judge_measured(&self, measured: Option<Measured>) -> SloResult {
        let enough = measured.filter(|measured| measured.n >= self.n_min.max(1));
        let verdict = match enough {
            None => Verdict::NoData,
            // A figure that is no number keeps nothing.
            Some(Measured { figure, .. }) if self.is_kept_by(figure) => Verdict::Met,
            Some(_) => Verdict::Breached,
        };
        let Self { good, objective, .. } = *self;
        let bad_share = measured.and_then(|measured| rate_interval(measured.n_bad?, measured.n));
        let slo = self.sli.name();
        SloResult { slo, verdict, good, objective, measured, bad_share, unproven: false }
    }

    /// Holds live traffic against the objective. Traffic is a sample: an objective that is a share of
    /// events is broken only where that is proven, so that one bad event among thirty breaks none.
    #[must_use]
    pub fn judge_live(&self, window: &Window<'_>) -> SloResult {
        let judged = self.judge(window);
        match self.counted(window) {
            Some((n, n_bad)) => self.proven(judged, n, n_bad),
            None => judged,
        }
    }

    /// The same of traffic that was counted before: the figure, events of the share and bad ones among them.
    #[must_use]
    pub fn judge_counted(&self, figure: f64, n: u64, n_bad: u64) -> SloResult {
        let measured = (n > 0).then_some(Measured { figure, n, n_bad: Some(n_bad) });
        self.proven(self.judge_measured(measured), n, n_bad)
    }

    /// Breaks it only where that is proven.
    fn proven(&self, judged: SloResult, n: u64, n_bad: u64) -> SloResult {
        let is_proven = n_bad >= BAD_MIN && share_above(n_bad, n, self.bad_share_max());
        let unproven = judged.verdict == Verdict::Breached && !is_proven;
        let verdict = match judged.verdict {
            // Few are enough to prove it, if nearly all of them are bad.
            _ if is_proven => Verdict::Breached,
            Verdict::Breached => Verdict::Met,
            Verdict::Met | Verdict::NoData => judged.verdict,
        };
        let measured = judged.measured.map(|of| Measured { n_bad: Some(n_bad), ..of });
        let bad_share = rate_interval(n_bad, n);
        SloResult { verdict, measured, bad_share, unproven, ..judged }
    }

    /// The share that the objective is about, if it is about one.
    #[must_use]
    pub fn share(&self) -> Option<Share> {
        Share::of_sli(self.sli.name())
    }

    /// What may be bad of all events of the share.
    #[must_use]
    pub fn bad_share_max(&self) -> f64 {
        match self.share() {
            Some(Share::Answered) => self.objective,
            Some(Share::InTime) => SLOW_SHARE_MAX,
            Some(Share::GoodEnough) => 1.0 - self.objective,
            None => 0.0,
        }
    }

    /// Events of the share and bad ones among them.
    fn counted(&self, window: &Window<'_>) -> Option<(u64, u64)> {
        let share = self.share()?;
        let limits = Limits { slow_ms: self.objective, quality_min: window.quality_min };
        let bad = window.rows.iter().filter_map(|row| share.is_bad(row, limits));
        Some(bad.fold((0, 0), |(n, n_bad), bad| (n + 1, n_bad + u64::from(bad))))
    }

    /// What is off by the rounding of numbers is not off: 0.5 less 0.42 is not quite 0.08.
    fn is_kept_by(&self, figure: f64) -> bool {
        match self.good {
            Good::AtLeast => figure >= self.objective * (1.0 - ROUNDING),
            Good::AtMost => figure <= self.objective * (1.0 + ROUNDING),
        }
    }
}

/// The guide's table.
#[must_use]
pub fn default_slos() -> Vec<Slo> {
    let table = [
        ("pass_rate", Good::AtLeast, 0.95),
        ("latency_ms_p95", Good::AtMost, 20_000.0),
        ("boundary_drift", Good::AtMost, 0.08),
        ("recall_at_5", Good::AtLeast, 0.85),
        ("error_rate", Good::AtMost, 0.01),
    ];
    let slos = table.map(|(name, good, objective)| Slo::new(name, good, objective, 1));
    slos.into_iter().collect::<Result<_, _>>().expect("the table names indicators and numbers")
}

/// How an objective was kept in one window.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SloResult {
    /// The indicator.
    pub slo: &'static str,
    /// Kept, broken, or nothing to go by.
    pub verdict: Verdict,
    /// On which side of the objective it is good.
    pub good: Good,
    /// The objective.
    pub objective: f64,
    /// What was measured, and on how many.
    pub measured: Option<Measured>,
    /// Where the true share of bad ones lies, at 95 %; none where the figure is no share of them.
    pub bad_share: Option<(f64, f64)>,
    /// The figure is on the wrong side of the objective, which may well be chance.
    pub unproven: bool,
}

/// One verdict for all: broken if one is, met only if every one is.
#[must_use]
pub fn overall(results: &[SloResult]) -> Verdict {
    let any = |verdict| results.iter().any(|result| result.verdict == verdict);
    if any(Verdict::Breached) {
        Verdict::Breached
    } else if results.is_empty() || any(Verdict::NoData) {
        Verdict::NoData
    } else {
        Verdict::Met
    }
}

#[cfg(test)]
mod tests {
    use aios_core::{Outcome, Timestamp};

    use super::*;
    use crate::row::Row;
    use crate::row::tests::row;
    use crate::sli::Recall;

    fn judged(rows: &[Row], recall: Option<f64>) -> String {
        let ts = Timestamp::from_micros(0);
        let recall = recall.map(|at_5| Recall { ts, n: 10, at_5 });
        let window = Window { recall, ..Window::new(rows) };
        let results: Vec<_> = default_slos().iter().map(|slo| slo.judge(&window)).collect();
        let each = results.iter().map(|result| match result.verdict {
            Verdict::Met => '+',
            Verdict::Breached => '-',
            Verdict::NoData => '.',
        });
        format!("{} {}", each.collect::<String>(), overall(&results))
    }

    /// In the table's order: pass rate, p95, drift, recall, errors.
    #[test]
    fn the_guides_table_is_kept_and_broken() {
        let good: Vec<Row> = (0..100).map(|n| Row { quality: Some(1.0), ..row(n) }).collect();
        assert_eq!(judged(&good, Some(0.9)), "+++++ met");
        assert_eq!(judged(&good, Some(0.8)), "+++-+ breached");
        assert_eq!(judged(&good, None), "+++.+ no_data");
        assert_eq!(judged(&[], None), "..... no_data");
        let mut bad = good.clone();
        bad[..2].iter_mut().for_each(|row| row.outcome = Outcome::Timeout);
        assert_eq!(judged(&bad, Some(0.9)), "++++- breached");
        bad[..10].iter_mut().for_each(|row| row.quality = Some(0.0));
        assert_eq!(judged(&bad, Some(0.9)), "-+++- breached");
        let slow: Vec<Row> = good.iter().map(|row| Row { latency_ms: 20_001.0, ..*row }).collect();
        assert_eq!(judged(&slow, Some(0.9)), "+-+++ breached");
    }

    #[test]
    fn too_few_say_nothing() {
        let slo = Slo::new("error_rate", Good::AtMost, 0.01, 30).unwrap();
        let rows: Vec<Row> = (0..30).map(row).collect();
        assert_eq!(slo.judge(&Window::new(&rows[..29])).verdict, Verdict::NoData);
        assert_eq!(slo.judge(&Window::new(&rows)).verdict, Verdict::Met);
    }

    #[test]
    fn live_traffic_breaks_an_objective_only_where_that_is_proven() {
        let check = |name, objective, n: i64, n_bad: i64, expect: (Verdict, bool)| {
            let good = if name == "pass_rate" { Good::AtLeast } else { Good::AtMost };
            let slo = Slo::new(name, good, objective, 30).unwrap();
            let bad = |row| match name {
                "error_rate" => Row { outcome: Outcome::Timeout, ..row },
                "pass_rate" => Row { quality: Some(0.0), ..row },
                _ => Row { latency_ms: 30_000.0, ..row },
            };
            let scored = |n| Row { quality: Some(1.0), ..row(n) };
            let rows: Vec<Row> =
                (0..n).map(|at| if at < n_bad { bad(scored(at)) } else { scored(at) }).collect();
            let result = slo.judge_live(&Window::new(&rows));
            assert_eq!((result.verdict, result.unproven), expect, "{name} {n_bad}/{n}");
        };
        check("error_rate", 0.01, 30, 1, (Verdict::Met, true));
        check("error_rate", 0.01, 30, 3, (Verdict::Breached, false));
        check("error_rate", 0.01, 200, 1, (Verdict::Met, false));
        check("error_rate", 0.01, 29, 29, (Verdict::Breached, false));
        check("error_rate", 0.01, 29, 1, (Verdict::NoData, false));
        check("error_rate", 0.01, 2, 2, (Verdict::NoData, false));
        check("pass_rate", 0.95, 40, 3, (Verdict::Met, true));
        check("pass_rate", 0.95, 40, 9, (Verdict::Breached, false));
        check("latency_ms_p95", 20_000.0, 40, 3, (Verdict::Met, true));
        check("latency_ms_p95", 20_000.0, 40, 9, (Verdict::Breached, false));
    }

    #[test]
    fn a_figure_that_is_no_number_keeps_nothing() {
        let slo = Slo::new("latency_ms_p95", Good::AtMost, 20_000.0, 1).unwrap();
        let rows = [Row { latency_ms: f64::NAN, ..row(0) }];
        assert_eq!(slo.judge(&Window::new(&rows)).verdict, Verdict::Breached);
    }

    #[test]
    fn objectives_that_cannot_be_are_refused() {
        let wrong = |name, objective| Slo::new(name, Good::AtMost, objective, 1).unwrap_err();
        assert!(wrong("eror_rate", 0.1).to_string().contains("\"eror_rate\""));
        for objective in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(!wrong("error_rate", objective).hint().is_empty());
        }
    }
}
