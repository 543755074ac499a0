//! What is asked of treatment, and how sure one wants to be.

use std::fmt;

use aios_core::Percent;
use serde::{Deserialize, Serialize};

use crate::evalue::Spread;
use crate::slo::{SLOW_SHARE_MAX, Slo};

/// What is compared between the buckets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// Requests that failed.
    Errors,
    /// Answers that were not good enough.
    Quality,
    /// Requests slower than control's p95.
    Latency,
}

impl Metric {
    /// Every metric.
    pub const ALL: [Self; 3] = [Self::Errors, Self::Quality, Self::Latency];

    /// Name in metrics and events.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Errors => "errors",
            Self::Quality => "quality",
            Self::Latency => "latency_p95",
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What is asked of the evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// Is treatment worse than tolerated?
    Harm,
    /// Is it good enough for a tenth of all conversations?
    To10,
    /// … for a quarter?
    To25,
    /// … for half?
    To50,
    /// … for three quarters?
    To75,
    /// … for all?
    To100,
}

impl Question {
    const STEPS: [Self; 5] = [Self::To10, Self::To25, Self::To50, Self::To75, Self::To100];

    /// Every question, each at its index.
    pub(crate) const ALL: [Self; 6] =
        [Self::Harm, Self::To10, Self::To25, Self::To50, Self::To75, Self::To100];

    /// The question to answer before this share is in treatment.
    #[must_use]
    pub fn step_to(next: Percent) -> Self {
        let enough = |step: &Self| step.share() * 100.0 >= next.get();
        Self::STEPS.into_iter().find(enough).unwrap_or(Self::To100)
    }

    pub(crate) const fn index(self) -> usize {
        self as usize
    }

    /// The share in treatment at which harm would strike.
    const fn share(self) -> f64 {
        match self {
            Self::To10 => 0.1,
            Self::To25 => 0.25,
            Self::To50 => 0.5,
            Self::To75 => 0.75,
            Self::Harm | Self::To100 => 1.0,
        }
    }
}

/// What treatment may not be worse than, however much control allows: the service level objectives.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ceilings {
    /// Share of requests that may fail.
    pub errors: f64,
    /// Share of answers that may not be good enough.
    pub misses: f64,
    /// Share of requests that may fail or take longer …
    pub slow: f64,
    /// … than this.
    pub slow_ms: f64,
}

impl Ceilings {
    /// Those of the objectives; none if one of them is not asked for.
    #[must_use]
    pub fn of(slos: &[Slo]) -> Option<Self> {
        let objective =
            |name: &str| slos.iter().find(|slo| slo.sli.name() == name).map(|slo| slo.objective);
        Some(Self {
            errors: objective("error_rate")?,
            misses: 1.0 - objective("pass_rate")?,
            slow: SLOW_SHARE_MAX,
            slow_ms: objective("latency_ms_p95")?,
        })
    }
}

/// What the judge goes by. It is fixed when a rollout begins: limits that move with what they limit
/// prove nothing. It is kept with each verdict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JudgePolicy {
    /// By how much more often treatment may fail, at full size.
    pub error_margin: f64,
    /// By how much more often its answers may miss, at full size.
    pub quality_margin: f64,
    /// Whether quality must be proven even where nobody ever said how good an answer is.
    pub quality_required: bool,
    /// Above this share of failures control itself is broken.
    pub control_errors_max: f64,
    /// What treatment may not be worse than, whatever control does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ceilings: Option<Ceilings>,
    /// Fewest blocks of a stage before it may pass.
    pub blocks_min: u64,
    /// By which share its p95 may be longer, at full size; see [`Self::with_latency_margin`].
    latency_margin: f64,
    pub(crate) slow_ms: f64,
    /// From this e-value on something is proven, beyond all doubt, and not contradicted by a stage.
    proof_e: f64,
    critical_e: f64,
    agree_e: f64,
    /// How the bets on non-inferiority are spread; evenly in what an older version has kept.
    #[serde(default, skip_serializing_if = "Spread::is_even")]
    pub(crate) spread: Spread,
}

/// The p95 may be a tenth longer.
const LATENCY_MARGIN: f64 = 0.10;

/// Part of the margin by which treatment may be worse without being rolled back for it.
const TOLERANCE: f64 = 0.25;

/// An e-value of 20: wrong with a chance of at most 5 %.
const PROOF_E: f64 = 20.0;

/// Wrong with a chance of at most 0.25 %.
const CRITICAL_E: f64 = 400.0;

/// What a stage must say by itself. Less would be quicker by a few looks, and would promote more of the
/// harm that begins at a late stage.
const AGREE_E: f64 = 2.0;

impl JudgePolicy {
    /// The defaults, against this p95 of control.
    #[must_use]
    pub fn new(baseline_p95_ms: f64) -> Self {
        Self {
            error_margin: 0.01,
            quality_margin: 0.02,
            quality_required: false,
            control_errors_max: 0.05,
            ceilings: None,
            blocks_min: 30,
            latency_margin: LATENCY_MARGIN,
            slow_ms: baseline_p95_ms,
            proof_e: PROOF_E,
            critical_e: CRITICAL_E,
            agree_e: AGREE_E,
            spread: Spread::Bold,
        }
    }

    /// The same with another margin of the p95, as a share of it.
    #[must_use]
    pub const fn with_latency_margin(mut self, margin: f64) -> Self {
        self.latency_margin = margin;
        self
    }

    /// Beyond this a treated answer is slow.
    pub(crate) fn slow_limit_ms(&self, question: Question) -> f64 {
        let slowdown = match question {
            Question::Harm => self.harm_slowdown(),
            Question::To10 | Question::To25 | Question::To50 | Question::To75 | Question::To100 => {
                self.margin(Metric::Latency, question)
            }
        };
        self.slow_ms * (1.0 + slowdown)
    }

    pub(crate) fn proof_log_e(&self) -> f64 {
        self.proof_e.ln()
    }

    pub(crate) fn critical_log_e(&self) -> f64 {
        self.critical_e.ln()
    }

    pub(crate) fn agree_log_e(&self) -> f64 {
        self.agree_e.ln()
    }

    /// The margin of a metric at the size that the question is about.
    #[must_use]
    pub fn margin(&self, metric: Metric, question: Question) -> f64 {
        self.full_margin(metric) / question.share()
    }

    /// By how much treatment may be worse without being rolled back.
    #[must_use]
    pub fn tolerated(&self, metric: Metric) -> f64 {
        TOLERANCE * self.full_margin(metric)
    }

    /// The p95 of control that latencies are measured by.
    #[must_use]
    pub const fn baseline_p95_ms(&self) -> f64 {
        self.slow_ms
    }

    pub(crate) fn harm_slowdown(&self) -> f64 {
        self.tolerated(Metric::Latency)
    }

    const fn full_margin(&self, metric: Metric) -> f64 {
        match metric {
            Metric::Errors => self.error_margin,
            Metric::Quality => self.quality_margin,
            Metric::Latency => self.latency_margin,
        }
    }
}
