//! One file for each step of the night.

pub(super) mod golden;
pub(super) mod hypotheses;
pub(super) mod memory;
pub(super) mod promote;
pub(super) mod recall;
pub(super) mod reports;
pub(super) mod rescan;
pub(super) mod rotate;
