//! No stage without its evidence, and no rollback that is left out: counted once more from the lines, by
//! other means than the program's, and from the golden runs that there were, whatever the lines say of them.

use std::collections::BTreeSet;
use std::time::Duration;

use aios_control::{ControlEvent, Sources, VerdictEvent};
use aios_core::{Actor, Decision, GoldenGate, Verdict, VerdictReason};
use aios_store::ControlHistory;

use super::Seen;
use crate::setup;
use crate::truth::Course;

/// Verdicts in a row before the next stage, and before falling back.
const PASSES: u32 = 3;
const FAILURES: u32 = 2;

/// A golden run that is older says nothing.
const AGE_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// What the lines so far amount to.
#[derive(Debug, Default)]
struct Count {
    passes: u32,
    failures: u32,
    /// The verdict just before.
    last: Option<VerdictEvent>,
    /// A rollback must follow.
    owes_rollback: bool,
    /// It has fallen back, or everybody is in control.
    is_down: bool,
}

pub(super) fn check(seen: &Seen<'_>) -> Result<(), String> {
    golden_runs(seen)?;
    let history =
        ControlHistory::<ControlEvent>::read(&seen.world.dir).map_err(|error| error.to_string())?;
    let mut count = Count::default();
    for kept in &history.lines {
        count.line(&kept.record).map_err(|why| format!("line {}: {why}", kept.seq))?;
    }
    match count.owes_rollback {
        true => Err("the last verdicts ask for a rollback, which was not decided".to_owned()),
        false => Ok(()),
    }
}

/// Before a stage the newest golden run has passed, and where nothing else is listened to as many as it takes.
fn golden_runs(seen: &Seen<'_>) -> Result<(), String> {
    let listens_to_nothing_else = setup::sources(seen.seed) == Sources::Golden;
    let mut passed = BTreeSet::<usize>::new();
    for one in &seen.truth.course {
        let Course::Looked { at, newest, decision } = one else {
            passed.clear();
            continue;
        };
        let run = newest.and_then(|n| seen.truth.goldens.get(n));
        let is_pass = run.is_some_and(|run| run.passed);
        if is_pass {
            passed.extend(newest);
        }
        if let Some(Decision::Advance { .. }) = decision {
            let is_fresh = run.is_some_and(|it| it.at <= *at && at.since(it.at) <= AGE_MAX);
            if !is_pass || !is_fresh {
                return Err(format!("advanced at {at}, and the newest golden run is {run:?}"));
            }
            let n_passed = passed.len();
            if listens_to_nothing_else && n_passed < PASSES as usize {
                return Err(format!("advanced at {at} after {n_passed} golden runs that passed"));
            }
        }
        match decision {
            None | Some(Decision::Hold | Decision::Resume) => {}
            Some(
                Decision::Advance { .. }
                | Decision::RollBack { .. }
                | Decision::MoveBoundary { .. }
                | Decision::Reset { .. },
            ) => passed.clear(),
        }
    }
    Ok(())
}

impl Count {
    fn line(&mut self, line: &ControlEvent) -> Result<(), String> {
        match line {
            ControlEvent::Verdict(verdict) if self.owes_rollback => {
                Err(format!("a verdict of {} where a rollback was due", verdict.ts))
            }
            ControlEvent::Verdict(verdict) => self.verdict(verdict),
            ControlEvent::Decision(event) => self.decision(event.decision, event.actor),
            ControlEvent::Hand(_) | ControlEvent::Standing(_) => Ok(()),
        }
    }

    fn verdict(&mut self, verdict: &VerdictEvent) -> Result<(), String> {
        let before = self.last.as_ref();
        let is_old_report = verdict.report.is_some()
            && before.is_some_and(|before| before.report == verdict.report);
        if is_old_report && verdict.testimony.is_none() {
            return Err("a golden report counts twice".to_owned());
        }
        match verdict.verdict {
            Verdict::Met => (self.passes, self.failures) = (self.passes + 1, 0),
            Verdict::Breached => {
                let strikes = if verdict.reason == VerdictReason::CriticalHarm { 2 } else { 1 };
                (self.passes, self.failures) = (0, self.failures + strikes);
            }
            Verdict::NoData => {}
        }
        let is_due = verdict.verdict == Verdict::Breached && self.failures >= FAILURES;
        self.owes_rollback = is_due && !self.is_down;
        self.last = Some(verdict.clone());
        Ok(())
    }

    fn decision(&mut self, decision: Decision, actor: Actor) -> Result<(), String> {
        let last = self.last.as_ref();
        match (decision, actor) {
            (Decision::Advance { .. }, Actor::Controller) => {
                let (passes, gate) = (self.passes, last.map(|last| last.golden));
                if passes < PASSES || gate != Some(GoldenGate::FreshPass) {
                    return Err(format!("advanced after {passes} passes, golden gate {gate:?}"));
                }
            }
            (Decision::RollBack { .. }, Actor::Controller) if !self.owes_rollback => {
                return Err("rolled back without a breach that asks for it".to_owned());
            }
            _ if self.owes_rollback && !matches!(decision, Decision::RollBack { .. }) => {
                return Err(format!("{decision} where a rollback was due"));
            }
            _ => {}
        }
        match decision {
            Decision::Advance { .. } | Decision::Reset { .. } => {
                (self.passes, self.failures, self.is_down) = (0, 0, false);
            }
            Decision::RollBack { .. } => (self.passes, self.failures, self.is_down) = (0, 0, true),
            Decision::MoveBoundary { .. } => self.passes = 0,
            Decision::Hold | Decision::Resume => {}
        }
        self.owes_rollback = false;
        Ok(())
    }
}
