//! Middles and tails of times.

/// The mean; none of nothing.
#[must_use]
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// The median; none of nothing.
#[must_use]
pub fn median(values: &[f64]) -> Option<f64> {
    let sorted = sorted(values);
    let (low, high) =
        (sorted.get(sorted.len().checked_sub(1)? / 2)?, sorted.get(sorted.len() / 2)?);
    Some(f64::midpoint(*low, *high))
}

/// The value at place `floor(share * n)` of the sorted ones: the guide's rule. With fewer than 20 values the 95th
/// percentile is the largest.
#[must_use]
pub fn percentile(values: &[f64], share: f64) -> Option<f64> {
    let sorted = sorted(values);
    let last = sorted.len().checked_sub(1)?;
    sorted.get(((share * sorted.len() as f64) as usize).min(last)).copied()
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn middles_and_tails() {
        let values: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        assert_eq!((median(&values), percentile(&values, 0.95)), (Some(50.5), Some(96.0)));
        assert_eq!(
            (median(&[3.0, 1.0, 2.0]), percentile(&[3.0, 1.0, 2.0], 0.95)),
            (Some(2.0), Some(3.0))
        );
        assert_eq!((median(&[]), mean(&[]), percentile(&[], 0.5)), (None, None, None));
        assert_eq!(mean(&[1.0, 2.0]), Some(1.5));
    }
}
