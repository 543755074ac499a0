//! Everything that is known of the rollout: a fold over what control has kept.

use aios_core::{Actor, Boundary, Decision, Percent, Timestamp, Verdict, VerdictReason};
use aios_privacy::RedactedText;
use serde::{Deserialize, Serialize};

use crate::boundary::{NearCounts, Step};
use crate::canary::{Canary, Record};
use crate::event::{ControlEvent, DecisionEvent, VerdictEvent};
use crate::evidence::Testimony;

/// Steps of the boundary that are remembered: more than a day can hold.
const STEPS_MAX: usize = 256;

/// The rollout.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rollout {
    /// Where the canary stands.
    pub canary: Canary,
    /// Number of the last line that is part of this state; 0 before the first.
    pub version: u64,
    /// When the stage began; none if it never moved. What is older says nothing of this stage.
    pub stage_since: Option<Timestamp>,
    /// The operator's hand, if it ever was on the split.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hand: Option<Hand>,
    /// Who holds it, while it is held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<Held>,
    /// When the first evidence of the running stretch came in: of this stage, with this boundary. None before it.
    #[serde(default)]
    pub stretch_since: Option<Timestamp>,
    /// Where steps have brought treatment's boundary; none where it is as configured.
    pub boundary: Option<Boundary>,
    /// The steps.
    pub steps: Vec<Step>,
    /// The stage that follows, as the last verdict had it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_pct: Option<Percent>,
    /// What is on trial; none before the first verdict.
    pub candidate: Option<String>,
    /// The last golden report that was counted.
    pub report: Option<String>,
    /// When it was made: an older one is no news.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report_made: Option<Timestamp>,
    /// Why the last verdict was what it was; none before the first.
    #[serde(default)]
    pub reason: Option<VerdictReason>,
    /// Verdicts without proof, one after the other.
    pub n_inconclusive: u32,
    /// The evidence so far.
    pub testimony: Option<Testimony>,
    /// Answers near treatment's boundary since its last step.
    #[serde(default)]
    pub near: NearCounts,
}

/// Whether somebody else than the canary decides how conversations are dealt: an override, the kill switch, or
/// configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hand {
    /// Whether it is on the split.
    pub on: bool,
    /// Since when it is, or is not any more. What was dealt under it is no evidence.
    pub since: Timestamp,
}

/// That the canary is held: until somebody resumes it, or resets it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Since when.
    pub since: Timestamp,
    /// By whom.
    pub actor: Actor,
    /// Why, in the operator's words.
    #[serde(default, skip_serializing_if = "RedactedText::is_empty")]
    pub reason: RedactedText,
}

impl Rollout {
    /// Before anything was kept: the canary begins at this share.
    #[must_use]
    pub fn new(start: Percent) -> Self {
        Self {
            canary: Canary::at(start),
            version: 0,
            stage_since: None,
            hand: None,
            hold: None,
            stretch_since: None,
            boundary: None,
            steps: Vec::new(),
            next_pct: None,
            candidate: None,
            report: None,
            report_made: None,
            reason: None,
            n_inconclusive: 0,
            testimony: None,
            near: NearCounts::default(),
        }
    }

    /// The state after these lines, each with its number.
    #[must_use]
    pub fn fold<'a>(
        start: Percent,
        lines: impl IntoIterator<Item = (u64, &'a ControlEvent)>,
    ) -> Self {
        lines
            .into_iter()
            .fold(Self::new(start), |state, (version, event)| state.after(version, event))
    }

    /// The state after one more line.
    #[must_use]
    pub fn after(self, version: u64, event: &ControlEvent) -> Self {
        let next = match event {
            ControlEvent::Standing(event) => event.rollout.clone(),
            ControlEvent::Verdict(event) => self.judged(event),
            ControlEvent::Decision(event) => self.decided(event),
            ControlEvent::Hand(event) => {
                Self { hand: Some(Hand { on: event.on, since: event.ts }), ..self }
            }
        };
        Self { version, ..next }
    }

    /// Whether anything was judged or decided. Before that it begins where configuration says, also if that has changed
    /// since, and whatever the operator's hand has done.
    #[must_use]
    pub const fn has_begun(&self) -> bool {
        self.knows_its_share() || self.canary.held
    }

    /// Whether what was kept tells the share in treatment, so that configuration does not matter any more.
    pub(crate) const fn knows_its_share(&self) -> bool {
        self.candidate.is_some() || self.stage_since.is_some()
    }

    /// The same, beginning at another share.
    #[must_use]
    pub fn beginning_at(self, start: Percent) -> Self {
        Self { canary: Canary::at(start), ..self }
    }

    /// Until when nothing can be judged, because a clock was ahead when something was kept.
    #[must_use]
    pub fn ahead_of(&self, now: Timestamp) -> Option<Timestamp> {
        let counted = self.canary.counted.map(|window| window.until);
        let kept = [counted, self.stage_since, self.hand.map(|hand| hand.since)];
        kept.into_iter().flatten().max().filter(|latest| *latest > now)
    }

    fn judged(self, event: &VerdictEvent) -> Self {
        let is_open = event.verdict == Verdict::NoData;
        let record = Record::Verdict(event.verdict, event.reason, event.window);
        // The first verdict was on the share that was configured then, which may be another by now.
        let canary = match self.knows_its_share() {
            true => self.canary,
            false => self.canary.begun_at(event.treatment_pct),
        };
        Self {
            canary: canary.after(record),
            next_pct: event.next_pct,
            candidate: Some(event.candidate.clone()),
            reason: Some(event.reason),
            report: event.report.clone().or(self.report),
            report_made: event.report_made.or(self.report_made),
            // Whoever came in the window that the limit was measured by has not spoken yet.
            stretch_since: self.stretch_since.or(event
                .testimony
                .as_ref()
                .filter(|testimony| testimony.has_heard())
                .map(|_| event.window.since)),
            n_inconclusive: if is_open { self.n_inconclusive.saturating_add(1) } else { 0 },
            testimony: event.testimony.clone().or(self.testimony),
            near: event.near.unwrap_or(self.near),
            ..self
        }
    }

    fn decided(mut self, event: &DecisionEvent) -> Self {
        self.canary = self.canary.after(Record::Decision(event.decision));
        self.hold = match event.decision {
            Decision::Hold => {
                let DecisionEvent { ts, actor, ref reason, .. } = *event;
                Some(Held { since: ts, actor, reason: reason.clone() })
            }
            Decision::Advance { .. }
            | Decision::RollBack { .. }
            | Decision::Reset { .. }
            | Decision::Resume
            | Decision::MoveBoundary { .. } => self.hold.filter(|_| self.canary.held),
        };
        if let Some((from, to)) = event.step() {
            self.boundary = Some(to);
            self.steps.push(Step { ts: event.ts, to, from });
            self.near = NearCounts::default();
            self.stretch_since = None;
            // What was proven at one boundary is pooled with what follows, and is no part of it.
            if let Some(testimony) = &mut self.testimony {
                testimony.enter(self.canary.treatment_pct);
            }
            let too_many = self.steps.len().saturating_sub(STEPS_MAX);
            drop(self.steps.drain(..too_many));
        }
        match event.decision {
            Decision::Advance { .. } | Decision::RollBack { .. } => {
                Self { stage_since: Some(event.ts), stretch_since: None, n_inconclusive: 0, ..self }
            }
            // A new rollout, whose evidence begins at nothing.
            Decision::Reset { .. } => Self {
                stage_since: Some(event.ts),
                // When a hand was taken off before does not matter any more.
                hand: self.hand.filter(|hand| hand.on),
                stretch_since: None,
                reason: None,
                n_inconclusive: 0,
                boundary: None,
                candidate: None,
                testimony: None,
                near: NearCounts::default(),
                ..self
            },
            Decision::Hold | Decision::Resume | Decision::MoveBoundary { .. } => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canary::Phase;
    use crate::event::{HandEvent, StandingEvent};

    fn lines() -> Vec<ControlEvent> {
        let text = include_str!("../../../fixtures/control/v1.ndjson");
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn fold(lines: &[ControlEvent]) -> Rollout {
        Rollout::fold(Percent::new(10.0).unwrap(), (1..).zip(lines))
    }

    #[test]
    fn before_the_first_line_it_begins_where_it_is_told() {
        let at = |pct| Rollout::new(Percent::new(pct).unwrap()).canary;
        assert_eq!((at(10.0).phase, at(0.0).phase), (Phase::Running, Phase::Off));
        assert_eq!(fold(&[]), Rollout::new(Percent::new(10.0).unwrap()));
    }

    #[test]
    fn from_the_first_verdict_on_configuration_does_not_matter() {
        let lines = lines();
        let hold = ControlEvent::Decision(DecisionEvent {
            ts: lines[0].at(),
            decision: Decision::Hold,
            actor: aios_core::Actor::Operator,
            reason: Default::default(),
        });
        let since = |start: f64, lines: &[ControlEvent]| {
            Rollout::fold(Percent::new(start).unwrap(), (1..).zip(lines))
        };
        for kept in [&lines[..1], &lines[..2], &[hold, lines[0].clone()]] {
            assert_eq!(since(50.0, kept), since(10.0, kept));
            assert_eq!(since(0.0, kept), since(10.0, kept));
        }
        assert_eq!(since(50.0, &lines[..1]).canary.treatment_pct, Percent::new(10.0).unwrap());
    }

    #[test]
    fn a_reset_forgets_the_evidence() {
        let lines = lines();
        let judged = fold(&lines[..1]);
        assert!(judged.testimony.is_some() && judged.candidate.is_some());
        assert_eq!((judged.version, judged.canary.consecutive_passes), (1, 1));
        let reset = fold(&lines);
        assert_eq!(reset.version, 4);
        assert!(reset.testimony.is_none() && reset.candidate.is_none() && reset.boundary.is_none());
        assert!(reset.canary.counted.is_none() && reset.stretch_since.is_none());
        assert_eq!(reset.steps.len(), 1);
    }

    /// What stands at the beginning of a file is worth all the files before it.
    #[test]
    fn it_goes_on_from_how_things_stood() {
        let lines = lines();
        let rollout = fold(&lines[..3]);
        let standing =
            ControlEvent::Standing(Box::new(StandingEvent { ts: lines[2].at(), rollout }));
        let text = serde_json::to_string(&standing).unwrap();
        let later: ControlEvent = serde_json::from_str(&text).unwrap();
        let whole = fold(&[&lines[..3], &[standing], &lines[3..]].concat());
        let from_there = Rollout::fold(Percent::new(100.0).unwrap(), [(4, &later), (5, &lines[3])]);
        assert_eq!(from_there, whole);
    }

    /// A clock that was a year ahead when a verdict was kept; a reset is the way out.
    #[test]
    fn a_time_that_has_not_come_is_named_and_forgotten_by_a_reset() {
        let lines = lines();
        let kept = fold(&lines[..1]);
        let until = kept.canary.counted.unwrap().until;
        let before = Timestamp::from_micros(until.as_micros() - 1);
        assert_eq!((kept.ahead_of(before), kept.ahead_of(until)), (Some(until), None));
        let reset = fold(&[&lines[..1], &lines[3..]].concat());
        assert_eq!(reset.ahead_of(lines[3].at()), None);
    }

    #[test]
    fn who_holds_it_and_why_is_known_until_it_is_resumed_or_reset() {
        let decided = |decision, reason: &str| {
            let (ts, actor) = (lines()[3].at(), Actor::Operator);
            let reason = serde_json::from_value(reason.into()).unwrap();
            ControlEvent::Decision(DecisionEvent { ts, decision, actor, reason })
        };
        let held = fold(&[decided(Decision::Hold, "over the weekend"), lines()[0].clone()]);
        let hold = held.hold.clone().unwrap();
        assert_eq!((hold.since, hold.actor), (lines()[3].at(), Actor::Operator));
        assert_eq!(hold.reason.as_str(), "over the weekend");
        let text = serde_json::to_string(&held).unwrap();
        assert_eq!(serde_json::from_str::<Rollout>(&text).unwrap(), held);
        for over in [decided(Decision::Resume, ""), lines()[3].clone()] {
            let after = fold(&[decided(Decision::Hold, ""), over]);
            assert!(after.hold.is_none() && !after.canary.held);
        }
    }

    #[test]
    fn a_hand_on_the_split_is_remembered() {
        let hand = |on| {
            ControlEvent::Hand(HandEvent { ts: lines()[3].at(), on, origin: "override".into() })
        };
        let rollout = fold(&[hand(true)]);
        assert_eq!(rollout.hand.map(|hand| hand.on), Some(true));
        assert_eq!((rollout.version, rollout.canary), (1, fold(&[]).canary));
        assert!(!rollout.has_begun() && fold(&lines()[..1]).has_begun());
        // A reset does not take it off.
        let reset = lines().pop().unwrap();
        assert!(fold(&[hand(true), reset.clone()]).hand.is_some());
        assert!(fold(&[hand(true), hand(false), reset]).hand.is_none());
    }

    #[test]
    fn a_step_moves_the_boundary_and_not_the_stage() {
        let stepped = fold(&lines()[..3]);
        assert_eq!(stepped.boundary, Some(Boundary::new(0.51).unwrap()));
        assert_eq!(stepped.canary.treatment_pct, Percent::new(25.0).unwrap());
        assert_eq!(stepped.stage_since, Some(lines()[1].at()));
        // What must agree with the next stage is evidence for the boundary in force.
        let n_epochs = |rollout: Rollout| rollout.testimony.unwrap().epochs.len();
        assert_eq!(n_epochs(stepped), n_epochs(fold(&lines()[..2])) + 1);
    }
}
