//! What judging returns.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// What judging returns. Silence is not health, so no data is a verdict of its own and never a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Everything that was asked is proven.
    Met,
    /// Something that was asked is proven broken.
    Breached,
    /// Neither is proven.
    NoData,
}

impl Verdict {
    /// Every verdict.
    pub const ALL: [Self; 3] = [Self::Met, Self::Breached, Self::NoData];

    /// Name in metrics and events.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Breached => "breached",
            Self::NoData => "no_data",
        }
    }

    /// As people read it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Met => "PASS",
            Self::Breached => "FAIL",
            Self::NoData => "NODATA",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a verdict is what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VerdictReason {
    /// Every metric is shown to be within its margin.
    WithinMargins,
    /// Some metric is shown to be worse than its tolerance.
    Harm,
    /// Harm beyond all doubt: one such verdict is enough.
    CriticalHarm,
    /// A golden report or a window keeps every objective.
    ObjectivesMet,
    /// A golden report or a window breaks an objective.
    ObjectiveBroken,
    /// Nothing came in that was not counted before.
    NoNewData,
    /// There is new evidence, and not enough of it.
    Inconclusive,
    /// The buckets are not dealt in the shares that the split asks for, so they cannot be compared.
    SampleRatioMismatch,
    /// Control itself is broken, so treatment cannot be blamed.
    ControlUnhealthy,
}

impl VerdictReason {
    /// Name in metrics and events.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::WithinMargins => "within_margins",
            Self::Harm => "harm",
            Self::CriticalHarm => "critical_harm",
            Self::ObjectivesMet => "objectives_met",
            Self::ObjectiveBroken => "objective_broken",
            Self::NoNewData => "no_new_data",
            Self::Inconclusive => "inconclusive",
            Self::SampleRatioMismatch => "sample_ratio_mismatch",
            Self::ControlUnhealthy => "control_unhealthy",
        }
    }
}

impl fmt::Display for VerdictReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The stretch of time whose evidence a verdict rests on: from `since` up to, not including, `until`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct EvidenceWindow {
    /// Where it begins.
    pub since: Timestamp,
    /// Where it ends.
    pub until: Timestamp,
}

impl EvidenceWindow {
    /// Whether nothing of it was counted before: it is not empty and begins where `counted` ends or later.
    #[must_use]
    pub fn is_new_after(&self, counted: Option<&Self>) -> bool {
        self.until > self.since && counted.is_none_or(|counted| self.since >= counted.until)
    }
}

/// Whether the golden set was seen to pass on the treatment policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GoldenGate {
    /// It passed, lately, on this policy.
    FreshPass,
    /// There is a regression.
    Failed,
    /// The report is too old or of another policy.
    Stale,
    /// There is no report.
    Missing,
}

impl GoldenGate {
    /// Every state of the gate.
    pub const ALL: [Self; 4] = [Self::FreshPass, Self::Failed, Self::Stale, Self::Missing];

    /// Name in metrics and events.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::FreshPass => "fresh_pass",
            Self::Failed => "failed",
            Self::Stale => "stale",
            Self::Missing => "missing",
        }
    }
}

/// What one metric said in a verdict, so that the verdict can be told and computed again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetricEvidence {
    /// Which metric.
    pub metric: Cow<'static, str>,
    /// Observations in control.
    pub n_control: u64,
    /// Those of them that were bad.
    pub n_control_bad: u64,
    /// Observations in treatment.
    pub n_treatment: u64,
    /// Those of them that were bad.
    pub n_treatment_bad: u64,
    /// Natural logarithm of the e-value against "treatment is worse by no more than tolerated".
    pub harm_log_e: f64,
    /// Natural logarithm of the e-value against "treatment is worse by the margin or more".
    pub noninferior_log_e: f64,
    /// The margin that was asked for.
    pub margin: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(since: i64, until: i64) -> EvidenceWindow {
        let at = |second: i64| Timestamp::from_micros(second * 1_000_000);
        EvidenceWindow { since: at(since), until: at(until) }
    }

    #[test]
    fn a_window_is_new_only_where_nothing_of_it_was_counted() {
        let check = |(since, until), expect| {
            assert_eq!(window(since, until).is_new_after(Some(&window(10, 20))), expect);
        };
        check((20, 30), true);
        check((25, 30), true);
        check((10, 20), false);
        check((15, 30), false);
        check((20, 20), false);
        assert!(window(1, 2).is_new_after(None));
        assert!(!window(2, 1).is_new_after(None));
    }

    #[test]
    fn names_are_those_of_the_stored_form() {
        for verdict in Verdict::ALL {
            assert_eq!(serde_json::to_string(&verdict).unwrap(), format!("\"{verdict}\""));
        }
        for gate in GoldenGate::ALL {
            assert_eq!(serde_json::to_string(&gate).unwrap(), format!("\"{}\"", gate.name()));
        }
    }
}
