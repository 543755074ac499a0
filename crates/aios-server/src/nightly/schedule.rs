//! When the night's work is due.

use aios_core::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

/// A time of day somewhere.
#[derive(Debug, Clone)]
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
    fn the_clocks_change_once_a_year_each_way() {
        // 02:00 is skipped on 28 March 2027 and there twice on 31 October 2027.
        check(None, "2027-03-27T12:00:00Z", "2027-03-28T01:00:00Z");
        check(None, "2027-10-30T12:00:00Z", "2027-10-31T00:00:00Z");
        check(Some("2027-10-31T00:00:00Z"), "2027-10-31T00:00:01Z", "2027-11-01T01:00:00Z");
    }
}
