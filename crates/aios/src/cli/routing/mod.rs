//! `aios routing`.

mod calibrate;
mod clear;
mod explain;
mod in_force;
mod set;
mod status;
mod sweep;

use super::verbs::verbs;

pub(super) use in_force::{InForce, hold_row, on_hold, open, standing, tell_override};
pub(super) use status::{profile_rows, split_rows};

verbs! {
    /// Show how messages are routed, and why
    Command {
        Status(status::Status),
        Explain(explain::Explain),
        Override(set::Override),
        Clear(clear::Clear),
        Calibrate(calibrate::Calibrate),
        Sweep(sweep::Sweep),
    }
}
