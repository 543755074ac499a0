//! Good and bad events by the minute, for the objectives that are shares of events.
//!
//! Kept instead of rows, because a budget is that of a month: a month has 43,200 minutes, however much
//! happens in each. Late events are taken in by forgetting their minutes and counting them anew.

use std::collections::BTreeMap;

use aios_core::Timestamp;

use super::burn::{Minute, minute_of};
use crate::row::Row;

/// What a share is counted of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Share {
    /// Requests that were served, those that failed being bad.
    Answered,
    /// Answers, slow ones being bad.
    InTime,
    /// Answers of which somebody said how good they were.
    GoodEnough,
}

impl Share {
    /// Every share.
    pub const ALL: [Self; 3] = [Self::Answered, Self::InTime, Self::GoodEnough];

    /// The indicator that it belongs to.
    #[must_use]
    pub const fn sli(self) -> &'static str {
        match self {
            Self::Answered => "error_rate",
            Self::InTime => "latency_ms_p95",
            Self::GoodEnough => "pass_rate",
        }
    }

    /// The share of an indicator, if it has one.
    #[must_use]
    pub fn of_sli(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|share| share.sli() == name)
    }

    /// Whether a request was a bad one; none if it does not count.
    #[must_use]
    pub fn is_bad(self, row: &Row, limits: Limits) -> Option<bool> {
        let failed = row.failed()?;
        match self {
            Self::Answered => Some(failed),
            Self::InTime => (!failed).then_some(row.latency_ms > limits.slow_ms),
            Self::GoodEnough => row.quality.map(|quality| failed || quality < limits.quality_min),
        }
    }
}

/// From where on an event is bad.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// An answer that takes longer is slow, in milliseconds.
    pub slow_ms: f64,
    /// An answer of less quality is not good enough.
    pub quality_min: f64,
}

/// Events that count, and the bad ones among them.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    n: u64,
    n_bad: u64,
}

/// Counts by minute.
#[derive(Debug, Clone)]
pub struct Tallies {
    limits: Limits,
    by_minute: BTreeMap<i64, [Counts; Share::ALL.len()]>,
}

impl Tallies {
    /// Nothing is counted yet.
    #[must_use]
    pub const fn new(limits: Limits) -> Self {
        Self { limits, by_minute: BTreeMap::new() }
    }

    /// Counts a request.
    pub fn add(&mut self, row: &Row) {
        let counts = self.by_minute.entry(minute_of(row.ts)).or_default();
        for (share, counts) in Share::ALL.into_iter().zip(counts) {
            if let Some(is_bad) = share.is_bad(row, self.limits) {
                counts.n += 1;
                counts.n_bad += u64::from(is_bad);
            }
        }
    }

    /// Forgets the minute of this time, which is then to be counted anew.
    pub fn forget_minute(&mut self, at: Timestamp) {
        self.by_minute.remove(&minute_of(at));
    }

    /// Forgets all minutes from this time's on, which are then to be counted anew.
    pub fn forget_from(&mut self, at: Timestamp) {
        self.by_minute.split_off(&minute_of(at));
    }

    /// Forgets the minutes before this time's.
    pub fn forget_before(&mut self, at: Timestamp) {
        self.by_minute = self.by_minute.split_off(&minute_of(at));
    }

    /// The minutes in which events of a share were counted.
    #[must_use]
    pub fn minutes(&self, share: Share) -> Vec<Minute> {
        let counted = self.by_minute.iter().map(|(minute, counts)| {
            let Counts { n, n_bad } = counts[share as usize];
            Minute { minute: *minute, n, n_bad }
        });
        counted.filter(|minute| minute.n > 0).collect()
    }
}

#[cfg(test)]
mod tests {
    use aios_core::Outcome;

    use super::*;
    use crate::row::tests::row;

    const LIMITS: Limits = Limits { slow_ms: 20_000.0, quality_min: 0.5 };

    /// Each share's minutes as `minute:bad/all`.
    fn shown(tallies: &Tallies) -> String {
        let of = |share| {
            let minutes = tallies.minutes(share).into_iter();
            let each: Vec<_> =
                minutes.map(|at| format!("{}:{}/{}", at.minute, at.n_bad, at.n)).collect();
            each.join(" ")
        };
        Share::ALL.map(of).join(" | ")
    }

    #[test]
    fn each_share_counts_what_is_its_own() {
        let mut tallies = Tallies::new(LIMITS);
        for row in [
            row(0),
            Row { outcome: Outcome::Timeout, ..row(1) },
            Row { outcome: Outcome::ClientCancelled, ..row(2) },
            Row { latency_ms: 20_001.0, quality: Some(1.0), ..row(61) },
            Row { quality: Some(0.4), ..row(62) },
            Row { outcome: Outcome::StreamCut, quality: Some(1.0), ..row(63) },
        ] {
            tallies.add(&row);
        }
        assert_eq!(shown(&tallies), "0:1/2 1:1/3 | 0:0/1 1:1/2 | 1:2/3");
    }

    #[test]
    fn a_minute_that_was_forgotten_is_counted_anew() {
        let mut tallies = Tallies::new(LIMITS);
        (0..240).step_by(60).for_each(|second| tallies.add(&row(second)));
        tallies.forget_minute(row(70).ts);
        tallies.add(&Row { latency_ms: 1e9, ..row(61) });
        assert_eq!(shown(&tallies), "0:0/1 1:0/1 2:0/1 3:0/1 | 0:0/1 1:1/1 2:0/1 3:0/1 | ");
        tallies.forget_before(row(60).ts);
        tallies.forget_from(row(120).ts);
        assert_eq!(shown(&tallies), "1:0/1 | 1:1/1 | ");
    }
}
