//! Draws for choices that must only be spread, not be secret: which endpoint, how long a pause.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

/// A shared source of draws: SplitMix64 (Steele, Lea, Flood 2014), seeded by the operating system.
#[derive(Debug)]
pub(crate) struct Dice(AtomicU64);

impl Default for Dice {
    fn default() -> Self {
        Self(AtomicU64::new(RandomState::new().hash_one("dice")))
    }
}

impl Dice {
    /// The same draws for the same seed.
    pub(crate) const fn seeded(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    /// Uniform in `0..n`; 0 for `n` = 0.
    pub(crate) fn below(&self, n: usize) -> usize {
        (self.unit() * n as f64) as usize
    }

    /// Uniform in `[0, 1)`.
    pub(crate) fn unit(&self) -> f64 {
        const STEP: u64 = 0x9E37_79B9_7F4A_7C15;
        let mut z = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_spread_and_within_bounds() {
        let dice = Dice::default();
        let mut seen = [0_u32; 4];
        (0..4_000).for_each(|_| seen[dice.below(4)] += 1);
        assert!(seen.iter().all(|n| (800..1_200).contains(n)), "{seen:?}");
        assert_eq!(dice.below(0), 0);
    }
}
