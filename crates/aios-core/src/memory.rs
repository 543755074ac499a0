//! What a request got of the memory.

use serde::{Deserialize, Serialize};

/// What came of asking the memory for a request.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MemoryUse {
    /// What.
    pub outcome: MemoryOutcome,
    /// The question's vector did not come in time, so that it was searched by words alone.
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_degraded: bool,
    /// Probability with which what was found was given, or withheld.
    pub propensity: f64,
}

/// What came of asking the memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemoryOutcome {
    /// What was found was put before the model.
    Given,
    /// It was withheld by chance, so that it can be told whether memory helps.
    Withheld,
    /// Nothing there is about the question.
    Nothing,
    /// It took too long, and the request went on without.
    Late,
    /// It could not be searched.
    Failed,
}

impl MemoryOutcome {
    /// Every outcome.
    pub const ALL: [Self; 5] =
        [Self::Given, Self::Withheld, Self::Nothing, Self::Late, Self::Failed];

    /// Its name in metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Given => "given",
            Self::Withheld => "withheld",
            Self::Nothing => "nothing",
            Self::Late => "late",
            Self::Failed => "failed",
        }
    }
}

impl MemoryUse {
    /// Whether what was found was given; none where nothing was found, which is no chance.
    #[must_use]
    pub const fn is_given(&self) -> Option<bool> {
        match self.outcome {
            MemoryOutcome::Given => Some(true),
            MemoryOutcome::Withheld => Some(false),
            MemoryOutcome::Nothing | MemoryOutcome::Late | MemoryOutcome::Failed => None,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_false(value: &bool) -> bool {
    !value
}
