//! The sample of local traffic from which the traffic knots are made.
//!
//! A reservoir: every prompt seen has the same chance to be in it, and it never grows past its
//! bound. Which prompts stay is decided by a fixed sequence, not by chance, so that the same traffic
//! gives the same knots.

use crate::knots::{Knots, PROMPTS_MIN};

/// How many prompts are seen before the first knots, unless configured: the share of main is then
/// right to about 4 %.
pub const TRAFFIC_AFTER: usize = 200;

/// Most scores that are kept: 32 KiB.
pub const SAMPLE_MAX: usize = 4_096;

const SEED: u64 = 0x6169_6f73_2f6b_6e6f;

/// Collects raw scores until knots can be made of them.
#[derive(Debug, Clone)]
pub struct Sampler {
    traffic_after: usize,
    next_try: usize,
    n_seen: usize,
    sample: Vec<f64>,
    mixer: Mixer,
}

impl Sampler {
    /// Makes knots after `traffic_after` prompts; fewer than [`PROMPTS_MIN`] are taken as that.
    #[must_use]
    pub const fn new(traffic_after: usize) -> Self {
        let traffic_after = if traffic_after < PROMPTS_MIN { PROMPTS_MIN } else { traffic_after };
        Self {
            traffic_after,
            next_try: traffic_after,
            n_seen: 0,
            sample: Vec::new(),
            mixer: Mixer::new(SEED),
        }
    }

    /// Adds a prompt's raw score; a number that is not finite is left out.
    ///
    /// Returns the knots once enough prompts were seen. Where these are too alike to make knots
    /// from, as when a script repeats itself, it tries again after as many further prompts, or after
    /// an eighth of those it has seen if that is more: who repeats himself for days is seldom asked.
    pub fn push(&mut self, raw: f64) -> Option<Knots> {
        if !raw.is_finite() {
            return None;
        }
        self.keep(raw);
        if self.n_seen < self.next_try {
            return None;
        }
        self.next_try = self.n_seen.saturating_add(self.traffic_after.max(self.n_seen / 8));
        Knots::from_raw_scores(&mut self.sample.clone()).ok()
    }

    /// How many prompts have been seen.
    #[must_use]
    pub const fn n_seen(&self) -> usize {
        self.n_seen
    }

    /// Keeps the score in a free place, or with the chance `SAMPLE_MAX / n_seen` in another's.
    fn keep(&mut self, raw: f64) {
        self.n_seen = self.n_seen.saturating_add(1);
        if self.sample.len() < SAMPLE_MAX {
            self.sample.push(raw);
            return;
        }
        let place = self.mixer.next() % self.n_seen as u64;
        if let Some(kept) = usize::try_from(place).ok().and_then(|at| self.sample.get_mut(at)) {
            *kept = raw;
        }
    }
}

impl Default for Sampler {
    fn default() -> Self {
        Self::new(TRAFFIC_AFTER)
    }
}

/// A fixed sequence of evenly spread numbers (SplitMix64).
#[derive(Debug, Clone)]
pub(crate) struct Mixer(u64);

impl Mixer {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many prompts it takes until there are knots.
    fn n_until_knots(sampler: &mut Sampler, scores: impl Iterator<Item = f64>) -> Option<usize> {
        let mut scores = scores.map(|raw| sampler.push(raw));
        scores.position(|knots| knots.is_some()).map(|index| index + 1)
    }

    fn varied() -> impl Iterator<Item = f64> {
        (0..2_000_u32).map(|i| f64::from(i * 37 % 1_000) / 100.0)
    }

    #[test]
    fn knots_come_with_the_last_prompt_asked_for() {
        assert_eq!(n_until_knots(&mut Sampler::default(), varied()), Some(TRAFFIC_AFTER));
        assert_eq!(n_until_knots(&mut Sampler::new(500), varied()), Some(500));
        assert_eq!(n_until_knots(&mut Sampler::new(0), varied()), Some(PROMPTS_MIN));
    }

    #[test]
    fn a_script_that_repeats_itself_makes_no_knots() {
        let mut sampler = Sampler::default();
        let same = std::iter::repeat_n(1.0, 1_000);
        assert_eq!(n_until_knots(&mut sampler, same), None);
        assert_eq!(n_until_knots(&mut sampler, varied()), Some(TRAFFIC_AFTER));
    }

    #[test]
    fn a_script_that_repeats_itself_for_long_is_seldom_tried() {
        let mut sampler = Sampler::default();
        let mut n_tries = 0;
        for _ in 0..1_000_000 {
            let next_try = sampler.next_try;
            sampler.push(1.0);
            n_tries += u32::from(sampler.next_try != next_try);
        }
        assert!((20..100).contains(&n_tries), "{n_tries}");
    }

    #[test]
    fn numbers_that_are_not_finite_are_left_out() {
        let mut sampler = Sampler::default();
        assert_eq!(sampler.push(f64::NAN), None);
        assert_eq!(sampler.n_seen(), 0);
    }

    #[test]
    fn the_sample_is_bounded_and_even() {
        let n = 40_000_u32;
        let mut sampler = Sampler::new(n as usize);
        let knots = (0..n).filter_map(|i| sampler.push(f64::from(i))).next().unwrap();
        assert_eq!((sampler.n_seen(), sampler.sample.len()), (n as usize, SAMPLE_MAX));
        assert_eq!(knots.n_prompts(), SAMPLE_MAX);
        let median_weight = knots.weight(f64::from(n / 2)).get();
        assert!((median_weight - 0.6).abs() < 0.03, "{median_weight}");
    }
}
