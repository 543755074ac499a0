//! Why something could not be done with the canary.

use aios_store::{ControlFault, StoreError};

use super::gate::GateError;

/// It could not be done.
#[derive(Debug, thiserror::Error)]
pub enum CanaryError {
    /// What is kept cannot be used.
    #[error("what is kept of the canary is damaged: {0}")]
    Fault(ControlFault),
    /// Somebody else was first.
    #[error("the canary is at version {found} by now, not {expected}")]
    Conflict {
        /// What was expected.
        expected: u64,
        /// What there is.
        found: u64,
    },
    /// Configuration has switched it off.
    #[error("cannot move the canary: `canary.enabled` is false, so `routing.treatment_pct` counts")]
    Disabled,
    /// There is no next stage.
    #[error("cannot approve the next stage: the canary is {phase} at {pct} %")]
    NoNextStage {
        /// Where it stands.
        phase: &'static str,
        /// Share in treatment.
        pct: f64,
    },
    /// The report cannot be used.
    #[error(transparent)]
    Gate(#[from] GateError),
    /// The disk refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl CanaryError {
    /// A word for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Fault(_) => "control_damaged",
            Self::Conflict { .. } => "version_conflict",
            Self::Disabled => "canary_disabled",
            Self::NoNextStage { .. } => "no_next_stage",
            Self::Gate(_) => "bad_report",
            Self::Store(_) => "store_failed",
        }
    }

    /// What the operator can do.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Fault(_) => Some(
                "restore the file from a backup, or begin anew with `aios canary reset --start-pct N`, which puts it aside; until then everything is in control",
            ),
            Self::Conflict { .. } => Some("look with `aios canary status`, then decide again"),
            Self::Disabled => Some("set `canary.enabled = true`"),
            Self::NoNextStage { .. } => Some("`aios canary reset --start-pct 10` begins anew"),
            Self::Gate(error) => Some(error.hint()),
            Self::Store(error) => error.hint(),
        }
    }
}
