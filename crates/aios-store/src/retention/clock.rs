//! Whether the clock can be believed before anything is removed by it.
//!
//! A clock that stands far from where it was at the last run has jumped, or the machine was off: from
//! inside these look the same. So nothing is done, and if a later run finds that the clock has since
//! gone on as clocks do, it is believed.

use std::time::Duration;

use aios_core::Timestamp;
use serde::{Deserialize, Serialize};

use super::stop::Stop;

/// Longest step that is taken for the passing of time.
const JUMP_MIN: Duration = Duration::from_secs(86_400);

/// How long a clock must have gone on after a jump to be believed.
const PROBATION: Duration = Duration::from_secs(3600);

/// What the clock showed before; kept from run to run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ClockMemory {
    /// At the last run at which it was believed.
    pub(crate) seen_at: Option<Timestamp>,
    /// At the first run at which it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) doubted_at: Option<Timestamp>,
}

impl ClockMemory {
    /// What to remember after a run at `now`, and whether to stop. `newest` is when the newest event
    /// happened.
    pub(crate) fn look(self, now: Timestamp, newest: Option<Timestamp>) -> (Self, Option<Stop>) {
        let believed = (Self { seen_at: Some(now), doubted_at: None }, None);
        // Where nothing was seen yet, events may only show that the clock has gone back.
        let newest = newest.filter(|newest| *newest > now);
        let Some(before) = self.seen_at.or(newest) else { return believed };
        if distance(before, now) <= JUMP_MIN || self.has_gone_on(now) {
            return believed;
        }
        let is_new_doubt = self.doubted_at.is_none_or(|at| distance(at, now) > JUMP_MIN);
        let doubted_at = if is_new_doubt { Some(now) } else { self.doubted_at };
        (Self { doubted_at, ..self }, Some(Stop::ClockJumped { before, now }))
    }

    fn has_gone_on(self, now: Timestamp) -> bool {
        self.doubted_at.is_some_and(|at| (PROBATION..=JUMP_MIN).contains(&now.since(at)))
    }
}

fn distance(a: Timestamp, b: Timestamp) -> Duration {
    a.since(b).max(b.since(a))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs at these hours; `.` where the clock is believed, `!` where it is not.
    fn check(hours: &[i64], newest: Option<i64>, expect: &str) {
        let at = |hour: i64| Timestamp::from_micros(hour * 3_600_000_000);
        let mut memory = ClockMemory::default();
        let mut seen = String::new();
        for hour in hours {
            let (next, stop) = memory.look(at(*hour), newest.map(at));
            memory = next;
            seen.push(if stop.is_some() { '!' } else { '.' });
        }
        assert_eq!(seen, expect, "{hours:?}");
    }

    #[test]
    fn a_clock_that_goes_on_is_believed() {
        check(&[0, 1, 24, 48, 47, 30], None, "......");
        check(&[1000], Some(0), ".");
    }

    #[test]
    fn a_jump_stops_until_the_clock_has_gone_on_since() {
        check(&[0, 25], None, ".!");
        check(&[100, 75], None, ".!");
        check(&[1000], Some(1025), "!");
        // Asking again at once does not make it true.
        check(&[0, 5000, 5000, 5001, 5002], None, ".!!..");
        // A jump there and back.
        check(&[0, 5000, 1, 2], None, ".!..");
        check(&[0, 5000, 9000, 9000, 9001], None, ".!!!.");
    }
}
