//! From when on traffic is asked.
//!
//! Bets hold at every look only if what was betted on stays on the table. So rows are taken from a moment that stays where
//! it is from night to night: when treatment became what it is. A window that slides forgets the beginning of each bet,
//! and shows every night another chance to be lucky.

use std::time::Duration;

use aios_core::{Decision, Timestamp};

use crate::event::ControlEvent;

/// After so long a test is begun anew: rows are not kept for ever, and must all be there until it ends.
const TERM: Duration = Duration::from_secs(60 * 24 * 60 * 60);

/// The moment that a test running at `now` has begun, by what control has kept: the last reset (of an operator, or
/// because something else is on trial), and then every 60 days.
///
/// A step of the boundary is no new beginning: how treatment's boundary moves is part of what treatment is.
pub fn anchor<'a>(kept: impl IntoIterator<Item = &'a ControlEvent>, now: Timestamp) -> Timestamp {
    let resets = kept.into_iter().filter_map(reset).filter(|at| *at <= now);
    let begun = resets.last().unwrap_or(Timestamp::from_micros(0));
    let term = i64::try_from(TERM.as_micros()).unwrap_or(i64::MAX);
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
        let check = |now, expect| assert_eq!(anchor(&kept, day(now)), day(expect), "{now}");
        // From night to night the same.
        (10..65).for_each(|now| check(now, 5));
        check(65, 65);
        check(124, 65);
        check(125, 125);
        // What has not happened yet is no beginning.
        check(4, 1);
        let (tonight, tomorrow) = (anchor([], day(3)), anchor([], day(4)));
        assert!(tonight == tomorrow && day(3).since(tonight) < TERM);
    }
}
