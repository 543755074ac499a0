//! Shares with how sure one can be of them.

use statrs::function::beta::{beta_reg, inv_beta_reg};

/// Chance of error of a one-sided statement, or of both ends of an interval together.
const ALPHA: f64 = 0.05;

/// Whether so many bad ones prove that the true share is above `limit`, with an error of 5 % at most.
///
/// Exact at any number, for fixed numbers: Clopper and Pearson, "The use of confidence or fiducial
/// limits illustrated in the case of the binomial" (Biometrika, 1934).
#[must_use]
pub fn share_above(n_bad: u64, n: u64, limit: f64) -> bool {
    if n_bad == 0 || n_bad > n || !(0.0..1.0).contains(&limit) {
        return false;
    }
    // The chance of so many bad ones or more, if the share were the limit.
    let (a, b) = (n_bad as f64, (n - n_bad) as f64 + 1.0);
    limit == 0.0 || beta_reg(a, b, limit) <= ALPHA
}

/// The interval of Clopper and Pearson around a share, at 95 %. It has a width even where nothing was
/// bad. None where there is nothing.
#[must_use]
pub fn rate_interval(n_bad: u64, n: u64) -> Option<(f64, f64)> {
    if n == 0 || n_bad > n {
        return None;
    }
    let (bad, good) = (n_bad as f64, (n - n_bad) as f64);
    let low = if n_bad == 0 { 0.0 } else { inv_beta_reg(bad, good + 1.0, ALPHA / 2.0) };
    let high = if n_bad == n { 1.0 } else { inv_beta_reg(bad + 1.0, good, 1.0 - ALPHA / 2.0) };
    Some((low, high))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_thirty_proves_little() {
        assert!(!share_above(1, 30, 0.01));
        assert!(share_above(3, 30, 0.01));
        assert!(!share_above(0, 30, 0.0));
        assert!(share_above(5, 5, 0.5));
        assert!(!share_above(4, 4, 0.5));
    }

    #[test]
    fn intervals_are_those_of_the_textbooks() {
        let check = |n_bad, n, expect: (f64, f64)| {
            let (low, high) = rate_interval(n_bad, n).unwrap();
            let off = (low - expect.0).abs().max((high - expect.1).abs());
            assert!(off < 1e-4, "{n_bad}/{n}: {low} {high}");
        };
        // The rule: with nothing bad the upper end is 1 - 0.025^(1/n).
        check(0, 10, (0.0, 0.3085));
        check(10, 10, (0.6915, 1.0));
        check(5, 10, (0.1871, 0.8129));
        assert_eq!(rate_interval(0, 0), None);
    }
}
