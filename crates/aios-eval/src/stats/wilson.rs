//! Where a share may lie, for showing.

/// The quantile of the normal distribution for 95 %, both sides.
const Z: f64 = 1.959_963_984_540_054;

/// The interval of Wilson, "Probable inference, the law of succession, and statistical inference" (1927), at
/// 95 %. It has a width also where all are good. None where there is nothing.
#[must_use]
pub fn wilson(n_good: u64, n: u64) -> Option<(f64, f64)> {
    if n == 0 || n_good > n {
        return None;
    }
    let (n, share) = (n as f64, n_good as f64 / n as f64);
    let middle = share + Z * Z / (2.0 * n);
    let half = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z * Z / n;
    Some((((middle - half) / scale).max(0.0), ((middle + half) / scale).min(1.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_those_of_the_textbooks() {
        let check = |n_good, n, expect: (f64, f64)| {
            let (low, high) = wilson(n_good, n).unwrap();
            assert!((low - expect.0).abs().max((high - expect.1).abs()) < 5e-4, "{low} {high}");
        };
        // Newcombe, "Two-sided confidence intervals for the single proportion" (1998), table I.
        check(81, 263, (0.2553, 0.3662));
        check(15, 148, (0.0624, 0.1605));
        check(0, 20, (0.0, 0.1611));
        check(1, 29, (0.0061, 0.1718));
        assert_eq!((wilson(0, 0), wilson(2, 1)), (None, None));
    }
}
