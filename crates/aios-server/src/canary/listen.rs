//! What live traffic says since the last verdict.

use std::time::Duration;

use aios_control::boundary::NearCounts;
use aios_control::{Evidence, Judgement, Phase, Rollout, judge};
use aios_core::{EvidenceWindow, Timestamp};

use super::check::{Look, Quiet};
use super::error::CanaryError;
use super::evidence::{baseline, closed_window, remember, take};
use super::keeper::Inner;

/// The least stretch of time that can be told from none after it was written.
pub(super) const LEAST: Duration = Duration::from_millis(1);

/// What live traffic says.
pub(super) struct Live {
    pub(super) window: EvidenceWindow,
    pub(super) heard: Heard,
    pub(super) judgement: Judgement,
}

/// It says nothing.
pub(super) struct Silent {
    pub(super) quiet: Quiet,
    /// What came in and is no verdict yet.
    pub(super) heard: Option<Heard>,
}

/// What came in so far. It goes on from look to look, because it also holds what waits for its block, and who has
/// spoken.
#[derive(Debug, Clone)]
pub(super) struct Heard {
    pub(super) evidence: Evidence,
    pub(super) near: NearCounts,
    /// What was admitted before is part of it; none where that stands in the last verdict.
    until: Option<Timestamp>,
}

impl From<Quiet> for Silent {
    fn from(quiet: Quiet) -> Self {
        Self { quiet, heard: None }
    }
}

impl Inner {
    /// What live traffic says; or why it says nothing.
    pub(super) fn listen(&self, look: &Look<'_>) -> Result<Result<Live, Silent>, CanaryError> {
        if self.rollout.canary.phase == Phase::Promoted {
            return Ok(Err(Quiet::Promoted.into()));
        }
        let since = self.since(look);
        let Some(window) = closed_window(since, look.now, look.settings) else {
            let due = since.plus(look.settings.check_every).plus(look.settings.settle);
            return Ok(Err(Quiet::NotYet { due }.into()));
        };
        let pct = self.rollout.canary.treatment_pct;
        let (mut heard, is_fresh) = match self.heard_so_far(look)? {
            Some(heard) => (heard, true),
            None => match baseline(look.rows, window)? {
                (Some(p95_ms), is_used_up) => {
                    let evidence = Evidence::new(look.settings.judge_policy(p95_ms), pct);
                    (Heard::new(evidence, self.rollout.near), !is_used_up)
                }
                (None, _) => return Ok(Err(Quiet::NoBaseline.into())),
            },
        };
        // Else the window went into the limit that the next ones are measured by.
        if is_fresh {
            heard.take(look, window)?;
            // News are blocks, and in each of them stands a treated one.
            if !heard.evidence.has_news() {
                return Ok(Err(Silent { quiet: Quiet::NoRequests, heard: Some(heard) }));
            }
        }
        let next = look.settings.policy.stages.after(pct);
        let judgement = judge(&heard.evidence, next.unwrap_or(pct));
        Ok(Ok(Live { window, heard, judgement }))
    }

    /// What was heard counts from now on.
    pub(super) fn keep_heard(&mut self, mut heard: Heard) {
        // The one that this was a copy of goes first: they share most of it.
        self.heard = None;
        heard.evidence.keep();
        self.heard = Some(heard);
    }

    /// What was admitted before says nothing new of the split in force.
    pub(super) fn since(&self, look: &Look<'_>) -> Timestamp {
        let counted = self.rollout.canary.counted.map(|window| window.until);
        let hand = self.rollout.hand.map(|hand| hand.since);
        let starts = [counted, self.rollout.stage_since, hand, look.in_force_since];
        let since = starts.into_iter().flatten().max().unwrap_or(Timestamp::from_micros(0));
        // What is counted must be the same after it was written and read.
        since.plus(LEAST - Duration::from_micros(1)).as_stored()
    }

    fn heard_so_far(&self, look: &Look<'_>) -> Result<Option<Heard>, CanaryError> {
        if self.heard.is_some() {
            return Ok(self.heard.clone());
        }
        let Rollout { testimony: Some(kept), canary, stretch_since, near, .. } = &self.rollout
        else {
            return Ok(None);
        };
        let mut evidence = Evidence::resume(kept.clone(), canary.treatment_pct);
        if let (Some(since), Some(counted)) = (stretch_since, canary.counted) {
            remember(&mut evidence, look.rows, *since..counted.until)?;
        }
        Ok(Some(Heard::new(evidence, *near)))
    }
}

impl Heard {
    const fn new(evidence: Evidence, near: NearCounts) -> Self {
        Self { evidence, near, until: None }
    }

    /// Takes in what of the window it has not heard yet.
    fn take(&mut self, look: &Look<'_>, window: EvidenceWindow) -> Result<(), CanaryError> {
        let since = self.until.map_or(window.since, |until| until.max(window.since));
        self.until = Some(window.until);
        let times = since..window.until;
        let boundary = look.split.treatment_boundary;
        Ok(take(&mut self.evidence, look.rows, times, look.settings, boundary, &mut self.near)?)
    }

    /// The rollout goes on at this share, or with another boundary.
    pub(super) fn enter(&mut self, treatment: aios_core::Percent, near: NearCounts) {
        self.evidence.enter(treatment);
        self.near = near;
    }
}
