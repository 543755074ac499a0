//! One simulated rollout, from the first stage to its end.

use aios_core::{Bucket, EvidenceWindow, GoldenGate, Timestamp, Verdict, VerdictReason};

use super::scenario::Scenario;
use super::traffic::{Arrival, Traffic};
use super::{Judging, naive};
use crate::canary::{Canary, Phase};
use crate::evidence::{Evidence, Observation};
use crate::judge::{JudgePolicy, judge};
use crate::plan::{CanaryPolicy, Check, plan};

/// What is simulated.
#[derive(Debug, Clone)]
pub struct Simulation {
    /// What chance begins with.
    pub seed: u64,
    /// How treatment differs.
    pub scenario: Scenario,
    /// Who judges.
    pub judging: Judging,
    /// What the judge goes by, where control's p95 is [`super::P95_MS`].
    pub asked: JudgePolicy,
    /// How many verdicts move it, and through which stages.
    pub policy: CanaryPolicy,
    /// Requests between two looks, in both buckets together.
    pub requests_per_check: u32,
    /// Most looks.
    pub checks_max: u32,
}

/// How a rollout ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Everybody is in treatment.
    Promoted,
    /// Back at the first stage.
    RolledBack,
    /// Neither after so many looks.
    Open,
}

/// One rollout.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rollout {
    /// How it ended.
    pub end: End,
    /// Looks until then.
    pub n_checks: u32,
    /// Share of conversations in treatment, in percent, over all looks.
    pub treatment_pct_mean: f64,
}

impl Simulation {
    /// Runs the `n`-th rollout. The same seed and number give the same rollout again.
    #[must_use]
    pub fn rollout(&self, n: u32) -> Rollout {
        let mut traffic = Traffic::new((self.seed << 32) ^ u64::from(n), self.scenario);
        traffic.errors_max = self.asked.ceilings.map_or(traffic.errors_max, |it| it.errors);
        let mut canary = self.scenario.begins(&self.policy.stages);
        let mut evidence = Evidence::new(self.asked.clone(), canary.treatment_pct);
        let mut pct_sum = 0.0;
        let checks_max = self.checks_max.min(self.scenario.checks_max());
        for n_checks in 1..=checks_max {
            let arrived = self.arrivals(&mut traffic, &canary, n_checks);
            pct_sum += canary.treatment_pct.get();
            let (verdict, reason) = self.verdict(&mut evidence, &canary, &arrived);
            let golden = GoldenGate::FreshPass;
            let check = Check { verdict, reason, window: window(n_checks), golden, frozen: false };
            let (next, decision) = plan(&self.policy, canary, &check);
            if let Some(end) = ended(next.phase, decision.is_some()) {
                return Rollout {
                    end,
                    n_checks,
                    treatment_pct_mean: pct_sum / f64::from(n_checks),
                };
            }
            if decision.is_some() {
                evidence.enter(next.treatment_pct);
            }
            canary = next;
        }
        let treatment_pct_mean = pct_sum / f64::from(checks_max);
        Rollout { end: End::Open, n_checks: checks_max, treatment_pct_mean }
    }

    fn arrivals(&self, traffic: &mut Traffic, canary: &Canary, n: u32) -> Vec<Arrival> {
        (0..self.requests_per_check).map(|_| traffic.next(canary.treatment_pct, n)).collect()
    }

    fn verdict(
        &self,
        evidence: &mut Evidence,
        canary: &Canary,
        arrived: &[Arrival],
    ) -> (Verdict, VerdictReason) {
        match self.judging {
            Judging::Evidence => {
                for Arrival { conversation, seen } in arrived {
                    if evidence.calls_on(*conversation) {
                        evidence.add(seen);
                    }
                }
                let next = self.policy.stages.after(canary.treatment_pct);
                let next = next.unwrap_or(canary.treatment_pct);
                let judgement = judge(evidence, next);
                evidence.settle();
                (judgement.verdict, judgement.reason)
            }
            Judging::Thresholds => {
                let seen = arrived.iter().map(|arrival| arrival.seen);
                let treated: Vec<Observation> =
                    seen.filter(|seen| seen.bucket == Bucket::Treatment).collect();
                match naive::verdict(&treated) {
                    Verdict::Met => (Verdict::Met, VerdictReason::WithinMargins),
                    Verdict::Breached => (Verdict::Breached, VerdictReason::Harm),
                    Verdict::NoData => (Verdict::NoData, VerdictReason::NoNewData),
                }
            }
        }
    }
}

fn ended(phase: Phase, has_decided: bool) -> Option<End> {
    match phase {
        Phase::Promoted => Some(End::Promoted),
        Phase::RolledBack if has_decided => Some(End::RolledBack),
        Phase::RolledBack | Phase::Running | Phase::Off => None,
    }
}

/// One look an hour.
fn window(n_checks: u32) -> EvidenceWindow {
    const HOUR_MICROS: i64 = 3_600_000_000;
    let until = Timestamp::from_micros(i64::from(n_checks) * HOUR_MICROS);
    EvidenceWindow { since: Timestamp::from_micros(until.as_micros() - HOUR_MICROS), until }
}
