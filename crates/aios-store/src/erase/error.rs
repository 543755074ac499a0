//! Why an erasure is not done.

use aios_core::Timestamp;

use crate::{Hold, StoreError};

/// An erasure cannot be done.
#[derive(Debug, thiserror::Error)]
pub enum EraseError {
    /// There is no plan of that id, or it was executed.
    #[error("there is no erasure {id:?} that waits to be executed")]
    NoPlan {
        /// The id.
        id: String,
    },
    /// The plan is too old.
    #[error("the plan of the erasure {id} was valid until {valid_until}")]
    Expired {
        /// The erasure.
        id: String,
        /// Until when.
        valid_until: Timestamp,
    },
    /// Another plan was shown.
    #[error("the erasure {id} has another plan than the one that was shown")]
    OtherPlan {
        /// The erasure.
        id: String,
    },
    /// The id that was shown is another's.
    #[error("the erasure {id} is planned for somebody else than that id names")]
    Another {
        /// The erasure.
        id: String,
    },
    /// What is stored is not what it was when the plan was made.
    #[error(
        "what is stored has changed since the erasure {id} was planned: it is {n_records} records now"
    )]
    Changed {
        /// The erasure.
        id: String,
        /// What it would remove now.
        n_records: u64,
    },
    /// Somebody keeps some of the events from being removed.
    #[error("the erasure {id} has to wait for {}", named(holds))]
    Held {
        /// The erasure.
        id: String,
        /// The holds.
        holds: Vec<Hold>,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl EraseError {
    /// What the user can do.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NoPlan { .. }
            | Self::Expired { .. }
            | Self::OtherPlan { .. }
            | Self::Another { .. }
            | Self::Changed { .. } => Some("make a new plan and look at it"),
            Self::Held { .. } => Some(
                "ask its owner; when the hold ends or `aios logs hold release` releases it, the erasure goes on",
            ),
            Self::Store(error) => error.hint(),
        }
    }
}

fn named(holds: &[Hold]) -> String {
    let named = holds.iter().map(|hold| {
        let Hold { id, owner, reason, expires_at, .. } = hold;
        format!("the hold {id} of {owner} until {expires_at}: {reason}")
    });
    named.collect::<Vec<_>>().join("; ")
}
