//! Blocks as counts: how many blocks came out in which way.
//!
//! Whole numbers, so that a verdict can be computed again from what is kept of it, to the last bit.

use serde::{Deserialize, Serialize};

use crate::blocks::Shape;
use crate::evalue::LogWealth;

/// Blocks by how many of their treated and how many of their controls were bad.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cells {
    shape: Shape,
    counts: Vec<u64>,
}

impl Cells {
    /// No block yet.
    #[must_use]
    pub fn new(shape: Shape) -> Self {
        let n = (shape.treated + 1) * (shape.controls + 1);
        Self { shape, counts: vec![0; n as usize] }
    }

    /// Counts one block.
    pub fn add(&mut self, n_treated_bad: usize, n_controls_bad: usize) {
        let at = n_treated_bad * (self.shape.controls as usize + 1) + n_controls_bad;
        if let Some(count) = self.counts.get_mut(at) {
            *count += 1;
        }
    }

    /// How many blocks.
    #[must_use]
    pub fn n_blocks(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Observations of treatment, and the bad ones among them.
    #[must_use]
    pub fn treated(&self) -> (u64, u64) {
        let bad = self.outcomes().map(|(treated, _, n)| u64::from(treated) * n).sum();
        (self.n_blocks() * u64::from(self.shape.treated), bad)
    }

    /// Observations of control, and the bad ones among them.
    #[must_use]
    pub fn controls(&self) -> (u64, u64) {
        let bad = self.outcomes().map(|(_, controls, n)| u64::from(controls) * n).sum();
        (self.n_blocks() * u64::from(self.shape.controls), bad)
    }

    /// Wealth of bets that treatment is bad more often than control, by more than `tolerance`.
    #[must_use]
    pub fn harm(&self, tolerance: f64) -> LogWealth {
        LogWealth::after(self.differences().map(|(x, n)| (x - tolerance, n)))
    }

    /// Wealth of bets that treatment is bad more often than control by less than `margin`.
    #[must_use]
    pub fn noninferior(&self, margin: f64) -> LogWealth {
        LogWealth::after(self.differences().map(|(x, n)| (margin - x, n)))
    }

    /// Share of bad ones in treatment less that in control, block by block.
    pub(crate) fn differences(&self) -> impl Iterator<Item = (f64, u64)> {
        let (treated, controls) = (f64::from(self.shape.treated), f64::from(self.shape.controls));
        self.outcomes().map(move |(t, c, n)| (f64::from(t) / treated - f64::from(c) / controls, n))
    }

    fn outcomes(&self) -> impl Iterator<Item = (u32, u32, u64)> {
        let n_columns = self.shape.controls + 1;
        (0_u32..).zip(&self.counts).map(move |(at, n)| (at / n_columns, at % n_columns, *n))
    }
}

/// Blocks by how many of their pairs had the treated one slower.
///
/// The sequential form of the Mann-Whitney test: while neither bucket tends to be slower, half of all
/// pairs are. It sees a shift of all latencies long before their tail has said anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signs {
    counts: Vec<u64>,
}

impl Signs {
    /// No block yet.
    #[must_use]
    pub fn new(shape: Shape) -> Self {
        Self { counts: vec![0; (shape.treated * shape.controls + 1) as usize] }
    }

    /// Counts one block.
    pub fn add(&mut self, n_slower: usize) {
        if let Some(count) = self.counts.get_mut(n_slower) {
            *count += 1;
        }
    }

    /// Wealth of bets that more than half of all pairs have the treated one slower.
    #[must_use]
    pub fn harm(&self) -> LogWealth {
        let n_pairs = self.counts.len() as f64 - 1.0;
        let values = (0_u32..).map(|n_slower| 2.0 * f64::from(n_slower) / n_pairs - 1.0);
        LogWealth::after(values.zip(self.counts.iter().copied()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE_TO_FOUR: Shape = Shape { treated: 1, controls: 4 };

    fn cells(counts: &[u64]) -> Cells {
        Cells { shape: ONE_TO_FOUR, counts: counts.to_vec() }
    }

    /// Two cases of `canary_vectors.json`, through the counts.
    #[test]
    fn counts_lead_to_the_reference() {
        let harmed = cells(&[941, 34, 0, 0, 0, 23, 2, 0, 0, 0]);
        assert!((harmed.harm(0.0).log_e() - 5.831_612_014_905_676_5).abs() < 1e-9);
        assert!((harmed.noninferior(0.01).log_e() + 1.239_553_196_921_401_5).abs() < 1e-9);
    }

    #[test]
    fn blocks_are_counted_where_they_belong() {
        let mut counted = Cells::new(ONE_TO_FOUR);
        counted.add(1, 2);
        counted.add(0, 0);
        assert_eq!((counted.treated(), counted.controls()), ((2, 1), (8, 2)));
        assert_eq!(counted.differences().find(|(_, n)| *n == 1), Some((0.0, 1)));
        let most = counted.differences().map(|(x, _)| x).fold(f64::MIN, f64::max);
        assert_eq!(most, 1.0);
    }

    #[test]
    fn slower_pairs_are_evidence_of_harm() {
        let with = |n_slower| {
            let mut signs = Signs::new(ONE_TO_FOUR);
            (0..20).for_each(|_| signs.add(n_slower));
            signs.harm().log_e()
        };
        assert!(with(4) > 5.0 && with(0) < -1.0, "{} {}", with(4), with(0));
        assert!(with(2).abs() < 1e-12);
    }
}
