//! Of which cells a time is made: the longest that lie in it whole, and shorter ones at its ends.

use std::ops::Range;

use aios_core::Timestamp;

use super::cells::Span;

/// A time in parts, in order, each of cells of one span; from the minute in which it begins to the end of the one in
/// which it ends.
pub(super) fn cover(longest: Span, times: &Range<Timestamp>) -> Vec<(Span, Range<i64>)> {
    let micros = times.end.as_micros();
    let last = Span::Minute.start((micros - 1).div_euclid(1_000_000));
    let until = if micros > times.start.as_micros() { last + Span::Minute.secs() } else { last };
    let mut parts = Vec::new();
    let spans: Vec<_> = Span::ALL.into_iter().filter(|span| *span <= longest).collect();
    divide(&spans, Span::Minute.start(times.start.as_secs())..until, &mut parts);
    parts
}

/// By the last of these spans what can be, by those before it the rest.
fn divide(spans: &[Span], times: Range<i64>, parts: &mut Vec<(Span, Range<i64>)>) {
    let Some((span, shorter)) = spans.split_last().filter(|_| !times.is_empty()) else { return };
    let whole = span.start(times.start + span.secs() - 1)..span.start(times.end);
    if whole.is_empty() {
        return divide(shorter, times, parts);
    }
    divide(shorter, times.start..whole.start, parts);
    parts.push((*span, whole.clone()));
    divide(shorter, whole.end..times.end, parts);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_micros(secs * 1_000_000)
    }

    #[test]
    fn the_longest_cells_stand_in_the_middle() {
        let check = |longest, (from, until): (i64, i64), expect: &[(Span, Range<i64>)]| {
            assert_eq!(cover(longest, &(at(from)..at(until))), expect);
        };
        use Span::{Day, Hour, Minute};
        check(Day, (0, 0), &[]);
        check(Day, (59, 61), &[(Minute, 0..120)]);
        check(Day, (0, 60), &[(Minute, 0..60)]);
        check(
            Hour,
            (3_540, 7_260),
            &[(Minute, 3_540..3_600), (Hour, 3_600..7_200), (Minute, 7_200..7_260)],
        );
        check(Minute, (3_540, 7_260), &[(Minute, 3_540..7_260)]);
        check(Day, (0, 172_800), &[(Day, 0..172_800)]);
        check(Hour, (0, 172_800), &[(Hour, 0..172_800)]);
        check(
            Day,
            (82_800, 172_860),
            &[(Hour, 82_800..86_400), (Day, 86_400..172_800), (Minute, 172_800..172_860)],
        );
    }

    proptest! {
        #[test]
        fn nothing_is_left_out_and_nothing_is_there_twice(
            from in -1_000_000_i64..1_000_000,
            secs in 0_i64..10_000_000,
            longest in 0_usize..3,
        ) {
            let parts = cover(Span::ALL[longest], &(at(from)..at(from + secs)));
            for pair in parts.windows(2) {
                prop_assert_eq!(pair[0].1.end, pair[1].1.start);
            }
            for (span, part) in &parts {
                prop_assert!(*span <= Span::ALL[longest]);
                prop_assert_eq!((part.start % span.secs(), part.end % span.secs()), (0, 0));
            }
            if let (Some(first), Some(last)) = (parts.first(), parts.last()) {
                prop_assert!((0..60).contains(&(from - first.1.start)));
                prop_assert!((0..60).contains(&(last.1.end - from - secs)));
            } else {
                prop_assert_eq!(secs, 0);
            }
            prop_assert!(parts.len() <= 5);
        }
    }
}
