//! Draws of one seed.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

/// A row of draws, the same for the same seed.
#[derive(Debug)]
pub(crate) struct Random(Xoshiro256PlusPlus);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    pub(crate) fn any(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Evenly in `0..n`, near enough for small `n`; 0 where there is nothing to choose from.
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.any().checked_rem(n).unwrap_or(0)
    }

    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        of.get(self.below(of.len() as u64) as usize).expect("there is something to choose from")
    }

    /// So many small letters.
    pub(crate) fn letters(&mut self, n: usize) -> String {
        (0..n).map(|_| char::from(b'a' + self.below(26) as u8)).collect()
    }

    /// So many digits, the first of which is none.
    pub(crate) fn digits(&mut self, n: usize) -> String {
        (0..n).map(|at| char::from(b'0' + (self.below(9) + u64::from(at == 0)) as u8)).collect()
    }
}
