//! What may still be spent on the judge today. It is counted from the log, so that a restart gives nothing back.

use aios_core::{Event, EventType, FeedbackSource, Timestamp};
use aios_store::{DataDir, Filter, StoreError, query};

use super::JudgeSettings;

const MICROS_PER_DAY: i64 = 86_400_000_000;

/// What was spent on one day (UTC).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Budget {
    day: i64,
    n: u64,
    tokens: u64,
}

impl Budget {
    /// What the log says of today.
    pub(super) fn of_today(dir: &DataDir, now: Timestamp) -> Result<Self, StoreError> {
        let day = day_of(now);
        let filter = Filter {
            event_type: Some(EventType::Feedback),
            since: Some(Timestamp::from_micros(day * MICROS_PER_DAY)),
            ..Filter::default()
        };
        let mut budget = Self { day, n: 0, tokens: 0 };
        for line in query(dir, &filter)?.flatten() {
            if let Event::Feedback(event) = line.event
                && event.source == FeedbackSource::Judge
            {
                budget.spend(event.tokens.unwrap_or(0));
            }
        }
        Ok(budget)
    }

    /// Whether one more may be judged that needs so many tokens.
    pub(super) fn has_room(
        &mut self,
        now: Timestamp,
        tokens: u64,
        settings: &JudgeSettings,
    ) -> bool {
        if day_of(now) > self.day {
            *self = Self { day: day_of(now), n: 0, tokens: 0 };
        }
        self.n < settings.per_day_max
            && self.tokens.saturating_add(tokens) <= settings.tokens_per_day_max
    }

    pub(super) const fn spend(&mut self, tokens: u64) {
        self.n += 1;
        self.tokens = self.tokens.saturating_add(tokens);
    }
}

const fn day_of(at: Timestamp) -> i64 {
    at.as_micros().div_euclid(MICROS_PER_DAY)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use aios_core::Tier;

    use super::*;

    #[test]
    fn a_day_has_an_end() {
        let settings = JudgeSettings {
            tier: Tier::Main,
            share: 1.0,
            per_day_max: 3,
            tokens_per_day_max: 1_000,
            timeout: Duration::from_secs(1),
            rubric: String::new(),
        };
        let at = |hours: i64| Timestamp::from_micros(hours * 3_600_000_000);
        let mut budget = Budget { day: 0, n: 0, tokens: 0 };
        assert!(budget.has_room(at(1), 1_000, &settings));
        assert!(!budget.has_room(at(1), 1_001, &settings));
        budget.spend(600);
        assert!(!budget.has_room(at(2), 401, &settings) && budget.has_room(at(2), 400, &settings));
        budget.spend(0);
        budget.spend(0);
        assert!(!budget.has_room(at(23), 1, &settings));
        assert!(budget.has_room(at(24), 1_000, &settings));
        // A clock that goes back does not begin a day anew.
        budget.spend(1_000);
        assert!(!budget.has_room(at(1), 1, &settings));
    }
}
