//! Text that ought to be scanned on its way to a sink could not be, whether it went on or not.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use aios_core::Timestamp;

use super::{Ground, Trouble, ticket};
use crate::sink_metrics::Missed;

/// So long ago at most something of it came.
const WITHIN: Duration = Duration::from_secs(60 * 60);

/// What was counted at each look of the last hour, and at the last one before.
#[derive(Debug)]
pub(in crate::alerts) struct Misses(VecDeque<(Timestamp, BTreeMap<Missed, u64>)>);

impl Misses {
    /// Nothing is counted yet.
    pub(in crate::alerts) fn since(at: Timestamp) -> Self {
        Self(VecDeque::from([(at, BTreeMap::new())]))
    }

    /// Bytes of the last hour, of all that were ever counted.
    pub(in crate::alerts) fn look(
        &mut self,
        totals: BTreeMap<Missed, u64>,
        now: Timestamp,
    ) -> BTreeMap<Missed, u64> {
        while self.0.get(1).is_some_and(|(at, _)| now.since(*at) >= WITHIN) {
            self.0.pop_front();
        }
        let before = self.0.front().map(|(_, totals)| totals);
        let new = totals.iter().map(|(what, n)| {
            let before = before.and_then(|before| before.get(what)).copied();
            (*what, n - before.unwrap_or(0))
        });
        let new = new.filter(|(_, n)| *n > 0).collect();
        self.0.push_back((now, totals));
        new
    }
}

pub(super) fn trouble(ground: &Ground<'_>) -> Option<Trouble> {
    let told = ground.missed.iter().map(|((sink, why), n)| format!("{n} bytes to {sink} ({why})"));
    let told: Vec<_> = told.collect();
    let detail = || {
        format!("in the last hour text could not be scanned for personal data: {}", told.join(", "))
    };
    (!told.is_empty()).then(|| ticket("privacy_unscanned", detail()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_an_hours() {
        let at = |minute: i64| Timestamp::from_micros((1_800_000_000 + minute * 60) * 1_000_000);
        let upstream = ("upstream", "too_large");
        let total = |n| BTreeMap::from([(upstream, n)]);
        let mut misses = Misses::since(at(0));
        let mut check = |minute, n, expect| {
            let new = misses.look(total(n), at(minute));
            assert_eq!(new.get(&upstream).copied().unwrap_or(0), expect, "minute {minute}");
        };
        check(1, 0, 0);
        check(2, 7, 7);
        check(30, 9, 9);
        check(61, 9, 9);
        check(62, 9, 2);
        check(89, 9, 2);
        check(90, 9, 0);
        check(200, 10, 1);
    }
}
