//! `aios canary`.

mod approve;
mod check;
mod history;
mod hold;
mod mover;
mod plan;
mod reset;
mod resume;
mod shown;
mod simulate;
mod status;
mod told;
mod verify;

use super::verbs::verbs;

pub(super) use status::{AHEAD, AHEAD_HINT, DAMAGED};

verbs! {
    /// Move conversations to another routing policy, stage by stage, as the evidence allows
    Command {
        Status(status::Status),
        Check(check::Check),
        Plan(plan::Plan),
        Reset(reset::Reset),
        Hold(hold::Hold),
        Resume(resume::Resume),
        Approve(approve::Approve),
        History(history::History),
        Verify(verify::Verify),
        Simulate(simulate::Simulate),
    }
}
