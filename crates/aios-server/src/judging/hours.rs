//! How each objective was kept, hour by hour.

use std::collections::BTreeMap;

use aios_control::slo::share_above;
use aios_core::Timestamp;
use serde::Serialize;

use super::{Minutes, Objectives};

/// Fewest bad events that break an hour.
const BAD_MIN: u64 = 3;

const MICROS_PER_HOUR: i64 = 3_600_000_000;

/// The hours of one objective in which something was counted.
#[derive(Debug, Clone, Serialize)]
pub struct Hours {
    /// The indicator.
    pub slo: &'static str,
    /// Oldest first.
    pub hours: Vec<Hour>,
}

/// One hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Hour {
    /// When it began.
    pub from: Timestamp,
    /// Events.
    pub n: u64,
    /// Bad ones among them.
    pub n_bad: u64,
    /// It is proven that the objective was not kept.
    pub is_broken: bool,
}

/// Every objective that is a share of events, since a time.
#[must_use]
pub fn hours(minutes: &Minutes, objectives: &Objectives, since: Timestamp) -> Vec<Hours> {
    let first = since.as_secs().div_euclid(3_600);
    let of_one = |(slo, share): (&aios_control::slo::Slo, _)| {
        let mut counted = BTreeMap::<i64, (u64, u64)>::new();
        for at in minutes.tallies().minutes(share) {
            let hour = counted.entry(at.minute.div_euclid(60)).or_default();
            *hour = (hour.0 + at.n, hour.1 + at.n_bad);
        }
        let hours = counted.range(first..).map(|(hour, (n, n_bad))| Hour {
            from: Timestamp::from_micros(hour * MICROS_PER_HOUR),
            n: *n,
            n_bad: *n_bad,
            is_broken: *n_bad >= BAD_MIN && share_above(*n_bad, *n, slo.bad_share_max()),
        });
        Hours { slo: slo.sli.name(), hours: hours.collect() }
    };
    objectives.budgeted().map(of_one).collect()
}
