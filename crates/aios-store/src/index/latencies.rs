//! How long requests took: counts in classes that grow by 4.4 %, so that a percentile of any time is the sum of a few
//! small lists, and right within 2.2 %.

use serde::{Deserialize, Serialize};

/// Where the second class begins, in milliseconds.
const LEAST_MS: f64 = 0.25;

/// Classes in which a latency doubles.
const PER_DOUBLING: f64 = 16.0;

/// Classes; the last begins at more than an hour.
const CLASSES_MAX: usize = 24 * 16 + 2;

/// Counts of latencies.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Vec<(u16, u64)>", into = "Vec<(u16, u64)>")]
pub struct Latencies {
    /// By class, up to the last one that has any.
    counts: Vec<u64>,
    n: u64,
}

impl Latencies {
    /// Counts one.
    pub fn add(&mut self, ms: f64) {
        self.add_to(class(ms), 1);
    }

    /// Counts those of another time.
    pub fn merge(&mut self, other: &Self) {
        for (class, n) in other.counts.iter().enumerate().filter(|(_, n)| **n > 0) {
            self.add_to(class, *n);
        }
    }

    /// The latency that this share of requests did not exceed; none without requests.
    #[must_use]
    pub fn percentile(&self, share: f64) -> Option<f64> {
        let rank = ((share * self.n as f64).ceil() as u64).clamp(1, self.n.max(1));
        let mut seen = 0;
        for (class, n) in self.counts.iter().enumerate() {
            seen += n;
            if seen >= rank {
                return Some(middle(class));
            }
        }
        None
    }

    /// How many were counted.
    #[must_use]
    pub const fn n(&self) -> u64 {
        self.n
    }

    fn add_to(&mut self, class: usize, n: u64) {
        if self.counts.len() <= class {
            self.counts.resize(class + 1, 0);
        }
        self.counts[class] += n;
        self.n += n;
    }
}

fn class(ms: f64) -> usize {
    if ms.is_nan() || ms < LEAST_MS {
        return 0;
    }
    let doublings = (ms / LEAST_MS).log2();
    ((doublings * PER_DOUBLING) as usize).saturating_add(1).min(CLASSES_MAX - 1)
}

/// What a latency of this class is taken for.
fn middle(class: usize) -> f64 {
    match class {
        0 => LEAST_MS / 2.0,
        class => LEAST_MS * ((class as f64 - 0.5) / PER_DOUBLING).exp2(),
    }
}

impl From<Latencies> for Vec<(u16, u64)> {
    fn from(latencies: Latencies) -> Self {
        let counted = latencies.counts.into_iter().enumerate().filter(|(_, n)| *n > 0);
        counted.filter_map(|(class, n)| Some((u16::try_from(class).ok()?, n))).collect()
    }
}

impl From<Vec<(u16, u64)>> for Latencies {
    fn from(counts: Vec<(u16, u64)>) -> Self {
        let mut latencies = Self::default();
        let known = counts.into_iter().filter(|(class, _)| usize::from(*class) < CLASSES_MAX);
        known.for_each(|(class, n)| latencies.add_to(class.into(), n));
        latencies
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn of_nothing_there_is_no_percentile() {
        assert_eq!(Latencies::default().percentile(0.95), None);
    }

    #[test]
    fn what_is_not_a_latency_is_a_short_one_and_what_is_endless_a_long_one() {
        let mut latencies = Latencies::default();
        [f64::NAN, -1.0, 0.0, f64::INFINITY].into_iter().for_each(|ms| latencies.add(ms));
        assert_eq!((latencies.n(), latencies.percentile(0.5)), (4, Some(LEAST_MS / 2.0)));
        assert!(latencies.percentile(1.0).unwrap() > 3_600_000.0);
    }

    proptest! {
        #[test]
        fn a_percentile_is_right_within_three_in_a_hundred(
            all in proptest::collection::vec(0.3_f64..3_000_000.0, 1..200),
            share in 0.01_f64..1.0,
            cut in 0_usize..200,
        ) {
            let mut sorted = all.clone();
            sorted.sort_by(f64::total_cmp);
            let rank = ((share * all.len() as f64).ceil() as usize).clamp(1, all.len());
            let exact = sorted[rank - 1];
            // Counted in two parts, of which one was kept meanwhile.
            let (mut first, mut second) = (Latencies::default(), Latencies::default());
            for (n, ms) in all.iter().enumerate() {
                if n < cut { first.add(*ms) } else { second.add(*ms) }
            }
            let kept = serde_json::to_string(&second).unwrap();
            first.merge(&serde_json::from_str(&kept).unwrap());
            let found = first.percentile(share).unwrap();
            prop_assert!((found / exact - 1.0).abs() < 0.03, "{found} {exact}");
        }
    }
}
