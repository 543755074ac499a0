//! One look: what has come in since the last one, what is proven by now, and what follows.

use aios_control::{Canary, Check, ControlEvent, Evidence, Phase, Sources, VerdictEvent, plan};
use aios_core::{
    Actor, Decision, EvidenceWindow, GoldenGate, MetricEvidence, Percent, Split, Timestamp,
    Verdict, VerdictReason,
};
use aios_privacy::RedactedText;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::error::CanaryError;
use super::evidence::{RowSource, is_treated};
use super::gate::Gate;
use super::hand::is_hand_on;
use super::keeper::{CanaryKeeper, Inner};
use super::listen::{LEAST, Live, Silent};
use super::settings::CanarySettings;
use crate::admin::shape::{Time, Word, canary as shape};

/// What a look is made with.
#[derive(Clone, Copy)]
pub struct Look<'a> {
    /// What configuration asks for.
    pub settings: &'a CanarySettings,
    /// The split in force, which the operator's hand may have changed.
    pub split: &'a Split,
    /// Since when it is in force: what was admitted before was dealt otherwise. None where nobody serves and the
    /// records alone know.
    pub in_force_since: Option<Timestamp>,
    /// Where requests come from.
    pub rows: &'a dyn RowSource,
    /// What the golden report says.
    pub gate: &'a Gate,
    /// When it is.
    pub now: Timestamp,
    /// Only if nothing has changed since this version.
    pub if_version: Option<u64>,
}

/// What a look came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Checked {
    /// What came out.
    #[schemars(with = "Word<Verdict>")]
    pub verdict: Verdict,
    /// Why.
    #[schemars(with = "Word<VerdictReason>")]
    pub reason: VerdictReason,
    /// Why nothing was counted, if nothing was.
    pub quiet: Option<Quiet>,
    /// The time whose requests it is about.
    #[schemars(with = "Option<shape::EvidenceWindow>")]
    pub window: Option<EvidenceWindow>,
    /// The golden gate.
    #[schemars(with = "Word<GoldenGate>")]
    pub golden: GoldenGate,
    /// Why it is closed, if a report was looked at.
    pub golden_why: Option<String>,
    /// Cases in the golden report.
    pub n_golden_cases: u32,
    /// Whether a golden report alone has spoken.
    pub golden_only: bool,
    /// Natural logarithm of the e-value that rolls back.
    pub harm_log_e: Option<f64>,
    /// Blocks of the stage.
    pub n_blocks: u64,
    /// What each metric says.
    #[schemars(with = "Vec<shape::MetricEvidence>")]
    pub metrics: Vec<MetricEvidence>,
    /// Between which differences each metric's lies, at every look at once.
    pub differences: Vec<(f64, f64)>,
    /// What was decided.
    #[schemars(with = "Option<shape::Decision>")]
    pub decision: Option<Decision>,
    /// The state after it.
    #[schemars(with = "shape::Canary")]
    pub canary: Canary,
    /// Version of the state.
    pub version: u64,
    /// What is on trial.
    pub candidate: String,
    /// Share in treatment that was judged.
    #[schemars(with = "f64")]
    pub judged_pct: Percent,
    /// Where the next stage would be.
    #[schemars(with = "Option<f64>")]
    pub next_pct: Option<Percent>,
}

/// Why a look counted nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "why")]
pub enum Quiet {
    /// Nobody is in treatment.
    Off,
    /// It was rolled back, and stays so until a reset.
    RolledBack,
    /// Everybody is in treatment: live traffic has nothing to be compared with, and no golden report has come that is news.
    Promoted,
    /// The operator's hand is on the split.
    Overridden,
    /// A clock was ahead when something was kept, and nothing is new before then.
    Ahead {
        /// When that will be.
        #[schemars(with = "Time")]
        until: Timestamp,
    },
    /// The turn is not over yet, or was counted already.
    NotYet {
        /// When the next one can be counted.
        #[schemars(with = "Time")]
        due: Timestamp,
    },
    /// Too few answers of control to measure latencies by.
    NoBaseline,
    /// The window holds nothing that can be compared.
    NoRequests,
    /// What could be read says that treatment may advance, and some of it could not be read.
    Unread {
        /// Lines of the event log.
        n_lines: u64,
    },
}

impl CanaryKeeper {
    /// Looks, keeps what came out, and moves the canary if that follows.
    ///
    /// # Errors
    /// When rows cannot be read or a line cannot be kept; then nothing was counted.
    pub fn check(&self, look: &Look<'_>) -> Result<Checked, CanaryError> {
        let mut inner = self.lock();
        inner.must_be_sound()?;
        inner.must_be_at(look.if_version)?;
        let checked = inner.check(&Look { now: look.now.as_stored(), ..*look });
        self.publish(&inner);
        checked
    }
}

impl Inner {
    fn check(&mut self, look: &Look<'_>) -> Result<Checked, CanaryError> {
        if !self.rollout.has_begun() {
            self.rollout = self.rollout.clone().beginning_at(look.settings.start);
        }
        self.notice(look.split, look.in_force_since, look.now)?;
        if let Some(quiet) = self.quiet(look) {
            return Ok(self.nothing(look, quiet));
        }
        self.begin_anew_if_changed(look)?;
        let judged_pct = self.rollout.canary.treatment_pct;
        let live = self.listen(look)?;
        let golden = look.gate.verdict(&self.rollout, look.now);
        let live = match live {
            Ok(live) => Some(live),
            Err(Silent { quiet, heard }) if self.must_wait_for_live(look, golden)? => {
                heard.into_iter().for_each(|heard| self.keep_heard(heard));
                return Ok(self.nothing(look, quiet));
            }
            Err(_) => None,
        };
        let event = self.verdict(look, live.as_ref(), golden);
        if let Some(unread) = self.unread(look, &event)? {
            return Ok(self.nothing(look, unread));
        }
        let (_, decision) =
            plan(&look.settings.policy, self.rollout.canary, &check_of(&event, look));
        let differences =
            live.as_ref().map(|live| differences(&live.heard.evidence)).unwrap_or_default();
        let n_blocks = live.as_ref().map_or(0, |live| live.judgement.n_blocks);
        self.keep(&ControlEvent::Verdict(Box::new(event.clone())))?;
        if let Some(Live { mut heard, .. }) = live {
            heard.evidence.settle();
            self.keep_heard(heard);
        }
        let decision = decision.or_else(|| self.step(look, &event));
        if let Some(decision) = decision {
            self.decide(decision, Actor::Controller, RedactedText::default(), look.now)?;
        }
        Ok(Checked {
            verdict: event.verdict,
            reason: event.reason,
            window: Some(event.window),
            golden_only: event.testimony.is_none(),
            harm_log_e: event.testimony.is_some().then_some(event.harm_log_e),
            n_blocks,
            metrics: event.metrics,
            differences,
            decision,
            judged_pct,
            ..self.nothing(look, Quiet::NoRequests)
        }
        .counted())
    }

    /// Why there is nothing to look at.
    fn quiet(&self, look: &Look<'_>) -> Option<Quiet> {
        match self.rollout.canary.phase {
            Phase::Off => return Some(Quiet::Off),
            Phase::RolledBack if !self.is_another(look) => return Some(Quiet::RolledBack),
            Phase::Promoted | Phase::RolledBack | Phase::Running => {}
        }
        if is_hand_on(look.split) {
            return Some(Quiet::Overridden);
        }
        self.rollout.ahead_of(look.now).map(|until| Quiet::Ahead { until })
    }

    fn is_another(&self, look: &Look<'_>) -> bool {
        let on_trial = self.rollout.candidate.as_ref();
        on_trial.is_some_and(|on_trial| *on_trial != look.settings.candidate())
    }

    /// What was proven of another candidate is worth nothing for this one.
    fn begin_anew_if_changed(&mut self, look: &Look<'_>) -> Result<(), CanaryError> {
        if !self.is_another(look) {
            return Ok(());
        }
        tracing::warn!(candidate = look.settings.candidate(), "the canary begins anew");
        let to = look.settings.begin_anew_at();
        self.decide(Decision::Reset { to }, Actor::Controller, RedactedText::default(), look.now)
    }

    /// Whether a golden report alone would say nothing now: it may breach at any time, and passes alone only
    /// where live traffic has never said anything, and treatment has none that will; or where everybody is in treatment.
    fn must_wait_for_live(
        &self,
        look: &Look<'_>,
        golden: Option<Verdict>,
    ) -> Result<bool, CanaryError> {
        let alone = look.settings.sources.verdict(None, golden);
        match alone {
            Verdict::NoData => Ok(true),
            Verdict::Breached => Ok(false),
            Verdict::Met if look.settings.sources == Sources::Golden => Ok(false),
            // Nothing is left to advance to, and no live traffic will compare: it ends a row of failures.
            Verdict::Met if self.rollout.canary.phase == Phase::Promoted => Ok(false),
            Verdict::Met => Ok(self.rollout.testimony.is_some()
                || is_treated(look.rows, self.since(look)..look.now)?),
        }
    }

    fn verdict(
        &self,
        look: &Look<'_>,
        live: Option<&Live>,
        golden: Option<Verdict>,
    ) -> VerdictEvent {
        let judged = live.map(|live| &live.judgement);
        let sources = look.settings.sources;
        let (verdict, reason) =
            sources.said(judged.map(|judged| (judged.verdict, judged.reason)), golden);
        // A report alone is about no stretch of time; it takes the least that there is after the last one.
        let since = self.since(look);
        let least = EvidenceWindow { since, until: since.plus(LEAST) };
        VerdictEvent {
            ts: look.now,
            verdict,
            reason,
            window: live.map_or(least, |live| live.window),
            treatment_pct: self.rollout.canary.treatment_pct,
            next_pct: look.settings.policy.stages.after(self.rollout.canary.treatment_pct),
            candidate: look.settings.candidate(),
            golden: look.gate.state,
            sources,
            frozen: look.split.frozen,
            report: golden.and(look.gate.report.clone()),
            report_made: golden.and(look.gate.made),
            harm_log_e: judged.map_or(0.0, |judged| judged.harm_log_e),
            metrics: judged.map(|judged| judged.metrics.clone()).unwrap_or_default(),
            testimony: live.map(|live| live.heard.evidence.testimony()),
            near: live.map(|live| live.heard.near),
        }
    }

    /// What was not read may hold the harm, so it keeps treatment from passing. Harm that was read is proven all the same.
    fn unread(&self, look: &Look<'_>, event: &VerdictEvent) -> Result<Option<Quiet>, CanaryError> {
        if event.verdict != Verdict::Met {
            return Ok(None);
        }
        let until = if event.testimony.is_some() { event.window.until } else { look.now };
        let n_lines = look.rows.n_unread(self.since(look)..until)?;
        Ok((n_lines > 0).then_some(Quiet::Unread { n_lines }))
    }

    fn nothing(&self, look: &Look<'_>, quiet: Quiet) -> Checked {
        let canary = self.rollout.canary;
        Checked {
            verdict: Verdict::NoData,
            reason: VerdictReason::NoNewData,
            quiet: Some(quiet),
            window: None,
            golden: look.gate.state,
            golden_why: look.gate.why.clone(),
            n_golden_cases: look.gate.n_cases,
            golden_only: false,
            harm_log_e: None,
            n_blocks: 0,
            metrics: Vec::new(),
            differences: Vec::new(),
            decision: None,
            canary,
            version: self.rollout.version,
            candidate: look.settings.candidate(),
            judged_pct: canary.treatment_pct,
            next_pct: look.settings.policy.stages.after(canary.treatment_pct),
        }
    }
}

impl Checked {
    fn counted(self) -> Self {
        Self { quiet: None, ..self }
    }
}

fn check_of(event: &VerdictEvent, look: &Look<'_>) -> Check {
    let VerdictEvent { verdict, reason, window, .. } = *event;
    Check { verdict, reason, window, golden: look.gate.state, frozen: event.frozen }
}

fn differences(evidence: &Evidence) -> Vec<(f64, f64)> {
    let of = |metric| aios_control::difference_interval(evidence, metric);
    aios_control::Metric::ALL.map(of).to_vec()
}
