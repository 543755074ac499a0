//! What control decides about the split.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Boundary, Percent};

/// What control proposes, or an operator asks for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "decision", rename_all = "snake_case")]
pub enum Decision {
    /// The canary's next stage.
    Advance {
        /// Share in treatment before.
        from: Percent,
        /// Share in treatment from now on.
        to: Percent,
    },
    /// Back to the first stage.
    RollBack {
        /// Share in treatment before.
        from: Percent,
        /// Share in treatment from now on.
        to: Percent,
    },
    /// The operator's restart: a new rollout, whose evidence begins at nothing.
    Reset {
        /// Share in treatment from now on.
        to: Percent,
    },
    /// No stage may follow until the operator says so. Rolling back goes on.
    Hold,
    /// Ends a hold.
    Resume,
    /// Another boundary for the treatment bucket.
    MoveBoundary {
        /// The boundary before.
        from: Boundary,
        /// The boundary from now on.
        to: Boundary,
    },
}

impl Decision {
    /// Name in metrics and events.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Advance { .. } => "advance",
            Self::RollBack { .. } => "roll_back",
            Self::Reset { .. } => "reset",
            Self::Hold => "hold",
            Self::Resume => "resume",
            Self::MoveBoundary { .. } => "move_boundary",
        }
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Advance { to, .. } => write!(f, "advance {to}"),
            Self::RollBack { to, .. } => write!(f, "roll back {to}"),
            Self::Reset { to } => write!(f, "reset {to}"),
            Self::Hold => f.write_str("hold"),
            Self::Resume => f.write_str("resume"),
            Self::MoveBoundary { to, .. } => write!(f, "move boundary {to}"),
        }
    }
}

/// Who decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// The control loop.
    Controller,
    /// A person, through the command line or the admin address.
    Operator,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decision_outside_the_range_is_not_read() {
        let line = r#"{"decision":"reset","to":250.0}"#;
        assert!(serde_json::from_str::<Decision>(line).is_err());
    }
}
