//! Evidence that may be looked at as often as one likes.
//!
//! A bettor starts with 1 and stakes a share lambda of it on each block against the null hypothesis
//! "the mean of `v` is at most zero". While the hypothesis holds, no strategy is expected to win, so
//! the wealth is a nonnegative supermartingale and ever reaches `1 / alpha` with a chance of at most
//! `alpha` (Ville's inequality), whenever and however often it is looked at. Betting on bounded means:
//! Waudby-Smith and Ramdas, "Estimating means of bounded random variables by betting" (JRSS B, 2024).
//! Nobody knows the best lambda beforehand, so the wealth is the mean over a fixed grid of them, which
//! is again such a process.

use serde::{Deserialize, Serialize};

/// The shares that are staked.
pub const LAMBDAS: [f64; 14] =
    [0.01, 0.02, 0.04, 0.07, 0.11, 0.16, 0.23, 0.32, 0.43, 0.55, 0.68, 0.8, 0.9, 0.97];

/// How the first stake is spread over the shares. Whatever spread was fixed before the first bet is fair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spread {
    /// Evenly: nobody knows how great a harm is.
    #[default]
    Even,
    /// In proportion to the root of the share. What treatment is held against is a margin, and what is equal keeps far
    /// from it: the small shares, which win too slowly to prove that in anybody's lifetime, get little.
    Bold,
}

impl Spread {
    /// Logarithms of the parts that the shares get, which add up to 1.
    fn log_parts(self) -> [f64; LAMBDAS.len()] {
        match self {
            Self::Even => [-(LAMBDAS.len() as f64).ln(); LAMBDAS.len()],
            Self::Bold => {
                let all: f64 = LAMBDAS.into_iter().map(f64::sqrt).sum();
                LAMBDAS.map(|lambda| (lambda.sqrt() / all).ln())
            }
        }
    }

    /// As it was before there was another.
    pub(crate) fn is_even(&self) -> bool {
        *self == Self::Even
    }
}

/// The wealth of one bettor per lambda, as natural logarithms.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LogWealth([f64; LAMBDAS.len()]);

impl LogWealth {
    /// Before the first bet.
    pub const START: Self = Self([0.0; LAMBDAS.len()]);

    /// After bets on these values, each with how often it was seen. The order does not matter.
    ///
    /// No value may be below `-1 / 0.97`: a bettor cannot lose more than there is.
    #[must_use]
    pub fn after(bets: impl IntoIterator<Item = (f64, u64)>) -> Self {
        let mut wealth = Self::START;
        for (value, n) in bets {
            if n > 0 {
                wealth.bet(value, n);
            }
        }
        wealth
    }

    /// After bets that the mean of these values is above `mean`. All of them, and it, lie between -1 and 1; the bets are
    /// scaled so that none can lose more than there is, however far from 0 it lies.
    #[must_use]
    pub(crate) fn above(values: &[(f64, u64)], mean: f64) -> Self {
        let scale = 1.0 / (1.0 + mean.abs());
        Self::after(values.iter().map(|(value, n)| ((value - mean) * scale, *n)))
    }

    /// The same that it is below.
    #[must_use]
    pub(crate) fn below(values: &[(f64, u64)], mean: f64) -> Self {
        let scale = 1.0 / (1.0 + mean.abs());
        Self::after(values.iter().map(|(value, n)| ((mean - value) * scale, *n)))
    }

    fn bet(&mut self, value: f64, n: u64) {
        for (wealth, lambda) in self.0.iter_mut().zip(LAMBDAS) {
            *wealth += n as f64 * (lambda * value).ln_1p();
        }
    }

    /// The wealth after these bets and those.
    #[must_use]
    pub fn and(mut self, more: Self) -> Self {
        for (wealth, more) in self.0.iter_mut().zip(more.0) {
            *wealth += more;
        }
        self
    }

    /// Natural logarithm of the e-value: of the mean over all lambdas.
    #[must_use]
    pub fn log_e(&self) -> f64 {
        self.log_e_spread(Spread::Even)
    }

    /// The same where the first stake was spread in this way.
    #[must_use]
    pub fn log_e_spread(&self, spread: Spread) -> f64 {
        let parts = spread.log_parts();
        log_sum_exp(self.0.iter().zip(parts).map(|(wealth, part)| wealth + part))
    }
}

/// Logarithm of the sum of what these are logarithms of, without leaving the range of numbers.
///
/// A weighted mean of e-values is an e-value, however they depend on each other: Vovk and Wang,
/// "E-values: calibration, combination and applications" (Annals of Statistics, 2021).
pub(crate) fn log_sum_exp(logs: impl Iterator<Item = f64> + Clone) -> f64 {
    let greatest = logs.clone().fold(f64::NEG_INFINITY, f64::max);
    if greatest.is_finite() {
        greatest + logs.map(|log| (log - greatest).exp()).sum::<f64>().ln()
    } else {
        greatest
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    struct Vectors {
        lambda_grid: Vec<f64>,
        cases: Vec<Case>,
    }

    #[derive(Deserialize)]
    struct Case {
        kind: String,
        values: Vec<f64>,
        counts: Vec<u64>,
        log_e: f64,
    }

    /// The same cases with the other spread.
    #[derive(Deserialize)]
    struct Bold {
        log_e: Vec<f64>,
    }

    /// Computed by other programs from the definition.
    #[test]
    fn e_values_equal_the_reference() {
        let text = include_str!("../../../fixtures/canary_vectors.json");
        let vectors: Vectors = serde_json::from_str(text).unwrap();
        let text = include_str!("../../../fixtures/canary_vectors_bold.json");
        let bold: Bold = serde_json::from_str(text).unwrap();
        assert_eq!(vectors.lambda_grid, LAMBDAS);
        assert_eq!((vectors.cases.len(), bold.log_e.len()), (35, 35));
        for (case, bold) in vectors.cases.iter().zip(bold.log_e) {
            let bets = case.values.iter().copied().zip(case.counts.iter().copied());
            let wealth = LogWealth::after(bets);
            for (spread, expect) in [(Spread::Even, case.log_e), (Spread::Bold, bold)] {
                let log_e = wealth.log_e_spread(spread);
                let off = (log_e - expect).abs();
                assert!(off <= 1e-9 * expect.abs().max(1e-3), "{} {log_e} {expect}", case.kind);
            }
        }
    }

    #[test]
    fn sums_stay_in_range() {
        let sum = log_sum_exp([2_000.0, 2_000.0].into_iter());
        assert!((sum - (2_000.0 + 2.0_f64.ln())).abs() < 1e-9, "{sum}");
        assert_eq!(log_sum_exp(std::iter::empty()), f64::NEG_INFINITY);
    }

    proptest! {
        /// The mean wealth over every outcome of one fair bet is what was staked.
        #[test]
        fn a_fair_bet_wins_nothing(before in -0.9..0.9_f64, stake in 0.0..1.0_f64) {
            for spread in [Spread::Even, Spread::Bold] {
                let e = |bets: &[(f64, u64)]| {
                    LogWealth::after(bets.iter().copied()).log_e_spread(spread).exp()
                };
                let wealth = |outcome: f64| e(&[(before, 3), (outcome, 1)]);
                let mean = f64::midpoint(wealth(stake), wealth(-stake));
                let held = e(&[(before, 3)]);
                prop_assert!((mean - held).abs() <= 1e-9 * held);
                prop_assert!((LogWealth::START.log_e_spread(spread)).abs() < 1e-12);
            }
        }
    }
}
