//! What control keeps: its verdicts and decisions, one line each.
//!
//! A verdict is kept with the counts it was computed from, so that it can be derived again, and so that a
//! restart goes on where the last check ended.

use aios_core::{
    Actor, Boundary, Decision, EvidenceWindow, GoldenGate, MetricEvidence, Percent, Timestamp,
    Verdict, VerdictReason,
};
use aios_privacy::RedactedText;
use serde::{Deserialize, Serialize};

use crate::boundary::NearCounts;
use crate::evidence::Testimony;
use crate::rollout::Rollout;
use crate::sources::Sources;

/// One line of what control keeps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event_type", rename_all = "snake_case")]
pub enum ControlEvent {
    /// What was judged.
    Verdict(Box<VerdictEvent>),
    /// What was decided.
    Decision(DecisionEvent),
    /// Somebody else than the canary decides how conversations are dealt, or does so no more.
    Hand(HandEvent),
    /// How things stood when a new file was begun.
    Standing(Box<StandingEvent>),
}

/// The operator's hand was put on the split, or taken off it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HandEvent {
    /// When.
    pub ts: Timestamp,
    /// Whether it is on it.
    pub on: bool,
    /// Where the split in force comes from.
    pub origin: String,
}

/// How things stood.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StandingEvent {
    /// When.
    pub ts: Timestamp,
    /// The fold over everything before.
    pub rollout: Rollout,
}

/// One verdict as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VerdictEvent {
    /// When it was judged.
    pub ts: Timestamp,
    /// What came out.
    pub verdict: Verdict,
    /// Why.
    pub reason: VerdictReason,
    /// What it rests on.
    pub window: EvidenceWindow,
    /// Share of conversations in treatment at the time.
    pub treatment_pct: Percent,
    /// The stage that it would lead to; none after the last, and in lines of an older version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_pct: Option<Percent>,
    /// What is on trial, and what is asked of it, in words.
    pub candidate: String,
    /// The golden gate at the time.
    pub golden: GoldenGate,
    /// Who was listened to.
    #[serde(default, skip_serializing_if = "Sources::is_default")]
    pub sources: Sources,
    /// Whether the operator's freeze kept it from advancing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub frozen: bool,
    /// The golden report that this verdict counts; a report counts once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<String>,
    /// When that report was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report_made: Option<Timestamp>,
    /// Natural logarithm of the e-value that rolls back when it reaches its limit.
    pub harm_log_e: f64,
    /// What each metric said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<MetricEvidence>,
    /// The counts of live traffic that it was computed from; none where a golden report alone spoke.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub testimony: Option<Testimony>,
    /// Answers near treatment's boundary since its last step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub near: Option<NearCounts>,
}

/// One decision as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DecisionEvent {
    /// When it was decided.
    pub ts: Timestamp,
    /// What.
    #[serde(flatten)]
    pub decision: Decision,
    /// By whom.
    pub actor: Actor,
    /// Why, in the operator's words.
    #[serde(default, skip_serializing_if = "RedactedText::is_empty")]
    pub reason: RedactedText,
}

impl ControlEvent {
    /// When it happened.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Verdict(event) => event.ts,
            Self::Decision(event) => event.ts,
            Self::Hand(event) => event.ts,
            Self::Standing(event) => event.ts,
        }
    }
}

impl VerdictEvent {
    /// What the golden report said that this verdict counts; none where none was new.
    pub(crate) fn golden_verdict(&self) -> Option<Verdict> {
        self.report.as_ref()?;
        match self.golden {
            GoldenGate::FreshPass => Some(Verdict::Met),
            GoldenGate::Failed => Some(Verdict::Breached),
            GoldenGate::Stale | GoldenGate::Missing => None,
        }
    }
}

impl DecisionEvent {
    /// A step of treatment's boundary, if it is one.
    pub(crate) const fn step(&self) -> Option<(Boundary, Boundary)> {
        match self.decision {
            Decision::MoveBoundary { from, to } => Some((from, to)),
            Decision::Advance { .. }
            | Decision::RollBack { .. }
            | Decision::Reset { .. }
            | Decision::Hold
            | Decision::Resume => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// Lines that were written once must be read for good. The last digit of a number may be another.
    #[test]
    fn kept_lines_read_back_as_they_stand() {
        let text = include_str!("../../../fixtures/control/v1.ndjson");
        assert_eq!(text.lines().count(), 4);
        for line in text.lines() {
            let event: ControlEvent = serde_json::from_str(line).unwrap();
            let again = serde_json::to_value(&event).unwrap();
            same(&again, &serde_json::from_str(line).unwrap());
        }
    }

    #[track_caller]
    fn same(found: &Value, expect: &Value) {
        match (found, expect) {
            (Value::Object(found), Value::Object(expect)) => {
                assert!(found.keys().eq(expect.keys()), "{found:?} {expect:?}");
                found.values().zip(expect.values()).for_each(|(found, expect)| same(found, expect));
            }
            (Value::Array(found), Value::Array(expect)) => {
                assert_eq!(found.len(), expect.len());
                found.iter().zip(expect).for_each(|(found, expect)| same(found, expect));
            }
            (Value::Number(found), Value::Number(expect)) => {
                let (found, expect) = (found.as_f64().unwrap(), expect.as_f64().unwrap());
                assert!((found - expect).abs() <= 1e-12 * expect.abs(), "{found} {expect}");
            }
            (found, expect) => assert_eq!(found, expect),
        }
    }

    #[test]
    fn an_unknown_kind_of_line_is_not_passed_over() {
        assert!(serde_json::from_str::<ControlEvent>(r#"{"event_type":"wish"}"#).is_err());
        let far = r#"{"event_type":"decision","ts":"2027-01-15T08:00:00Z","decision":"reset","to":250.0,"actor":"operator"}"#;
        assert!(serde_json::from_str::<ControlEvent>(far).is_err());
    }
}
