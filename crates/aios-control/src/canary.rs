//! The canary's state: a fold over verdicts and decisions.
//!
//! Nothing else is kept of it. Whoever has the records has the state, and two readers of the same
//! records cannot disagree.

use aios_core::{Decision, EvidenceWindow, Percent, Verdict, VerdictReason};
use serde::{Deserialize, Serialize};

use crate::stages::Stages;

/// What may happen next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Nobody is in treatment, and nobody will be before a reset.
    Off,
    /// Verdicts move it.
    Running,
    /// It was rolled back, and stays where it is before a reset: what was found to do harm is not
    /// tried again by itself.
    RolledBack,
    /// Everybody is in treatment.
    Promoted,
}

impl Phase {
    /// Name in metrics and events.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Running => "running",
            Self::RolledBack => "rolled_back",
            Self::Promoted => "promoted",
        }
    }

    /// Whether there may be a next stage.
    #[must_use]
    pub const fn may_advance(self) -> bool {
        match self {
            Self::Running => true,
            Self::Off | Self::RolledBack | Self::Promoted => false,
        }
    }

    fn at(treatment: Percent) -> Self {
        match treatment.get() {
            pct if pct <= 0.0 => Self::Off,
            pct if pct >= 100.0 => Self::Promoted,
            _ => Self::Running,
        }
    }
}

/// Where the canary stands.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Canary {
    /// Share of conversations in treatment.
    pub treatment_pct: Percent,
    /// What may happen next.
    pub phase: Phase,
    /// An operator holds it: it does not advance, and rolls back as ever.
    pub held: bool,
    /// Verdicts in a row that were met.
    pub consecutive_passes: u32,
    /// Verdicts in a row that were breached.
    pub consecutive_failures: u32,
    /// The last evidence that was counted.
    pub counted: Option<EvidenceWindow>,
}

impl Default for Canary {
    fn default() -> Self {
        Self::at(Stages::default().first())
    }
}

/// What the state is made of, in the order in which it happened.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Record {
    /// A verdict.
    Verdict(Verdict, VerdictReason, EvidenceWindow),
    /// A decision.
    Decision(Decision),
}

impl Canary {
    /// A canary that begins at this share.
    #[must_use]
    pub fn at(treatment_pct: Percent) -> Self {
        Self {
            treatment_pct,
            phase: Phase::at(treatment_pct),
            held: false,
            consecutive_passes: 0,
            consecutive_failures: 0,
            counted: None,
        }
    }

    /// The same, known to have begun at this share. Whether it is held stays: that may be said before.
    pub(crate) fn begun_at(self, treatment_pct: Percent) -> Self {
        Self { held: self.held, ..Self::at(treatment_pct) }
    }

    /// The state after these records; before the first it is at the first stage.
    #[must_use]
    pub fn fold(records: impl IntoIterator<Item = Record>) -> Self {
        records.into_iter().fold(Self::default(), Self::after)
    }

    /// The state after one more record.
    #[must_use]
    pub fn after(self, record: Record) -> Self {
        match record {
            Record::Verdict(verdict, reason, window) => self.judged(verdict, reason, window),
            Record::Decision(decision) => self.decided(decision),
        }
    }

    fn judged(self, verdict: Verdict, reason: VerdictReason, window: EvidenceWindow) -> Self {
        if !window.is_new_after(self.counted.as_ref()) {
            return self;
        }
        let (consecutive_passes, consecutive_failures) = match verdict {
            Verdict::Met => (self.consecutive_passes.saturating_add(1), 0),
            Verdict::Breached => (0, self.consecutive_failures.saturating_add(strikes(reason))),
            // Silence neither passes nor fails, nor does it end a row.
            Verdict::NoData => (self.consecutive_passes, self.consecutive_failures),
        };
        Self { consecutive_passes, consecutive_failures, counted: Some(window), ..self }
    }

    fn decided(self, decision: Decision) -> Self {
        match decision {
            Decision::Advance { to, .. } => self.moved(to, Phase::at(to)),
            Decision::RollBack { to, .. } => self.moved(to, Phase::RolledBack),
            // A new rollout takes evidence from its own beginning on. To what was counted it is not bound: that may be of
            // a time which a clock that was ahead made up.
            Decision::Reset { to } => Self::at(to),
            Decision::Hold => Self { held: true, ..self },
            Decision::Resume => Self { held: false, ..self },
            // The treatment's own boundary moves inside a stage, and must pass as it is now.
            Decision::MoveBoundary { .. } => Self { consecutive_passes: 0, ..self },
        }
    }

    /// What was counted stays counted: old evidence must not pass for new at another stage.
    fn moved(self, treatment_pct: Percent, phase: Phase) -> Self {
        Self { treatment_pct, phase, consecutive_passes: 0, consecutive_failures: 0, ..self }
    }
}

/// Harm beyond all doubt spends both strikes at once.
const fn strikes(reason: VerdictReason) -> u32 {
    match reason {
        VerdictReason::CriticalHarm => 2,
        VerdictReason::WithinMargins
        | VerdictReason::Harm
        | VerdictReason::ObjectivesMet
        | VerdictReason::ObjectiveBroken
        | VerdictReason::NoNewData
        | VerdictReason::Inconclusive
        | VerdictReason::SampleRatioMismatch
        | VerdictReason::ControlUnhealthy => 1,
    }
}
