//! From the index's cells to columns of a chart.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::LazyLock;
use std::time::Duration;

use aios_core::{Bucket, Outcome, Tier, Timestamp};
use aios_store::{Counts, Index, Span, StoreError};

use super::asked::Times;
use super::overview::{BucketSeries, Lane, OutcomeCount, OutcomeSeries, Totals, Traffic};

/// Most steps of a chart: no screen shows more.
const STEPS_MAX: i64 = 400;

/// Lengths of a step that people can read, in seconds.
const LENGTHS_S: [i64; 9] =
    [60, 300, 900, 3_600, 3 * 3_600, 6 * 3_600, 86_400, 7 * 86_400, 28 * 86_400];

/// Beyond that steps are so many of these.
const LONGEST_S: i64 = 28 * 86_400;

const DAY: Duration = Duration::from_secs(86_400);

/// The steps of a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Steps {
    /// When the first begins, in seconds since 1970.
    first_s: i64,
    /// How long each is, in seconds.
    pub(super) step_s: i64,
    n: usize,
}

/// Who answered, and whose it was.
type LaneOf = (Option<Tier>, Bucket);

/// Counts of every lane in every step.
pub(super) struct Series {
    pub(super) steps: Steps,
    /// What is counted: the time that was asked for, to the minute.
    minutes: Range<i64>,
    lanes: BTreeMap<LaneOf, Column>,
}

/// Counts, step by step. Most steps of a server that is young or little used have none, and take no room.
pub(super) struct Column(Vec<Option<Box<Counts>>>);

static NOTHING: LazyLock<Counts> = LazyLock::new(Counts::default);

impl Column {
    fn of(steps: Steps) -> Self {
        Self(std::iter::repeat_with(|| None).take(steps.n).collect())
    }

    fn add(&mut self, place: usize, counts: &Counts) {
        if let Some(step) = self.0.get_mut(place) {
            step.get_or_insert_default().merge(counts);
        }
    }

    fn add_all(&mut self, other: &Self) {
        let steps = other.0.iter().enumerate();
        steps.for_each(|(place, step)| step.iter().for_each(|counts| self.add(place, counts)));
    }

    /// Of every step.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Counts> {
        self.0.iter().map(|step| step.as_deref().unwrap_or_else(|| &NOTHING))
    }
}

impl Times {
    /// From when to when; without an end it is `now`, without a beginning `by_default` before the end.
    pub(super) fn range(self, now: Timestamp, by_default: Duration) -> Range<Timestamp> {
        let until = self.until.unwrap_or(now);
        let since = self.since.unwrap_or_else(|| until.minus(by_default)).min(until);
        since..until
    }

    /// A day, where nothing is said.
    pub(super) fn day(self, now: Timestamp) -> Range<Timestamp> {
        self.range(now, DAY)
    }
}

impl Steps {
    pub(super) fn of(times: &Range<Timestamp>) -> Self {
        Self::at_least(60, times)
    }

    /// Steps of an hour or more, where nothing is counted by the minute.
    pub(super) fn by_hours(times: &Range<Timestamp>) -> Self {
        Self::at_least(3_600, times)
    }

    fn at_least(least_s: i64, times: &Range<Timestamp>) -> Self {
        let (from, until) = (times.start.as_secs(), times.end.as_secs());
        let fits = |step: &&i64| **step >= least_s && (until - from) / **step < STEPS_MAX;
        let many = || LONGEST_S * ((until - from) / (LONGEST_S * STEPS_MAX) + 1);
        let step_s = LENGTHS_S.iter().find(fits).copied().unwrap_or_else(many);
        let first_s = from.div_euclid(step_s) * step_s;
        let n = usize::try_from((until - first_s).div_euclid(step_s) + 1).unwrap_or(1);
        Self { first_s, step_s, n }
    }

    /// The longest cells that no step divides.
    pub(super) const fn longest(self) -> Span {
        match self.step_s {
            ..3_600 => Span::Minute,
            3_600..86_400 => Span::Hour,
            86_400.. => Span::Day,
        }
    }

    pub(super) fn place(self, start_s: i64) -> Option<usize> {
        let place = usize::try_from((start_s - self.first_s).div_euclid(self.step_s)).ok()?;
        (place < self.n).then_some(place)
    }

    pub(super) const fn n(self) -> usize {
        self.n
    }

    pub(super) fn at_ms(self) -> Vec<i64> {
        let steps = (0..self.n).map(|n| i64::try_from(n).unwrap_or(0));
        steps.map(|n| (self.first_s + n * self.step_s) * 1_000).collect()
    }
}

impl Series {
    pub(super) fn read(
        index: Option<&Index>,
        times: &Range<Timestamp>,
    ) -> Result<Self, StoreError> {
        let steps = Steps::of(times);
        let mut lanes = BTreeMap::<LaneOf, Column>::new();
        if let Some(index) = index {
            index.cells(steps.longest(), times.clone(), |cell| {
                let Some(place) = steps.place(cell.start_s) else { return };
                let of = (cell.source, cell.bucket);
                let lane = lanes.entry(of).or_insert_with(|| Column::of(steps));
                lane.add(place, &cell.counts);
            })?;
        }
        Ok(Self { steps, minutes: minutes(times), lanes })
    }

    /// The counts of each step, of these lanes together.
    pub(super) fn each(&self, is_meant: impl Fn(LaneOf) -> bool) -> Column {
        let mut all = Column::of(self.steps);
        let meant = self.lanes.iter().filter(|(of, _)| is_meant(**of));
        meant.for_each(|(_, lane)| all.add_all(lane));
        all
    }

    /// The counts of the whole time, of these lanes together.
    pub(super) fn sum(&self, is_meant: impl Fn(LaneOf) -> bool) -> Counts {
        let mut all = Counts::default();
        let meant = self.lanes.iter().filter(|(of, _)| is_meant(**of));
        meant.flat_map(|(_, lane)| lane.iter()).for_each(|counts| all.merge(counts));
        all
    }

    pub(super) fn traffic(&self) -> Traffic {
        let all = self.each(|_| true);
        let column = |of: &dyn Fn(&Counts) -> u64| all.iter().map(of).collect::<Vec<_>>();
        let percentile =
            |share| all.iter().map(|counts| counts.latencies.percentile(share)).collect();
        let outcomes = Outcome::ALL
            .into_iter()
            .map(|outcome| OutcomeSeries { outcome, n: column(&|counts| counts.n_ended(outcome)) });
        Traffic {
            step_s: u32::try_from(self.steps.step_s).unwrap_or(u32::MAX),
            at_ms: self.steps.at_ms(),
            since_ms: self.minutes.start * 1_000,
            until_ms: self.minutes.end * 1_000,
            n: column(&Counts::n),
            n_failed: column(&n_failed),
            latency_ms_p50: percentile(0.5),
            latency_ms_p95: percentile(0.95),
            latency_ms_p99: percentile(0.99),
            input_tokens: column(&|counts| counts.input_tokens),
            output_tokens: column(&|counts| counts.output_tokens),
            cost_usd: all.iter().map(|counts| counts.cost_usd).collect(),
            outcomes: outcomes.filter(|series| series.n.iter().any(|n| *n > 0)).collect(),
            buckets: Bucket::ALL.map(|bucket| self.bucket(bucket)).into(),
            lanes: self.lanes.iter().map(|(of, lane)| lane_of(*of, lane)).collect(),
        }
    }

    /// Both tiers together: a percentile of all is none of theirs.
    fn bucket(&self, bucket: Bucket) -> BucketSeries {
        let all = self.each(|(_, of)| of == bucket);
        BucketSeries {
            bucket,
            n: all.iter().map(Counts::n).collect(),
            n_failed: all.iter().map(n_failed).collect(),
            latency_ms_p95: all.iter().map(|counts| counts.latencies.percentile(0.95)).collect(),
        }
    }

    pub(super) fn totals(&self) -> Totals {
        let all = self.sum(|_| true);
        let outcomes = Outcome::ALL
            .into_iter()
            .map(|outcome| OutcomeCount { outcome, n: all.n_ended(outcome) })
            .filter(|count| count.n > 0);
        Totals {
            n_requests: all.n(),
            n_failed: n_failed(&all),
            n_simulated: all.n_simulated,
            outcomes: outcomes.collect(),
            main_share: share(all.n_to_main, all.n_weighed()),
            latency_ms_p50: all.latencies.percentile(0.5),
            latency_ms_p95: all.latencies.percentile(0.95),
            latency_ms_p99: all.latencies.percentile(0.99),
            input_tokens: all.input_tokens,
            output_tokens: all.output_tokens,
            cost_usd: all.cost_usd,
        }
    }
}

/// From the minute in which a time begins to the end of the one in which it ends, in seconds since 1970.
fn minutes(times: &Range<Timestamp>) -> Range<i64> {
    let end = (times.end.as_micros() + 59_999_999).div_euclid(60_000_000) * 60;
    times.start.as_secs().div_euclid(60) * 60..end
}

fn lane_of((tier, bucket): LaneOf, lane: &Column) -> Lane {
    Lane {
        tier,
        bucket,
        n: lane.iter().map(Counts::n).collect(),
        n_failed: lane.iter().map(n_failed).collect(),
        latency_ms_p95: lane.iter().map(|counts| counts.latencies.percentile(0.95)).collect(),
    }
}

/// Requests that failed by no fault of the caller, as the objectives count them.
pub(super) fn n_failed(counts: &Counts) -> u64 {
    let failed = Outcome::ALL.into_iter().filter(|outcome| aios_control::is_failure(*outcome));
    failed.map(|outcome| counts.n_ended(outcome)).sum()
}

pub(super) fn share(part: u64, of: u64) -> Option<f64> {
    (of > 0).then(|| part as f64 / of as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_few_and_begin_where_people_expect_it() {
        let at = |secs: i64| Timestamp::from_micros(secs * 1_000_000);
        let check = |secs: i64, expect: (i64, usize)| {
            let from = 1_800_000_000 + 17;
            let steps = Steps::of(&(at(from)..at(from + secs)));
            assert_eq!((steps.step_s, steps.n), expect);
            assert_eq!(steps.first_s % steps.step_s, 0);
            assert_eq!(steps.place(from), Some(0));
            assert_eq!(steps.place(from + secs), Some(steps.n - 1));
            assert_eq!(steps.place(from - steps.step_s), None);
            assert_eq!(steps.at_ms().len(), steps.n);
        };
        check(0, (60, 1));
        check(3_600, (60, 61));
        check(86_400, (300, 289));
        check(7 * 86_400, (3_600, 169));
        check(30 * 86_400, (3 * 3_600, 241));
        check(365 * 86_400, (86_400, 366));
        // Beyond the lengths that people can read there are still few, and they reach to the end.
        check(40 * 365 * 86_400, (2 * 28 * 86_400, 261));
        check(1_000 * 365 * 86_400, (33 * 28 * 86_400, 396));
    }
}
