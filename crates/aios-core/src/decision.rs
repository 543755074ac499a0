//! What control decides about the split, and how it is kept.

use std::fmt;

use aios_privacy::RedactedText;
use serde::{Deserialize, Serialize};

use crate::{Boundary, EventId, Percent, Timestamp};

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

/// One decision as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DecisionEvent {
    /// This event.
    pub event_id: EventId,
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
    /// The verdict that it follows from; none where an operator decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict_id: Option<EventId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn percent(value: f64) -> Percent {
        Percent::new(value).unwrap()
    }

    #[test]
    fn a_decision_is_kept_flat_and_reads_back() {
        let event = DecisionEvent {
            event_id: EventId::new(Timestamp::from_micros(1_000_000), [7; 10]),
            ts: Timestamp::from_micros(1_000_000),
            decision: Decision::Advance { from: percent(10.0), to: percent(25.0) },
            actor: Actor::Controller,
            reason: RedactedText::default(),
            verdict_id: None,
        };
        let line = serde_json::to_string(&event).unwrap();
        assert!(line.contains(r#""decision":"advance","from":10.0,"to":25.0"#), "{line}");
        assert_eq!(serde_json::from_str::<DecisionEvent>(&line).unwrap(), event);
    }

    #[test]
    fn a_decision_outside_the_range_is_not_read() {
        let line = r#"{"decision":"reset","to":250.0}"#;
        assert!(serde_json::from_str::<Decision>(line).is_err());
    }
}
