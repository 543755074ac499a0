//! Is treatment as good as control? What is proven, what is disproven, and what is still open.
//!
//! Two questions are put to every metric. *Harm*: is treatment worse by more than a tolerance? Then it
//! is rolled back. *Non-inferiority*: is it worse by less than the margin? Then it may advance. Between
//! them nothing is proven, and the canary waits. Both are bets on blocks ([`crate::LogWealth`]), so
//! that looking often costs nothing.
//!
//! - The margin for moving into the share `s` is `d / s`: each step risks the same expected number of
//!   requests that are worse served.
//! - The tolerance is a quarter of the margin. With none, at ten thousand requests a check, a
//!   treatment that is worse by a hair is always rolled back.
//! - Latency is asked without estimating a quantile: treatment slower than `(1 + r) tau` against
//!   control slower than `tau`, where `tau` is the p95 that was frozen when the rollout began. The
//!   idea of comparing shares beyond a fixed point: Howard and Ramdas, "Sequential estimation of
//!   quantiles" (Bernoulli, 2022).
//! - Margins say how much worse than control is too much; a ceiling says what is too much, however wide the margins are.
//!   Treatment that is proven to break an objective, and to be worse than a control that does not even seem to, is no good.
//! - One alpha covers all metrics, stages and looks, since the mean of e-values is an e-value (Vovk and
//!   Wang, 2021). Advancing asks for every metric, which needs no correction: intersection-union
//!   (Berger, 1982).
//! - That canaries be judged by sequential tests: Lindon, Sanden and Shirikian, "Rapid regression
//!   detection in software deployments through sequential testing" (KDD, 2022).

mod ceiling;
mod policy;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use aios_core::{MetricEvidence, Percent, Verdict, VerdictReason};
use serde::Serialize;

use crate::cells::Cells;
use crate::evalue::{LogWealth, log_sum_exp};
use crate::evidence::{Counted, Epoch, Evidence};
use crate::interval::mean_interval;
use crate::slo::share_above;
use crate::srm::is_dealt_wrong;

use ceiling::breaks_ceiling;
pub use policy::{Ceilings, JudgePolicy, Metric, Question};

/// What came out, and the figures behind it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Judgement {
    /// What is proven.
    pub verdict: Verdict,
    /// Why.
    pub reason: VerdictReason,
    /// Natural logarithm of the e-value against "no metric is worse than tolerated".
    pub harm_log_e: f64,
    /// What each metric said.
    pub metrics: Vec<MetricEvidence>,
    /// Blocks of the stage that runs.
    pub n_blocks: u64,
}

/// Judges the evidence for moving into the share `next`.
#[must_use]
pub fn judge(evidence: &Evidence, next: Percent) -> Judgement {
    let policy = &evidence.policy;
    let harm_log_e = harm_log_e(evidence);
    let question = Question::step_to(next);
    let metrics = Metric::ALL.map(|metric| told(evidence, metric, question)).to_vec();
    let epoch = evidence.current();
    let reason = match epoch {
        None => VerdictReason::NoNewData,
        Some(_) if !evidence.has_news() => VerdictReason::NoNewData,
        Some(epoch) if is_dealt_wrong(epoch.n_dealt, epoch.treatment) => {
            VerdictReason::SampleRatioMismatch
        }
        Some(_) if harm_log_e >= policy.critical_log_e() => VerdictReason::CriticalHarm,
        Some(_) if harm_log_e >= policy.proof_log_e() => VerdictReason::Harm,
        Some(_) if breaks_ceiling(evidence) => VerdictReason::ObjectiveBroken,
        Some(_) if is_control_broken(evidence) => VerdictReason::ControlUnhealthy,
        Some(epoch) if is_proven(evidence, epoch, question) => VerdictReason::WithinMargins,
        Some(_) => VerdictReason::Inconclusive,
    };
    let n_blocks = epoch.map_or(0, |epoch| epoch.errors().n_blocks());
    Judgement { verdict: verdict_of(reason), reason, harm_log_e, metrics, n_blocks }
}

/// Where the difference lies by which treatment is bad more often than control, at 95 % and at every look
/// at once. For people: deciding asks more cheaply.
#[must_use]
pub fn difference_interval(evidence: &Evidence, metric: Metric) -> (f64, f64) {
    let of = |epoch: &Epoch| cells(epoch, metric).differences().collect::<Vec<_>>();
    mean_interval(&evidence.epochs.iter().flat_map(of).collect::<Vec<_>>())
}

/// The metric's blocks; slow is what is slower than tolerated.
const fn cells(epoch: &Epoch, metric: Metric) -> &Cells {
    match metric {
        Metric::Errors => epoch.errors(),
        Metric::Quality => epoch.quality(),
        Metric::Latency => epoch.latency(Question::Harm),
    }
}

const fn verdict_of(reason: VerdictReason) -> Verdict {
    match reason {
        VerdictReason::WithinMargins | VerdictReason::ObjectivesMet => Verdict::Met,
        VerdictReason::Harm | VerdictReason::CriticalHarm | VerdictReason::ObjectiveBroken => {
            Verdict::Breached
        }
        VerdictReason::NoNewData
        | VerdictReason::Inconclusive
        | VerdictReason::SampleRatioMismatch
        | VerdictReason::ControlUnhealthy => Verdict::NoData,
    }
}

/// Half of the stake goes on the whole rollout, half on its stages, the `k`-th with the weight
/// `1 / (k (k + 1))`: harm that begins late is not averaged away by the good stages before it.
fn harm_log_e(evidence: &Evidence) -> f64 {
    let policy = &evidence.policy;
    let of_epochs: Vec<Harms> =
        evidence.epochs.iter().map(|epoch| Harms::of(policy, epoch)).collect();
    let all = of_epochs.iter().fold(Harms::START, |sum, harms| sum.and(harms));
    let stages = (1_u32..).zip(&of_epochs).map(|(k, harms)| {
        let weight = 1.0 / (f64::from(k) * f64::from(k + 1));
        weight.ln() + harms.log_e()
    });
    let parts: Vec<f64> = std::iter::once(all.log_e()).chain(stages).collect();
    0.5_f64.ln() + log_sum_exp(parts.into_iter())
}

/// Bets on harm.
struct Harms {
    errors: LogWealth,
    quality: LogWealth,
    /// Two bets on one metric: that more are slow, and that all have become slower.
    latency: [LogWealth; 2],
}

impl Harms {
    const START: Self = Self {
        errors: LogWealth::START,
        quality: LogWealth::START,
        latency: [LogWealth::START; 2],
    };

    fn of(policy: &JudgePolicy, epoch: &Epoch) -> Self {
        Self {
            errors: epoch.errors().harm(policy.tolerated(Metric::Errors)),
            quality: epoch.quality().harm(policy.tolerated(Metric::Quality)),
            latency: [epoch.latency(Question::Harm).harm(0.0), epoch.signs.harm()],
        }
    }

    fn and(&self, more: &Self) -> Self {
        let [slow, slower] = self.latency;
        Self {
            errors: self.errors.and(more.errors),
            quality: self.quality.and(more.quality),
            latency: [slow.and(more.latency[0]), slower.and(more.latency[1])],
        }
    }

    /// The mean over the three metrics, each of which has the same say however many bets are made on it.
    fn log_e(&self) -> f64 {
        let latency = log_mean_exp(&self.latency.map(|bet| bet.log_e()));
        log_mean_exp(&[self.errors.log_e(), self.quality.log_e(), latency])
    }
}

fn log_mean_exp(logs: &[f64]) -> f64 {
    log_sum_exp(logs.iter().copied()) - (logs.len() as f64).ln()
}

/// Every metric of the whole rollout, and this stage by itself does not disagree: a regression that
/// comes with the load cannot hide behind the clean stages before it.
fn is_proven(evidence: &Evidence, epoch: &Epoch, question: Question) -> bool {
    let policy = &evidence.policy;
    let asked = Metric::ALL.into_iter().filter(|metric| is_asked(evidence, *metric));
    let proven = |metric| {
        let in_stage = noninferior(policy, epoch, metric, question).log_e_spread(policy.spread);
        in_stage >= policy.agree_log_e()
            && pooled(evidence, metric, question) >= policy.proof_log_e()
    };
    epoch.errors().n_blocks() >= policy.blocks_min && asked.into_iter().all(proven)
}

/// Where nobody ever says how good an answer is, the golden gate speaks for quality.
fn is_asked(evidence: &Evidence, metric: Metric) -> bool {
    match metric {
        Metric::Errors | Metric::Latency => true,
        Metric::Quality => {
            evidence.policy.quality_required
                || evidence.epochs.iter().any(|epoch| epoch.quality().n_blocks() > 0)
        }
    }
}

fn pooled(evidence: &Evidence, metric: Metric, question: Question) -> f64 {
    let policy = &evidence.policy;
    let all = evidence
        .epochs
        .iter()
        .fold(LogWealth::START, |sum, epoch| sum.and(noninferior(policy, epoch, metric, question)));
    all.log_e_spread(policy.spread)
}

fn noninferior(
    policy: &JudgePolicy,
    epoch: &Epoch,
    metric: Metric,
    question: Question,
) -> LogWealth {
    match metric {
        Metric::Errors => epoch.errors().noninferior(policy.margin(metric, question)),
        Metric::Quality => epoch.quality().noninferior(policy.margin(metric, question)),
        // What is tolerated is in the point beyond which treatment counts as slow.
        Metric::Latency => epoch.latency(question).noninferior(0.0),
    }
}

/// Control failed far more often than it may since the last look, whatever treatment does. What is over
/// does not count: the canary goes on by itself.
fn is_control_broken(evidence: &Evidence) -> bool {
    let Counted { n, n_failed } = evidence.new_controls();
    share_above(n_failed, n, evidence.policy.control_errors_max)
}

fn told(evidence: &Evidence, metric: Metric, question: Question) -> MetricEvidence {
    let policy = &evidence.policy;
    let mut told = MetricEvidence {
        metric: Cow::Borrowed(metric.name()),
        n_control: 0,
        n_control_bad: 0,
        n_treatment: 0,
        n_treatment_bad: 0,
        harm_log_e: 0.0,
        noninferior_log_e: pooled(evidence, metric, question),
        margin: policy.margin(metric, question),
    };
    let mut harm = LogWealth::START;
    for epoch in &evidence.epochs {
        let cells = cells(epoch, metric);
        let tolerated = match metric {
            Metric::Errors | Metric::Quality => policy.tolerated(metric),
            Metric::Latency => 0.0,
        };
        let ((n_treatment, n_treatment_bad), (n_control, n_control_bad)) =
            (cells.treated(), cells.controls());
        told.n_treatment += n_treatment;
        told.n_treatment_bad += n_treatment_bad;
        told.n_control += n_control;
        told.n_control_bad += n_control_bad;
        harm = harm.and(cells.harm(tolerated));
    }
    told.harm_log_e = harm.log_e();
    told
}
