//! `aios slo`.

mod check;
mod look;
mod status;

use super::verbs::verbs;

pub(in crate::cli) use check::held;
pub(in crate::cli) use look::{exit_of, index, report, tell_unread};
pub(in crate::cli) use status::budgets;

verbs! {
    /// Hold live traffic and golden reports against the service level objectives
    Command {
        Check(check::Check),
        Status(status::Status),
    }
}
