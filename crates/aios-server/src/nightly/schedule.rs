//! When the night's work is due.

use aios_core::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

/// A time of day somewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NightlyAt {
    time: Time,
    zone: TimeZone,
}

impl NightlyAt {
    /// `hour` and `minute` in a time zone.
    ///
    /// # Errors
    /// When there is no such time of day.
    pub fn new(hour: i8, minute: i8, zone: TimeZone) -> Result<Self, jiff::Error> {
        Ok(Self { time: Time::new(hour, minute, 0, 0)?, zone })
    }

    /// When work is due that was last begun, or could first have been of use, at `last`: the first such time of day
    /// after it. Without a last time, the first after `now`. What was missed while the machine was off is therefore due at
    /// once, and once however many nights it was.
    #[must_use]
    pub fn due(&self, last: Option<Timestamp>, now: Timestamp) -> Timestamp {
        // A last time in the future is a clock that was wrong; it must not hold up the work for ever.
        let after = last.filter(|last| *last <= now).unwrap_or(now);
        self.first_after(after).unwrap_or(after)
    }

    /// Where a day has no such time, because clocks go forward, it is as much later as they do; where it
    /// has two, it is the first.
    fn first_after(&self, after: Timestamp) -> Option<Timestamp> {
        let mut day = self.day_of(after)?;
        for _ in 0..=2 {
            let at = self.zone.to_timestamp(day.to_datetime(self.time)).ok()?;
            let at = Timestamp::from_micros(at.as_microsecond());
            if at > after {
                return Some(at);
            }
            day = day.tomorrow().ok()?;
        }
        None
    }

    fn day_of(&self, at: Timestamp) -> Option<Date> {
        let at = jiff::Timestamp::from_microsecond(at.as_micros()).ok()?;
        Some(self.zone.to_datetime(at).date())
    }
}

/// When the next night is due, by the time of day that is in force.
#[derive(Debug)]
pub(super) struct Due {
    at: Option<NightlyAt>,
    /// When the last night began, could first have been of use, or was given another time of day.
    since: Timestamp,
}

impl Due {
    /// `last` is as for [`NightlyAt::due`].
    pub(super) fn new(at: Option<NightlyAt>, last: Option<Timestamp>, now: Timestamp) -> Self {
        Self { at, since: last.filter(|last| *last <= now).unwrap_or(now) }
    }

    /// Whether a night is due. One that is given another time of day has missed none; whoever is switched on makes up for
    /// what was missed, as at a start.
    pub(super) fn is_due(
        &mut self,
        at: Option<&NightlyAt>,
        last: impl FnOnce() -> Option<Timestamp>,
        now: Timestamp,
    ) -> bool {
        if self.at.as_ref() != at {
            let last = if self.at.is_none() { last() } else { None };
            *self = Self::new(at.cloned(), last, now);
        }
        self.since = self.since.min(now);
        at.is_some_and(|at| at.due(Some(self.since), now) <= now)
    }

    /// A night has begun.
    pub(super) fn begun(&mut self, now: Timestamp) {
        self.since = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    /// Berlin's rule, which needs no database of zones.
    fn berlin() -> NightlyAt {
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        NightlyAt::new(2, 0, zone).unwrap()
    }

    fn check(last: Option<&str>, now: &str, expect: &str) {
        assert_eq!(berlin().due(last.map(at), at(now)), at(expect), "last {last:?}, now {now}");
    }

    #[test]
    fn work_is_due_at_the_next_night() {
        check(None, "2026-11-27T12:00:00Z", "2026-11-28T01:00:00Z");
        check(None, "2026-11-28T00:59:59Z", "2026-11-28T01:00:00Z");
        check(Some("2026-11-28T01:00:00Z"), "2026-11-28T01:00:05Z", "2026-11-29T01:00:00Z");
    }

    #[test]
    fn missed_nights_are_due_at_once_and_once() {
        check(Some("2026-11-20T01:00:00Z"), "2026-11-27T12:00:00Z", "2026-11-21T01:00:00Z");
        check(Some("2026-11-27T12:00:00Z"), "2026-11-27T12:00:01Z", "2026-11-28T01:00:00Z");
    }

    #[test]
    fn a_clock_that_was_wrong_holds_up_nothing() {
        check(Some("2036-01-01T00:00:00Z"), "2026-11-27T12:00:00Z", "2026-11-28T01:00:00Z");
    }

    #[test]
    fn a_night_goes_by_the_time_of_day_that_is_in_force() {
        let utc = |hour| NightlyAt::new(hour, 0, TimeZone::UTC).unwrap();
        let last = Some(at("2026-11-20T02:00:00Z"));
        let mut due = Due::new(Some(utc(2)), last, at("2026-11-20T12:00:00Z"));
        let mut check = |hour: Option<i8>, now: &str, expect: bool| {
            let at_hour = hour.map(utc);
            assert_eq!(due.is_due(at_hour.as_ref(), || last, at(now)), expect, "{now}");
            if expect {
                due.begun(at(now));
            }
        };
        check(Some(2), "2026-11-20T12:00:00Z", false);
        // Ten o'clock was two hours ago, and is not made up for.
        check(Some(10), "2026-11-20T12:00:00Z", false);
        check(Some(10), "2026-11-21T02:00:00Z", false);
        check(Some(10), "2026-11-21T10:00:00Z", true);
        check(Some(10), "2026-11-21T10:01:00Z", false);
        // A clock that was set back by years holds up nothing.
        check(Some(10), "2020-11-21T11:00:00Z", false);
        check(Some(10), "2020-11-22T10:00:00Z", true);
        check(None, "2026-11-25T12:00:00Z", false);
        check(None, "2026-11-27T12:00:00Z", false);
        check(Some(10), "2026-11-27T12:00:00Z", true);
        check(Some(10), "2026-11-27T12:01:00Z", false);
    }

    #[test]
    fn the_clocks_change_once_a_year_each_way() {
        // 02:00 is skipped on 28 March 2027 and there twice on 31 October 2027.
        check(None, "2027-03-27T12:00:00Z", "2027-03-28T01:00:00Z");
        check(None, "2027-10-30T12:00:00Z", "2027-10-31T00:00:00Z");
        check(Some("2027-10-31T00:00:00Z"), "2027-10-31T00:00:01Z", "2027-11-01T01:00:00Z");
    }
}
