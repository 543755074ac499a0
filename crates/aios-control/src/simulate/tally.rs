//! How many rollouts ended in which way.

use super::rollout::{End, Rollout};

/// Counts of rollouts.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    n_promoted: usize,
    n_rolled_back: usize,
    n_open: usize,
    checks_to_end: Vec<u32>,
    treatment_pct_sum: f64,
}

impl Tally {
    /// Counts one.
    pub fn add(&mut self, rollout: &Rollout) {
        match rollout.end {
            End::Promoted => self.n_promoted += 1,
            End::RolledBack => self.n_rolled_back += 1,
            End::Open => self.n_open += 1,
        }
        // What is still open takes longer than everything that ended.
        let n_checks = if rollout.end == End::Open { u32::MAX } else { rollout.n_checks };
        self.checks_to_end.push(n_checks);
        self.treatment_pct_sum += rollout.treatment_pct_mean;
    }

    /// Rollouts.
    #[must_use]
    pub const fn n(&self) -> usize {
        self.checks_to_end.len()
    }

    /// Rollouts that reached everybody, in percent.
    #[must_use]
    pub fn promoted_pct(&self) -> f64 {
        self.pct(self.n_promoted)
    }

    /// Rollouts that were rolled back, in percent.
    #[must_use]
    pub fn rolled_back_pct(&self) -> f64 {
        self.pct(self.n_rolled_back)
    }

    /// Rollouts that had not ended, in percent.
    #[must_use]
    pub fn open_pct(&self) -> f64 {
        self.pct(self.n_open)
    }

    /// Median of the looks until the end; none if half of the rollouts never ended.
    #[must_use]
    pub fn checks_median(&self) -> Option<u32> {
        let mut sorted = self.checks_to_end.clone();
        sorted.sort_unstable();
        let median = sorted.get(sorted.len().saturating_sub(1) / 2).copied();
        median.filter(|n_checks| *n_checks != u32::MAX)
    }

    /// Mean share of conversations in treatment until the end, in percent.
    #[must_use]
    pub fn treatment_pct_mean(&self) -> f64 {
        self.treatment_pct_sum / self.n() as f64
    }

    fn pct(&self, n: usize) -> f64 {
        n as f64 * 100.0 / self.n() as f64
    }
}
