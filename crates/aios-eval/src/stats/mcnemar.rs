//! Whether more cases got worse than got better.
//!
//! McNemar, "Note on the sampling error of the difference between correlated proportions or percentages"
//! (Psychometrika, 1947), in its exact form: if nothing has changed, a case that differs is as likely to have
//! got better as worse, so those that got worse are binomial with one half. Cases that stayed as they were
//! say nothing of a difference, and are not asked.

/// The chance that so many cases or more would have got worse if nothing had changed; one-sided.
#[must_use]
pub fn mcnemar_worse(n_worse: u64, n_better: u64) -> f64 {
    let n = n_worse + n_better;
    let tail: f64 =
        (n_worse..=n).map(|k| (ln_choose(n, k) - n as f64 * std::f64::consts::LN_2).exp()).sum();
    tail.min(1.0)
}

/// The logarithm of the number of ways to choose `k` of `n`.
fn ln_choose(n: u64, k: u64) -> f64 {
    let k = k.min(n - k);
    (1..=k).map(|i| ((n - k + i) as f64 / i as f64).ln()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(n_worse: u64, n_better: u64, expect: f64) {
        let p = mcnemar_worse(n_worse, n_better);
        assert!((p - expect).abs() < 1e-9, "{n_worse} {n_better}: {p}");
    }

    #[test]
    fn chances_are_those_of_the_binomial() {
        check(0, 0, 1.0);
        check(1, 0, 0.5);
        check(5, 0, 1.0 / 32.0);
        check(7, 1, 9.0 / 256.0);
        check(0, 5, 1.0);
        // A table of the sign test: 15 or more of 20.
        check(15, 5, 0.020_694_732_666_015_625);
        check(60, 40, 0.028_443_966_820_49);
    }
}
