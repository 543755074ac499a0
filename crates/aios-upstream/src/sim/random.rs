//! Chance that repeats: everything a simulated model draws comes from its seed and the request.

use std::hash::Hasher;

use siphasher::sip::SipHasher13;

/// SplitMix64 (Steele, Lea and Flood, 2014): small, fast, and good enough for made-up models.
#[derive(Debug, Clone)]
pub(super) struct Random(u64);

impl Random {
    /// Draws that depend on the seed, on what they are for, and on the text.
    pub(super) fn new(seed: u64, purpose: &str, text: &[u8]) -> Self {
        Self(hash(seed, &[purpose.as_bytes(), text]))
    }

    pub(super) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Uniform in [0, 1).
    pub(super) fn unit(&mut self) -> f64 {
        const STEPS: f64 = (1_u64 << 53) as f64;
        (self.next() >> 11) as f64 / STEPS
    }

    /// About standard normal: a sum of twelve uniform draws.
    pub(super) fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }

    /// One of `options`, which must not be empty.
    pub(super) fn pick<'a, T: ?Sized>(&mut self, options: &[&'a T]) -> &'a T {
        let at = (self.unit() * options.len() as f64) as usize;
        options.get(at).expect("a draw below one stays inside the options")
    }
}

/// A hash of several parts under the seed.
pub(super) fn hash(seed: u64, parts: &[&[u8]]) -> u64 {
    let mut hasher = SipHasher13::new_with_keys(seed, 0);
    for part in parts {
        hasher.write_u64(part.len() as u64);
        hasher.write(part);
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_and_text_draw_the_same() {
        let draws = |seed, text: &[u8]| {
            let mut random = Random::new(seed, "test", text);
            [random.next(), random.next()]
        };
        assert_eq!(draws(1, b"a"), draws(1, b"a"));
        assert_ne!(draws(1, b"a"), draws(2, b"a"));
        assert_ne!(draws(1, b"a"), draws(1, b"b"));
    }

    #[test]
    fn draws_are_spread_as_they_should_be() {
        let mut random = Random::new(7, "test", b"");
        let mean = (0..10_000).map(|_| random.unit()).sum::<f64>() / 10_000.0;
        assert!((0.48..0.52).contains(&mean), "{mean}");
        let spread = (0..10_000).map(|_| random.normal().powi(2)).sum::<f64>() / 10_000.0;
        assert!((0.9..1.1).contains(&spread), "{spread}");
    }
}
