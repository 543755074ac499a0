//! Intervals that hold at every look at once.
//!
//! Whatever mean the bets have not refuted is still possible. The set of those is a confidence sequence:
//! Howard, Ramdas, McAuliffe and Sekhon, "Time-uniform, nonparametric, nonasymptotic confidence
//! sequences" (Annals of Statistics, 2021); by betting: Waudby-Smith and Ramdas (2024).

use crate::evalue::LogWealth;

/// Each end is wrong with a chance of at most 2.5 %, both together 5 %.
const END_LOG_E: f64 = 3.688_879_454_113_936; // ln 40

/// Halvings of the range from -1 to 1: the ends are right to a millionth.
const HALVINGS: u32 = 21;

/// Where the mean of values between -1 and 1 lies, each given with how often it was seen.
#[must_use]
pub fn mean_interval(values: &[(f64, u64)]) -> (f64, f64) {
    let above = |mean: f64| LogWealth::above(values, mean).log_e() >= END_LOG_E;
    let below = |mean: f64| LogWealth::below(values, mean).log_e() >= END_LOG_E;
    (last(-1.0, 1.0, above), last(1.0, -1.0, below))
}

/// The mean of the same values; none if there are none.
#[must_use]
pub fn mean(values: &[(f64, u64)]) -> Option<f64> {
    let n: u64 = values.iter().map(|(_, n)| n).sum();
    let sum: f64 = values.iter().map(|(x, n)| x * *n as f64).sum();
    (n > 0).then(|| sum / n as f64)
}

/// The last mean on the way from `refuted` to `kept` that is refuted; the beginning if none is.
fn last(mut refuted: f64, mut kept: f64, is_refuted: impl Fn(f64) -> bool) -> f64 {
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(refuted, kept);
        if is_refuted(middle) {
            refuted = middle;
        } else {
            kept = middle;
        }
    }
    refuted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_the_logarithm_of_forty() {
        assert!((END_LOG_E - 40.0_f64.ln()).abs() < 1e-12);
    }

    #[test]
    fn an_interval_holds_the_mean_and_shrinks() {
        let width = |n: u64| {
            let values = [(1.0, n), (0.0, 7 * n), (-1.0, 2 * n)];
            let (low, high) = mean_interval(&values);
            assert!((mean(&values).unwrap() + 0.1).abs() < 1e-12);
            assert!(low < -0.1 && -0.1 < high, "{low} {high}");
            high - low
        };
        assert!(width(100) < 0.5 * width(10) && width(1_000) < 0.5 * width(100));
    }

    #[test]
    fn nothing_seen_excludes_nothing() {
        let (low, high) = mean_interval(&[]);
        assert!(low <= -0.999 && high >= 0.999, "{low} {high}");
        assert_eq!(mean(&[]), None);
    }

    /// Mirrored values have the mirrored interval.
    #[test]
    fn both_ends_are_treated_alike() {
        let (low, high) = mean_interval(&[(1.0, 30), (0.0, 50), (-1.0, 10)]);
        let mirrored = mean_interval(&[(-1.0, 30), (0.0, 50), (1.0, 10)]);
        assert!((low + mirrored.1).abs() < 1e-5 && (high + mirrored.0).abs() < 1e-5);
    }
}
