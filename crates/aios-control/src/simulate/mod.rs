//! Rollouts that never happened: the real judge and the real planner on made-up traffic.
//!
//! How often is an equal treatment rolled back, and a worse one promoted? No single rollout can say;
//! a thousand from a seed can. Beside them runs what one would write first: the service levels as
//! thresholds on the treatment's last window.

mod bar;
mod naive;
mod rollout;
mod scenario;
mod tally;
#[cfg(test)]
mod tests;
mod traffic;

pub use bar::{Bar, bars};
pub use rollout::{End, Rollout, Simulation};
pub use scenario::{P95_MS, Scenario};
pub use tally::Tally;

/// Who judges a simulated rollout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judging {
    /// The judge of this crate.
    Evidence,
    /// Thresholds on one window of treatment.
    Thresholds,
}

impl Judging {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Evidence, Self::Thresholds];

    /// Name in tables and JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Evidence => "evidence",
            Self::Thresholds => "thresholds",
        }
    }
}
