//! Made-up conversations.

use aios_core::{Bucket, Percent};
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

use super::scenario::{Behavior, P95_MS, Scenario};
use crate::evidence::Observation;

/// Spread of the logarithm of latencies: the median is two thirds of the p95. With a wider spread a
/// p95 says less per request, and proving it takes longer.
const SIGMA: f64 = 0.25;

/// Standard deviations from the median to the p95.
const P95_Z: f64 = 1.644_853_626_951_472_7;

/// An endless row of requests.
pub(super) struct Traffic {
    random: Xoshiro256PlusPlus,
    scenario: Scenario,
    /// Share of errors that may be.
    pub(super) errors_max: f64,
    log_median_ms: f64,
    /// What treatment is due, where it is dealt evenly.
    in_turn: f64,
    /// Those that go on, where there are such.
    talks: Talks,
    n_conversations: u64,
}

/// A request and whose it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arrival {
    pub(super) conversation: u64,
    pub(super) seen: Observation,
}

impl Traffic {
    pub(super) fn new(seed: u64, scenario: Scenario) -> Self {
        Self {
            random: Xoshiro256PlusPlus::seed_from_u64(seed),
            scenario,
            errors_max: Behavior::CONTROL.error_rate,
            log_median_ms: P95_MS.ln() - P95_Z * SIGMA,
            in_turn: 0.0,
            talks: Talks::default(),
            n_conversations: 0,
        }
    }

    /// The next request while this share is in treatment, before the `n`-th look.
    pub(super) fn next(&mut self, treatment: Percent, n: u32) -> Arrival {
        if self.scenario == Scenario::Clustered {
            return self.next_of_few(treatment);
        }
        let share = treatment.get() / 100.0;
        let is_treated = if self.scenario == Scenario::Even {
            self.is_next_in_turn(share)
        } else {
            self.chance(share)
        };
        let bucket = if is_treated { Bucket::Treatment } else { Bucket::Control };
        let behavior = self.scenario.behavior(bucket, treatment, n, self.errors_max);
        self.n_conversations += 1;
        Arrival { conversation: self.n_conversations, seen: self.seen(bucket, behavior) }
    }

    /// The next request of one of few conversations, which stays in the bucket that it was dealt into: a growing share
    /// only adds to treatment.
    fn next_of_few(&mut self, treatment: Percent) -> Arrival {
        let at = (self.random.next_u64() % Talks::N as u64) as usize;
        let is_over = self.chance(1.0 / Talks::LENGTH_MEAN);
        let talk = match self.talks.0[at] {
            Some(talk) if !is_over => talk,
            Some(_) | None => self.begin(),
        };
        self.talks.0[at] = Some(talk);
        let is_treated = talk.place * 100.0 < treatment.get();
        let bucket = if is_treated { Bucket::Treatment } else { Bucket::Control };
        Arrival { conversation: talk.id, seen: self.seen(bucket, talk.behavior) }
    }

    /// A conversation with ways of its own. All of them together fail and miss as often as any other traffic.
    fn begin(&mut self) -> Talk {
        self.n_conversations += 1;
        let z: f64 = StandardNormal.sample(&mut self.random);
        Talk {
            id: self.n_conversations,
            place: self.unit(),
            behavior: Behavior {
                error_rate: if self.chance(0.05) { 0.2 } else { 0.0 },
                miss_rate: if self.chance(0.1) { 0.3 } else { 0.0 },
                slowdown: (SIGMA * z).exp(),
            },
        }
    }

    fn seen(&mut self, bucket: Bucket, behavior: Behavior) -> Observation {
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
        self.unit() < probability
    }

    /// Anywhere from 0 to 1.
    fn unit(&mut self) -> f64 {
        const STEPS: f64 = (1_u64 << 53) as f64;
        (self.random.next_u64() >> 11) as f64 / STEPS
    }
}

/// Conversations that go on.
#[derive(Default)]
struct Talks([Option<Talk>; Talks::N]);

impl Talks {
    /// So many at a time …
    const N: usize = 32;
    /// … of so many requests, in the mean.
    const LENGTH_MEAN: f64 = 300.0;
}

/// One of them.
#[derive(Debug, Clone, Copy)]
struct Talk {
    id: u64,
    /// Where it stands between 0 and 1: treated are those below the share in treatment.
    place: f64,
    behavior: Behavior,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shares(scenario: Scenario, check: fn(&dyn Fn(Bucket, Told) -> f64)) {
        let half = Percent::new(50.0).unwrap();
        let mut traffic = Traffic::new(7, scenario);
        let all: Vec<_> = (0..100_000).map(|_| traffic.next(half, 1).seen).collect();
        check(&|bucket, what| {
            let of: Vec<_> = all.iter().filter(|seen| seen.bucket == bucket).collect();
            of.iter().filter(|seen| what(seen)).count() as f64 / of.len() as f64
        });
    }

    type Told = fn(&Observation) -> bool;

    fn about(share: f64, expect: f64, off: f64) {
        assert!((share - expect).abs() < off, "{share} {expect}");
    }

    #[test]
    fn traffic_is_as_the_scenario_says() {
        shares(Scenario::Errors, |share| {
            about(share(Bucket::Control, |seen| seen.failed), 0.01, 0.004);
            about(share(Bucket::Treatment, |seen| seen.failed), 0.03, 0.004);
            about(share(Bucket::Treatment, |seen| seen.missed == Some(true)), 0.03, 0.004);
            about(share(Bucket::Control, |seen| seen.latency_ms > P95_MS), 0.05, 0.004);
        });
    }

    #[test]
    fn few_conversations_fail_and_miss_as_often_and_less_evenly() {
        shares(Scenario::Clustered, |share| {
            about(share(Bucket::Control, |seen| seen.failed), 0.01, 0.01);
            about(share(Bucket::Treatment, |seen| seen.missed == Some(true)), 0.03, 0.02);
        });
        let mut traffic = Traffic::new(7, Scenario::Clustered);
        let half = Percent::new(50.0).unwrap();
        let last = (0..9_600).map(|_| traffic.next(half, 1).conversation).max();
        assert!((32..100).contains(&last.unwrap()), "{last:?}");
    }
}
