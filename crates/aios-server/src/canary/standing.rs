//! How the canary stands, for whoever wants to know.

use aios_control::{ControlEvent, Rollout};
use aios_core::{Percent, Split};
use aios_store::{ControlFault, ControlHistory, DataDir, StoreError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::admin::shape::canary as shape;

/// How the canary stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Standing {
    /// The fold over what is kept; of nothing where that cannot be read.
    #[schemars(with = "shape::Rollout")]
    pub rollout: Rollout,
    /// Why what is kept cannot be used.
    #[schemars(with = "Option<shape::ControlFault>")]
    pub fault: Option<ControlFault>,
}

impl Standing {
    /// How it stands by what is kept, also while another process keeps it. `start` is where a canary begins
    /// of which nothing is kept.
    ///
    /// # Errors
    /// When a file cannot be read. That it is damaged is part of the answer.
    pub fn read(dir: &DataDir, start: Percent) -> Result<Self, StoreError> {
        let history = ControlHistory::<ControlEvent>::read(dir)?;
        let lines = history.lines.iter().map(|kept| (kept.seq, &kept.record));
        Ok(Self { rollout: Rollout::fold(start, lines), fault: history.fault })
    }

    /// Before anything is kept.
    #[must_use]
    pub fn new(start: Percent) -> Self {
        Self { rollout: Rollout::new(start), fault: None }
    }
}

/// The split that the canary asks for, where configuration asks for this one.
///
/// Where what is kept of it cannot be read, everything is in control: nobody knows any more what was found
/// to do harm.
#[must_use]
pub fn split_of(base: &Split, standing: &Standing) -> Split {
    if standing.fault.is_some() {
        return Split {
            treatment_pct: Percent::new(0.0).expect("0 is a percentage"),
            origin: "canary_fault".to_owned(),
            ..base.clone()
        };
    }
    let rollout = &standing.rollout;
    let treatment_pct = match rollout.has_begun() {
        false => base.treatment_pct,
        true => rollout.canary.treatment_pct,
    };
    Split {
        treatment_pct,
        treatment_boundary: rollout.boundary.unwrap_or(base.treatment_boundary),
        origin: "canary".to_owned(),
        ..base.clone()
    }
}
