//! One file for each step of the night.

pub(super) mod reports;
pub(super) mod rescan;
pub(super) mod rotate;
