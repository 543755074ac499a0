//! How a figure grows, whatever its unrest: over the whole of its time, and in the end.

/// By how much `points` (time in seconds, value) rise from the first to the last: the median of the slopes of all pairs (Theil
/// and Sen), times the time between. A single spike, such as an erasure's, moves it by nothing.
pub(super) fn rise(points: &[(f64, f64)]) -> f64 {
    let mut slopes = Vec::new();
    for (n, (at, value)) in points.iter().enumerate() {
        for (later, other) in points.iter().skip(n + 1) {
            slopes.push((other - value) / (later - at));
        }
    }
    median(&mut slopes) * span(points)
}

/// Of so many values at least the middle is taken at the beginning and in the end.
const ENDS_MIN: usize = 5;

/// By how much the last tenth of `points` is above the first, each by its median. What grows only in the last quarter of
/// the time has too few pairs to move [`rise`]; this sees it. What lasts as long as half a tenth moves it, too.
pub(super) fn rise_in_the_end(points: &[(f64, f64)]) -> f64 {
    let n = (points.len() / 10).max(ENDS_MIN).min(points.len());
    let middle =
        |some: &[(f64, f64)]| median(&mut some.iter().map(|(_, value)| *value).collect::<Vec<_>>());
    let first = points.get(..n).map(middle);
    let last = points.get(points.len() - n..).map(middle);
    last.unwrap_or(0.0) - first.unwrap_or(0.0)
}

/// Seconds from the first to the last.
pub(super) fn span(points: &[(f64, f64)]) -> f64 {
    match (points.first(), points.last()) {
        (Some((first, _)), Some((last, _))) => last - first,
        _ => 0.0,
    }
}

/// The value in the middle; nothing of nothing.
pub(super) fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A value every five seconds for ten minutes.
    fn check(value: impl Fn(usize) -> f64, expect: f64) {
        let points: Vec<_> = (0..=120).map(|n| (n as f64 * 5.0, value(n))).collect();
        let found = rise(&points);
        assert!((found - expect).abs() < 0.2, "{found}, not {expect}");
    }

    #[test]
    fn growth_is_seen_through_unrest_and_spikes() {
        check(|_| 30.0, 0.0);
        check(|n| 30.0 + n as f64 / 60.0, 2.0);
        check(|n| 30.0 + (n % 7) as f64, 0.0);
        check(|n| 30.0 + (n % 7) as f64 + n as f64 / 60.0, 2.0);
        // Two minutes of an erasure's work in the middle, or at the end.
        check(|n| if (50..74).contains(&n) { 90.0 } else { 30.0 }, 0.0);
        check(|n| if n > 100 { 90.0 } else { 30.0 }, 0.0);
    }

    #[test]
    fn growth_that_begins_late_is_seen_in_the_end() {
        let points = |value: fn(usize) -> f64| -> Vec<_> {
            (0..=120).map(|n| (n as f64 * 5.0, value(n))).collect()
        };
        let late = |n| if n > 92 { 30.0 + (n - 92) as f64 } else { 30.0 };
        assert_eq!(rise_in_the_end(&points(late)), 23.0);
        assert_eq!(rise(&points(late)), 0.0);
        assert!(rise_in_the_end(&points(|n| 30.0 + (n % 7) as f64)).abs() <= 1.0);
        // The last half minute is one erasure's.
        assert_eq!(rise_in_the_end(&points(|n| if n > 115 { 90.0 } else { 30.0 })), 0.0);
        assert!(rise_in_the_end(&points(|n| 50.0 - n as f64 / 10.0)) < -10.0);
    }

    #[test]
    fn of_hardly_anything_there_is_no_trend() {
        assert_eq!((rise(&[]), rise(&[(1.0, 7.0)])), (0.0, 0.0));
        assert_eq!((rise_in_the_end(&[]), rise_in_the_end(&[(1.0, 7.0)])), (0.0, 0.0));
    }
}
