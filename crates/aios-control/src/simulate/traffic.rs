//! Made-up conversations.

use aios_core::{Bucket, Percent};
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

use super::scenario::{P95_MS, Scenario};
use crate::evidence::Observation;

/// Spread of the logarithm of latencies: the median is two thirds of the p95. With a wider spread a
/// p95 says less per request, and proving it takes longer.
const SIGMA: f64 = 0.25;

/// Standard deviations from the median to the p95.
const P95_Z: f64 = 1.644_853_626_951_472_7;

/// An endless row of conversations.
pub(super) struct Traffic {
    random: Xoshiro256PlusPlus,
    scenario: Scenario,
    log_median_ms: f64,
    /// What treatment is due, where it is dealt evenly.
    in_turn: f64,
}

impl Traffic {
    pub(super) fn new(seed: u64, scenario: Scenario) -> Self {
        Self {
            random: Xoshiro256PlusPlus::seed_from_u64(seed),
            scenario,
            log_median_ms: P95_MS.ln() - P95_Z * SIGMA,
            in_turn: 0.0,
        }
    }

    /// The next conversation while this share is in treatment, before the `n`-th look.
    pub(super) fn next(&mut self, treatment: Percent, n: u32) -> Observation {
        let share = treatment.get() / 100.0;
        let is_treated = if self.scenario == Scenario::Even {
            self.is_next_in_turn(share)
        } else {
            self.chance(share)
        };
        let bucket = if is_treated { Bucket::Treatment } else { Bucket::Control };
        let behavior = self.scenario.behavior(bucket, treatment, n);
        let z: f64 = StandardNormal.sample(&mut self.random);
        Observation {
            bucket,
            failed: self.chance(behavior.error_rate),
            latency_ms: behavior.slowdown * (self.log_median_ms + SIGMA * z).exp(),
            missed: Some(self.chance(behavior.miss_rate)),
        }
    }

    /// Whether the share in treatment falls behind without this one.
    fn is_next_in_turn(&mut self, share: f64) -> bool {
        self.in_turn += share;
        let is_next = self.in_turn >= 1.0;
        self.in_turn -= f64::from(u8::from(is_next));
        is_next
    }

    fn chance(&mut self, probability: f64) -> bool {
        const STEPS: f64 = (1_u64 << 53) as f64;
        ((self.random.next_u64() >> 11) as f64) < probability * STEPS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traffic_is_as_the_scenario_says() {
        let half = Percent::new(50.0).unwrap();
        let mut traffic = Traffic::new(7, Scenario::Errors);
        let all: Vec<_> = (0..100_000).map(|_| traffic.next(half, 1)).collect();
        let share = |bucket, what: fn(&Observation) -> bool| {
            let of: Vec<_> = all.iter().filter(|seen| seen.bucket == bucket).collect();
            of.iter().filter(|seen| what(seen)).count() as f64 / of.len() as f64
        };
        let check = |bucket, what, expect: f64| {
            let share = share(bucket, what);
            assert!((share - expect).abs() < 0.004, "{share} {expect}");
        };
        check(Bucket::Control, |seen| seen.failed, 0.01);
        check(Bucket::Treatment, |seen| seen.failed, 0.03);
        check(Bucket::Treatment, |seen| seen.missed == Some(true), 0.03);
        check(Bucket::Control, |seen| seen.latency_ms > P95_MS, 0.05);
    }
}
