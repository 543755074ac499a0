//! Minutes of the budget's month, kept up with the log.
//!
//! An event is written when its request ends and belongs to the minute in which it began, and a word on
//! an answer may come days after it. So the last ten minutes are counted anew each time, and so is the
//! minute of every answer of which something new was said. Once in an hour all is counted anew, which
//! takes in what was erased.

use std::collections::BTreeSet;
use std::time::Duration;

use aios_control::slo::burn::BUDGET_PERIOD;
use aios_control::slo::{Limits, Tallies};
use aios_core::Timestamp;
use aios_store::{Index, StoreError};

use super::rows::each_row;

/// How long after its beginning a request's event may come.
const LATE_MAX: Duration = Duration::from_secs(10 * 60);

/// How often everything is counted anew.
const RECOUNT_EVERY: Duration = Duration::from_secs(60 * 60);

const MINUTE: Duration = Duration::from_secs(60);

/// Counts of a month, by the minute.
#[derive(Debug)]
pub struct Minutes {
    tallies: Tallies,
    counted: Option<Counted>,
}

/// What the counts hold.
#[derive(Debug, Clone, Copy)]
struct Counted {
    /// When everything was last counted.
    all_at: Timestamp,
    /// When something was last counted.
    at: Timestamp,
    /// The youngest event.
    last: Option<Timestamp>,
}

impl Minutes {
    /// Nothing is counted yet.
    #[must_use]
    pub const fn new(limits: Limits) -> Self {
        Self { tallies: Tallies::new(limits), counted: None }
    }

    /// Takes in what has come since the last time.
    ///
    /// # Errors
    /// When the index cannot be read. Counting begins anew the next time.
    pub fn bring_up(&mut self, index: &Index, now: Timestamp) -> Result<(), StoreError> {
        let counted = self.counted.take();
        let recent = counted
            .filter(|counted| now >= counted.at && now.since(counted.all_at) < RECOUNT_EVERY);
        let from = now.minus(BUDGET_PERIOD);
        self.tallies.forget_before(from);
        let last = match recent.and_then(|counted| Some((counted, counted.last?))) {
            None => self.count_from(index, from, now)?,
            Some((counted, last)) => {
                let again_from = minute_start(last.minus(LATE_MAX));
                self.count_spoken_of(index, counted.at.minus(LATE_MAX), from..again_from)?;
                self.count_from(index, again_from, now)?.max(Some(last))
            }
        };
        let all_at = recent.map_or(now, |counted| counted.all_at);
        self.counted = Some(Counted { all_at, at: now, last });
        Ok(())
    }

    /// The counts.
    #[must_use]
    pub const fn tallies(&self) -> &Tallies {
        &self.tallies
    }

    /// When the youngest request came that was counted.
    #[must_use]
    pub fn last_event(&self) -> Option<Timestamp> {
        self.counted?.last
    }

    fn count_from(
        &mut self,
        index: &Index,
        from: Timestamp,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        self.tallies.forget_from(from);
        let mut last = None;
        // What comes from a clock that was ahead is of no minute yet.
        each_row(index, from..now.plus(MINUTE), |row| {
            self.tallies.add(&row);
            last = Some(row.ts);
        })?;
        Ok(last)
    }

    /// Counts the minutes of answers anew of which something was said since.
    fn count_spoken_of(
        &mut self,
        index: &Index,
        since: Timestamp,
        within: std::ops::Range<Timestamp>,
    ) -> Result<(), StoreError> {
        let answers = index.spoken_of(since)?.into_iter();
        let minutes: BTreeSet<_> =
            answers.filter(|at| within.contains(at)).map(minute_start).collect();
        for minute in minutes {
            self.tallies.forget_minute(minute);
            each_row(index, minute..minute.plus(MINUTE), |row| self.tallies.add(&row))?;
        }
        Ok(())
    }
}

fn minute_start(at: Timestamp) -> Timestamp {
    const MICROS: i64 = 60_000_000;
    Timestamp::from_micros(at.as_micros().div_euclid(MICROS) * MICROS)
}

#[cfg(test)]
mod tests;
