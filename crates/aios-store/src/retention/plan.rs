//! What is due: a pure function of what there is, the terms, the holds and the time.

use aios_core::Timestamp;
use aios_privacy::RedactedText;
use serde::{Deserialize, Serialize};

use super::hold::{Hold, HoldId};
use super::policy::Term;
use super::stop::Stop;
use crate::{Age, SegmentId};

/// Largest share of the events that one plan may remove, in percent. Expiry takes a day's worth a day;
/// more than this is the work of a wrong clock or a slip in the configuration.
pub(crate) const REMOVED_MAX_PCT: u64 = 20;

/// A sealed segment, as far as its age matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item {
    /// The segment.
    pub id: SegmentId,
    /// How it is kept now.
    pub age: Age,
    /// Events in it.
    pub n_events: u64,
    /// When its first event happened.
    pub first: Timestamp,
    /// When its last event happened.
    pub last: Timestamp,
}

/// What is to be done with one segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "step", content = "segment")]
pub enum Step {
    /// Its hot time is over.
    Compress(SegmentId),
    /// Its time is over.
    Remove(SegmentId),
}

/// A segment whose time is over, and the hold that keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The segment.
    pub segment: SegmentId,
    /// The hold.
    pub hold: HoldId,
    /// Whose it is.
    pub owner: RedactedText,
}

/// What is due.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// In the order in which it is to be done.
    pub steps: Vec<Step>,
    /// What would go but for a hold.
    pub held: Vec<Held>,
    /// Why not to do it.
    pub stop: Option<Stop>,
}

/// Says what is due at `now`.
#[must_use]
pub fn plan(now: Timestamp, items: &[Item], term: Term, holds: &[Hold]) -> Plan {
    let mut plan = Plan::default();
    for item in items {
        let hold = holds.iter().find(|hold| hold.covers(item.first, item.last, now));
        match (term.is_over(item.last, now), hold) {
            (true, None) => plan.steps.push(Step::Remove(item.id)),
            (true, Some(hold)) => {
                plan.held.push(Held { segment: item.id, hold: hold.id, owner: hold.owner.clone() });
                plan.compress_if_due(item, term, now);
            }
            (false, _) => plan.compress_if_due(item, term, now),
        }
    }
    plan.stop = too_much(items, &plan.steps);
    plan
}

impl Plan {
    fn compress_if_due(&mut self, item: &Item, term: Term, now: Timestamp) {
        if item.age == Age::Hot && term.is_cold(item.last, now) {
            self.steps.push(Step::Compress(item.id));
        }
    }
}

fn too_much(items: &[Item], steps: &[Step]) -> Option<Stop> {
    let is_removed = |item: &&Item| steps.contains(&Step::Remove(item.id));
    let sum = |items: &mut dyn Iterator<Item = &Item>| items.map(|item| item.n_events).sum::<u64>();
    let n_events = sum(&mut items.iter());
    let n_removed = sum(&mut items.iter().filter(is_removed));
    let is_too_much = n_removed.saturating_mul(100) > n_events.saturating_mul(REMOVED_MAX_PCT);
    is_too_much.then_some(Stop::RemovesTooMuch { n_removed, n_events })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::fixture;
    use crate::retention::Policy;

    const NOW: &str = "2027-06-01T00:00:00Z";

    fn days_ago(days: u64) -> Timestamp {
        let now = Timestamp::parse(NOW).unwrap();
        Timestamp::from_micros(now.as_micros() - days as i64 * 86_400_000_000)
    }

    /// A segment of that age in days, kept hot or cold, of `n` events.
    fn item(days: u64, age: Age, n: u64) -> Item {
        let last = days_ago(days);
        let id = SegmentId::of_first(last, crate::fixture::event(days).id());
        Item { id, age, n_events: n, first: last, last }
    }

    fn hold(first: u64, last: u64, expires: u64) -> Hold {
        Hold {
            id: HoldId::new(1),
            owner: fixture::safe("legal"),
            reason: fixture::safe("a case"),
            created_at: days_ago(200),
            expires_at: days_ago(expires).plus(Duration::from_secs(1)),
            since: Some(days_ago(first)),
            until: Some(days_ago(last)),
        }
    }

    /// What happens to each segment: `keep`, `compress`, `remove`, `held`.
    fn check(items: &[Item], holds: &[Hold], expect: &str) -> Plan {
        let plan = plan(days_ago(0), items, Policy::default().events, holds);
        let words = items.iter().map(|item| {
            let is_held = plan.held.iter().any(|held| held.segment == item.id);
            let compresses = plan.steps.contains(&Step::Compress(item.id));
            match (plan.steps.contains(&Step::Remove(item.id)), is_held, compresses) {
                (true, _, _) => "remove",
                (_, true, true) => "held+compress",
                (_, true, false) => "held",
                (_, false, true) => "compress",
                (_, false, false) => "keep",
            }
        });
        assert_eq!(words.collect::<Vec<_>>().join(" "), expect);
        plan
    }

    #[test]
    fn what_is_due_goes_by_the_time_of_events() {
        let items = [
            item(91, Age::Cold, 1),
            item(90, Age::Cold, 9),
            item(15, Age::Hot, 9),
            item(14, Age::Hot, 9),
            item(0, Age::Hot, 9),
        ];
        assert_eq!(check(&items, &[], "remove keep compress keep keep").stop, None);
        // What was never compressed goes too; what is to come stays.
        check(&[item(91, Age::Hot, 1), item(0, Age::Hot, 9)], &[], "remove keep");
        check(&[], &[], "");
    }

    #[test]
    fn a_held_segment_outlives_its_time() {
        let items = [item(100, Age::Cold, 1), item(95, Age::Hot, 1), item(0, Age::Hot, 99)];
        let plan = check(&items, &[hold(100, 95, 0)], "held held+compress keep");
        assert_eq!((plan.held[0].hold, plan.held[0].owner.as_str()), (HoldId::new(1), "legal"));
        check(&items, &[hold(99, 96, 0)], "remove remove keep");
        check(&items, &[hold(100, 95, 1)], "remove remove keep");
        let everything = Hold { since: None, until: None, ..hold(0, 0, 0) };
        check(&items, &[everything], "held held+compress keep");
    }

    #[test]
    fn a_plan_that_removes_a_lot_stops() {
        let stop = |old: u64, new: u64| {
            let items = [item(91, Age::Cold, old), item(0, Age::Hot, new)];
            check(&items, &[], "remove keep").stop
        };
        assert_eq!(stop(20, 80), None);
        assert_eq!(stop(21, 79), Some(Stop::RemovesTooMuch { n_removed: 21, n_events: 100 }));
        assert!(stop(1, 0).unwrap().to_string().starts_with("1 of 1 events"));
    }
}
