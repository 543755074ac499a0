//! From when on traffic is asked.
//!
//! Bets hold at every look only if what was betted on stays on the table. So rows are taken from a moment that stays where
//! it is from night to night: when treatment became what it is. A window that slides forgets the beginning of each bet,
//! and shows every night another chance to be lucky.

use std::time::Duration;

use aios_core::{Decision, Timestamp};

use crate::event::ControlEvent;

/// After so long a test is begun anew, if rows are kept for so long: they must all be there until it ends.
const TERM: Duration = Duration::from_secs(60 * DAY);

const DAY: u64 = 24 * 60 * 60;

/// The moment that a test running at `now` has begun, by what control has kept: the last reset (of an operator, or
/// because something else is on trial), and then every 60 days, or more often where events are `kept_for` less: what
/// retention has removed is no evidence any more, and a test that goes on without it has forgotten its losses.
///
/// A step of the boundary is no new beginning: how treatment's boundary moves is part of what treatment is.
pub fn anchor<'a>(
    kept: impl IntoIterator<Item = &'a ControlEvent>,
    now: Timestamp,
    kept_for: Duration,
) -> Timestamp {
    let resets = kept.into_iter().filter_map(reset).filter(|at| *at <= now);
    let begun = resets.last().unwrap_or(Timestamp::from_micros(0));
    let term = TERM.min(kept_for).max(Duration::from_secs(DAY));
    let term = i64::try_from(term.as_micros()).unwrap_or(i64::MAX);
    let n_terms = (now.as_micros() - begun.as_micros()).div_euclid(term);
    Timestamp::from_micros(begun.as_micros() + n_terms.max(0) * term)
}

fn reset(event: &ControlEvent) -> Option<Timestamp> {
    match event {
        ControlEvent::Decision(event) => match event.decision {
            Decision::Reset { .. } => Some(event.ts),
            Decision::Advance { .. }
            | Decision::RollBack { .. }
            | Decision::Hold
            | Decision::Resume
            | Decision::MoveBoundary { .. } => None,
        },
        ControlEvent::Verdict(_) | ControlEvent::Standing(_) | ControlEvent::Hand(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use aios_core::{Actor, Percent};
    use aios_privacy::RedactedText;

    use super::*;
    use crate::event::DecisionEvent;

    /// How long events are kept by default.
    const KEPT: Duration = Duration::from_secs(90 * DAY);

    fn day(n: u64) -> Timestamp {
        Timestamp::from_micros(1_800_000_000_000_000).plus(Duration::from_secs(n * 86_400))
    }

    fn decided(at: Timestamp, decision: Decision) -> ControlEvent {
        let (actor, reason) = (Actor::Operator, RedactedText::default());
        ControlEvent::Decision(DecisionEvent { ts: at, decision, actor, reason })
    }

    #[test]
    fn a_test_begins_with_what_it_is_about_and_stays_there() {
        let pct = |value| Percent::new(value).unwrap();
        let kept = [
            decided(day(1), Decision::Reset { to: pct(10.0) }),
            decided(day(5), Decision::Reset { to: pct(10.0) }),
            decided(day(9), Decision::Advance { from: pct(10.0), to: pct(25.0) }),
        ];
        let check = |now, expect| assert_eq!(anchor(&kept, day(now), KEPT), day(expect), "{now}");
        // From night to night the same.
        (10..65).for_each(|now| check(now, 5));
        check(65, 65);
        check(124, 65);
        check(125, 125);
        // What has not happened yet is no beginning.
        check(4, 1);
        let (tonight, tomorrow) = (anchor([], day(3), KEPT), anchor([], day(4), KEPT));
        assert!(tonight == tomorrow && day(3).since(tonight) < TERM);
    }

    #[test]
    fn a_test_is_no_longer_than_what_it_rests_on_is_kept() {
        let kept = [decided(day(5), Decision::Reset { to: Percent::new(10.0).unwrap() })];
        for (kept_for, terms) in [(90, 60), (60, 60), (30, 30), (7, 7), (0, 1)] {
            let kept_for = Duration::from_secs(kept_for * DAY);
            for now in 5..300 {
                let anchor = anchor(&kept, day(now), kept_for);
                assert_eq!(anchor, day(5 + (now - 5) / terms * terms), "{now} of {kept_for:?}");
                let is_there = day(now).since(anchor) < kept_for.max(Duration::from_secs(DAY));
                assert!(is_there, "day {now}: what {kept_for:?} keeps does not reach back so far");
            }
        }
    }
}
