//! Verdicts judged again: as a proof that they follow from their counts, or to see what another policy would
//! have made of them.

use aios_core::{Actor, Decision, Verdict, VerdictReason};

use crate::canary::{Canary, Record};
use crate::event::{ControlEvent, VerdictEvent};
use crate::evidence::Evidence;
use crate::judge::{JudgePolicy, Judgement, judge};
use crate::plan::{CanaryPolicy, Check, plan};
use crate::stages::Stages;

/// Two e-values are the same if their logarithms differ by less than this, relatively: the last digits of
/// numbers are lost when they are written.
const SAME: f64 = 1e-9;

/// What the judge says of a verdict's counts; none where a golden report alone has spoken. `policy` may change
/// how much is asked, but not where latencies were measured: that is in the counts.
#[must_use]
pub fn rejudge(
    event: &VerdictEvent,
    policy: impl FnOnce(JudgePolicy) -> JudgePolicy,
) -> Option<Judgement> {
    let mut testimony = event.testimony.clone()?;
    testimony.policy = policy(testimony.policy);
    let evidence = Evidence::recall(testimony, event.treatment_pct);
    let next = event.next_pct.or_else(|| Stages::default().after(event.treatment_pct));
    Some(judge(&evidence, next.unwrap_or(event.treatment_pct)))
}

/// How a kept verdict differs from what its counts say; none if it does not.
#[must_use]
pub fn contradiction(event: &VerdictEvent) -> Option<String> {
    let judged = rejudge(event, |policy| policy)?;
    let is_off = |found: f64, kept: f64| (found - kept).abs() > SAME * kept.abs().max(1.0);
    if is_off(judged.harm_log_e, event.harm_log_e) {
        return Some(format!(
            "its counts give a harm of ln e = {}, not {}",
            judged.harm_log_e, event.harm_log_e
        ));
    }
    for (found, kept) in judged.metrics.iter().zip(&event.metrics) {
        let counts = |it: &aios_core::MetricEvidence| {
            (it.n_control, it.n_control_bad, it.n_treatment, it.n_treatment_bad)
        };
        let differs = counts(found) != counts(kept)
            || is_off(found.noninferior_log_e, kept.noninferior_log_e)
            || is_off(found.harm_log_e, kept.harm_log_e);
        if differs {
            return Some(format!("its counts give other figures of {}", kept.metric));
        }
    }
    let said @ (_, reason) = said(event, &judged);
    (said != (event.verdict, event.reason))
        .then(|| format!("its counts say {reason}, not {}", event.reason))
}

/// A verdict and why, where the judge says this of its counts. A golden report says what it said.
fn said(event: &VerdictEvent, judged: &Judgement) -> (Verdict, VerdictReason) {
    event.sources.said(Some((judged.verdict, judged.reason)), event.golden_verdict())
}

/// One verdict, as it was and as it would have been, with what followed.
#[derive(Debug, Clone, PartialEq)]
pub struct Replayed<'a> {
    /// As it was kept.
    pub kept: &'a VerdictEvent,
    /// What followed.
    pub was: Followed,
    /// As it would have been.
    pub verdict: Verdict,
    /// Why.
    pub reason: VerdictReason,
    /// What would have followed.
    pub would_be: Followed,
}

/// What followed from a verdict.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Followed {
    /// What was decided about the share in treatment.
    pub decision: Option<Decision>,
    /// Where the canary stood then.
    pub canary: Canary,
}

impl Replayed<'_> {
    /// Whether anything would have been another: the verdict, what was decided, or where the canary stood.
    #[must_use]
    pub fn is_other(&self) -> bool {
        (self.verdict, self.reason) != (self.kept.verdict, self.kept.reason)
            || self.was != self.would_be
    }
}

/// Every verdict again, under another policy. The requests stay those that were dealt then: a stage that would
/// have been reached earlier or later has no others. `start` is where it begins if no line tells.
#[must_use]
pub fn replay<'a>(
    start: Canary,
    lines: impl IntoIterator<Item = &'a ControlEvent>,
    policy: &CanaryPolicy,
    ask: impl Fn(JudgePolicy) -> JudgePolicy,
) -> Vec<Replayed<'a>> {
    let (mut was, mut would_be) = (start, start);
    let mut knows_its_share = false;
    let mut replayed: Vec<Replayed<'a>> = Vec::new();
    for (n, line) in lines.into_iter().enumerate() {
        match line {
            ControlEvent::Verdict(kept) => {
                if !knows_its_share {
                    (was, would_be) =
                        (was.begun_at(kept.treatment_pct), would_be.begun_at(kept.treatment_pct));
                }
                knows_its_share = true;
                was = was.after(Record::Verdict(kept.verdict, kept.reason, kept.window));
                let (verdict, reason) = again(kept, &ask);
                let VerdictEvent { window, golden, frozen, .. } = **kept;
                let check = Check { verdict, reason, window, golden, frozen };
                let decision;
                (would_be, decision) = plan(policy, would_be, &check);
                let was = Followed { decision: None, canary: was };
                let would_be = Followed { decision, canary: would_be };
                replayed.push(Replayed { kept, was, verdict, reason, would_be });
            }
            ControlEvent::Decision(event) => {
                was = was.after(Record::Decision(event.decision));
                knows_its_share |= match event.decision {
                    Decision::Advance { .. }
                    | Decision::RollBack { .. }
                    | Decision::Reset { .. } => true,
                    Decision::Hold | Decision::Resume | Decision::MoveBoundary { .. } => false,
                };
                match (event.decision, event.actor) {
                    // It followed from the verdict before.
                    (Decision::Advance { .. } | Decision::RollBack { .. }, Actor::Controller) => {
                        if let Some(last) = replayed.last_mut() {
                            last.was = Followed { decision: Some(event.decision), canary: was };
                        }
                    }
                    // What an operator did, he would have done; and requests were dealt by the boundary as it was.
                    (
                        Decision::Advance { .. }
                        | Decision::RollBack { .. }
                        | Decision::Reset { .. }
                        | Decision::Hold
                        | Decision::Resume
                        | Decision::MoveBoundary { .. },
                        Actor::Operator | Actor::Controller,
                    ) => would_be = would_be.after(Record::Decision(event.decision)),
                }
            }
            // What came before the first line is gone.
            ControlEvent::Standing(event) if n == 0 => {
                (was, would_be) = (event.rollout.canary, event.rollout.canary);
                knows_its_share = event.rollout.knows_its_share();
            }
            ControlEvent::Hand(_) | ControlEvent::Standing(_) => {}
        }
    }
    replayed
}

/// A verdict as it would have been. Where a golden report has spoken it speaks again: it is not kept, and another policy
/// asks nothing else of it.
fn again(
    kept: &VerdictEvent,
    ask: &impl Fn(JudgePolicy) -> JudgePolicy,
) -> (Verdict, VerdictReason) {
    rejudge(kept, ask).map_or((kept.verdict, kept.reason), |judged| said(kept, &judged))
}

#[cfg(test)]
mod tests {
    use aios_core::{Bucket, EvidenceWindow, GoldenGate, Percent, Timestamp};

    use super::*;
    use crate::event::DecisionEvent;
    use crate::evidence::Observation;
    use crate::sources::Sources;

    /// A verdict on so many treated ones, of which every `nth` fails, and nine times as many controls.
    fn verdict(n: u32, nth: u32, turn: i64) -> VerdictEvent {
        let treatment_pct = Percent::new(10.0).unwrap();
        let mut evidence = Evidence::new(JudgePolicy::new(9_100.0), treatment_pct);
        for k in 0..10 * n {
            let bucket = if k % 10 == 0 { Bucket::Treatment } else { Bucket::Control };
            let failed = bucket == Bucket::Treatment && (k / 10) % nth == nth - 1;
            let latency_ms = f64::from((k.wrapping_mul(2_654_435_761) >> 16) % 97) * 100.0;
            evidence.add(&Observation { bucket, failed, latency_ms, missed: None });
        }
        let judged = judge(&evidence, Percent::new(25.0).unwrap());
        let at = |turn: i64| Timestamp::from_micros(turn * 60_000_000);
        VerdictEvent {
            ts: at(turn + 1),
            verdict: judged.verdict,
            reason: judged.reason,
            window: EvidenceWindow { since: at(turn), until: at(turn + 1) },
            treatment_pct,
            next_pct: None,
            candidate: String::new(),
            golden: GoldenGate::FreshPass,
            sources: Sources::Auto,
            frozen: false,
            report: None,
            report_made: None,
            harm_log_e: judged.harm_log_e,
            metrics: judged.metrics,
            testimony: Some(evidence.testimony()),
            near: None,
        }
    }

    #[test]
    fn a_verdict_follows_from_its_counts() {
        let good = verdict(400, 1_000, 0);
        assert_eq!((good.verdict, contradiction(&good)), (Verdict::Met, None));
        let bad = verdict(400, 10, 0);
        assert_eq!((bad.verdict, contradiction(&bad)), (Verdict::Breached, None));
        let told = |event: VerdictEvent| contradiction(&event).unwrap();
        assert!(told(VerdictEvent { harm_log_e: 0.0, ..bad.clone() }).contains("not 0"));
        let metrics = good.metrics.clone();
        assert!(told(VerdictEvent { metrics, ..bad.clone() }).contains("other figures of errors"));
        let reason = VerdictReason::WithinMargins;
        assert!(told(VerdictEvent { reason, ..bad }).contains("say critical_harm"));
        // A report that failed is as good a reason, and one that passed or is none is not.
        let reason = VerdictReason::ObjectiveBroken;
        let broken = VerdictEvent { verdict: Verdict::Breached, reason, ..good };
        assert!(told(broken.clone()).contains("say within_margins, not objective_broken"));
        let by_report = VerdictEvent { report: Some("of the day".to_owned()), ..broken };
        assert!(told(by_report.clone()).contains("not objective_broken"));
        let by_report = VerdictEvent { golden: GoldenGate::Failed, ..by_report };
        assert_eq!(contradiction(&by_report), None);
    }

    #[test]
    fn another_policy_comes_to_other_verdicts() {
        let lines: Vec<_> =
            (0..3).map(|turn| ControlEvent::Verdict(Box::new(verdict(400, 50, turn)))).collect();
        let decided = |margin: f64, passes: u32| {
            let policy = CanaryPolicy { passes, ..CanaryPolicy::default() };
            let ask = |mut asked: JudgePolicy| {
                asked.error_margin = margin;
                asked
            };
            let replayed = replay(Canary::default(), &lines, &policy, ask);
            let told =
                replayed.iter().filter_map(|it| it.would_be.decision.map(|it| it.to_string()));
            told.collect::<Vec<_>>().join(", ")
        };
        assert_eq!(decided(0.03, 3), "advance 25");
        assert_eq!(decided(0.03, 2), "advance 25");
        assert_eq!(decided(0.03, 4), "");
        assert_eq!(decided(0.001, 1), "");
    }

    /// Where it began is in the verdicts, not in what is configured by now.
    #[test]
    fn a_start_that_was_changed_since_replays_the_same() {
        let lines: Vec<_> =
            (0..3).map(|turn| ControlEvent::Verdict(Box::new(verdict(400, 1_000, turn)))).collect();
        let from = |pct| {
            let start = Canary::at(Percent::new(pct).unwrap());
            replay(start, &lines, &CanaryPolicy::default(), |asked| asked)
        };
        assert_eq!(from(75.0), from(10.0));
        assert_eq!(from(0.0), from(10.0));
    }

    /// Not the verdicts alone: what was decided is compared, and where it led.
    #[test]
    fn a_decision_that_does_not_follow_is_another() {
        let verdicts =
            (0..3).map(|turn| ControlEvent::Verdict(Box::new(verdict(400, 1_000, turn))));
        let pct = |value| Percent::new(value).unwrap();
        let decided = |decision, actor| {
            let ts = Timestamp::from_micros(240_000_000);
            ControlEvent::Decision(DecisionEvent {
                ts,
                decision,
                actor,
                reason: Default::default(),
            })
        };
        let others = |last: Option<ControlEvent>| {
            let lines: Vec<_> = verdicts.clone().chain(last).collect();
            let replayed =
                replay(Canary::default(), &lines, &CanaryPolicy::default(), |asked| asked);
            replayed.iter().map(Replayed::is_other).collect::<Vec<_>>()
        };
        let advance = |to| Decision::Advance { from: pct(10.0), to: pct(to) };
        assert_eq!(others(Some(decided(advance(25.0), Actor::Controller))), [false; 3]);
        // Three passes and nothing followed; or more than should; or an operator went on by himself.
        assert_eq!(others(None), [false, false, true]);
        assert_eq!(others(Some(decided(advance(100.0), Actor::Controller))), [false, false, true]);
        assert_eq!(others(Some(decided(advance(25.0), Actor::Operator))), [false, false, true]);
    }
}
