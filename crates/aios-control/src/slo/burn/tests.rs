use aios_core::Outcome;

use super::*;
use crate::row::tests::row;

const DAY_MINUTES: i64 = 24 * 60;

/// So many requests a minute, of which those in `bad` fail altogether.
fn traffic(until: i64, n: u64, bad: std::ops::Range<i64>) -> Vec<Minute> {
    let n_bad = |minute| if bad.contains(&minute) { n } else { 0 };
    (0..until).map(|minute| Minute { minute, n, n_bad: n_bad(minute) }).collect()
}

/// At the end of this minute.
fn at(minute: i64) -> Timestamp {
    Timestamp::from_micros((minute + 1) * 60_000_000 - 1)
}

/// Minutes from the beginning of an outage until it pages.
fn minutes_to_page(n: u64, objective: f64) -> i64 {
    let minutes = traffic(2 * DAY_MINUTES, n, DAY_MINUTES..2 * DAY_MINUTES);
    let pages = |minute: &i64| burn(&minutes, objective, at(*minute)).alert == Alert::Page;
    (0..2 * DAY_MINUTES).find(pages).unwrap() - DAY_MINUTES + 1
}

#[test]
fn a_total_outage_pages_within_five_minutes() {
    for objective in [0.95, 0.99, 0.999] {
        for n in [1, 10, 1_000] {
            let took = minutes_to_page(n, objective);
            assert!((1..=5).contains(&took), "{objective} {n}: {took}");
        }
    }
}

/// Wherever it stands, at any of the objectives.
#[test]
fn one_bad_event_in_thirty_never_pages() {
    for objective in [0.9, 0.95, 0.99, 0.999] {
        for n in 1..=30 {
            for place in 0..n {
                let event = |minute| Minute { minute, n: 1, n_bad: u64::from(minute == place) };
                let minutes: Vec<_> = (0..n).map(event).collect();
                for minute in 0..DAY_MINUTES / 4 {
                    let alert = burn(&minutes, objective, at(minute)).alert;
                    assert!(matches!(alert, Alert::None | Alert::Insufficient), "{alert:?}");
                }
            }
        }
    }
}

/// 7.5 % are bad where 5 % may be, which among forty is chance.
#[test]
fn what_is_not_proven_concerns_nobody() {
    let few = |minute| Minute { minute, n: 1, n_bad: u64::from(minute < 3) };
    let alert = |n| burn(&(0..n).map(few).collect::<Vec<_>>(), 0.95, at(n - 1)).alert;
    assert_eq!(alert(40), Alert::None);
    let many = |minute| Minute { minute, n: 100, n_bad: 8 };
    let minutes: Vec<_> = (0..40).map(many).collect();
    assert_eq!(burn(&minutes, 0.95, at(39)).alert, Alert::Ticket);
}

#[test]
fn what_is_over_pages_no_longer() {
    let minutes = traffic(2 * DAY_MINUTES, 10, DAY_MINUTES..DAY_MINUTES + 20);
    let alert = |minute| burn(&minutes, 0.99, at(DAY_MINUTES + minute)).alert;
    assert_eq!(alert(19), Alert::Page);
    assert_ne!(alert(60), Alert::Page);
}

#[test]
fn a_slow_leak_is_a_ticket() {
    let leak = |minute| Minute { minute, n: 100, n_bad: 4 };
    let minutes: Vec<_> = (0..3 * DAY_MINUTES).map(leak).collect();
    let burn = burn(&minutes, 0.99, at(3 * DAY_MINUTES - 1));
    assert_eq!(burn.alert, Alert::Ticket);
    assert!((burn.rate - 4.0).abs() < 1e-9, "{burn:?}");
}

#[test]
fn the_budget_is_that_of_the_events() {
    let whole = burn(&traffic(100, 10, 0..0), 0.99, at(99));
    assert_eq!((whole.alert, whole.budget_left_pct), (Alert::None, 100.0));
    assert_eq!(whole.exhausted_in_hours, None);
    let half = |minute| Minute { minute, n: 200, n_bad: 1 };
    let half = burn(&(0..100).map(half).collect::<Vec<_>>(), 0.99, at(99));
    assert!((half.budget_left_pct - 50.0).abs() < 1e-6, "{half:?}");
    assert!((half.exhausted_in_hours.unwrap() - 720.0).abs() < 1e-6, "{half:?}");
}

#[test]
fn few_events_are_not_good_news() {
    assert_eq!(burn(&[], 0.99, at(0)).alert, Alert::Insufficient);
    assert_eq!(burn(&traffic(29, 1, 0..0), 0.99, at(28)).alert, Alert::Insufficient);
    assert_eq!(burn(&traffic(30, 1, 0..0), 0.99, at(29)).alert, Alert::None);
}

#[test]
fn silence_is_measured_by_the_budget() {
    // At 99 % a hundredth of the month's budget is 4.3 minutes of outage.
    assert!(!is_silent_too_long(at(0), 0.99, at(4)));
    assert!(is_silent_too_long(at(0), 0.99, at(5)));
    assert!(!is_silent_too_long(at(0), 0.95, at(20)));
}

#[test]
fn rows_are_counted_by_minute() {
    let failed = Row { outcome: Outcome::Timeout, ..row(61) };
    let cancelled = Row { outcome: Outcome::ClientCancelled, ..row(62) };
    let counted = minutes(&[failed, row(5), row(119), cancelled], Row::failed);
    let expect = [Minute { minute: 0, n: 1, n_bad: 0 }, Minute { minute: 1, n: 2, n_bad: 1 }];
    assert_eq!(counted, expect);
}
