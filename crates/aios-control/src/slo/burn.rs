//! How fast the error budget burns, and whom that concerns.
//!
//! The budget is what the objective leaves: at 99 %, one event in a hundred over 30 days. The burn rate
//! is how many times faster than evenly it is spent. The pairs of windows are those of Google's *Site
//! Reliability Workbook* (chapter 5, "Alerting on SLOs"): the long one says that it matters, the short
//! one that it is still going on. Two things are added to them:
//!
//! - Few events prove little. A pair counts only with three bad events and where their share is proven
//!   to be too large, so that one error among thirty wakes nobody.
//! - A total outage at 99 % takes the fastest pair nine minutes, and at 95 % most of an hour. So half of
//!   everything being bad for five minutes pages by itself.

#[cfg(test)]
mod tests;

use std::time::Duration;

use aios_core::Timestamp;
use serde::Serialize;

use super::BAD_MIN;
use super::exact::share_above;
use crate::row::Row;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

/// What the budget is for.
pub const BUDGET_PERIOD: Duration = Duration::from_secs(30 * 86_400);

/// Fewest events after which quiet is good news.
const VALID_MIN: u64 = 30;

/// Events of one minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Minute {
    /// Minutes since 1970.
    pub minute: i64,
    /// Events that count.
    pub n: u64,
    /// Bad ones among them.
    pub n_bad: u64,
}

/// Counts rows by minute; `is_bad` says nothing of those that do not count. The rows may come in any
/// order.
pub fn minutes(rows: &[Row], is_bad: impl Fn(&Row) -> Option<bool>) -> Vec<Minute> {
    let mut by_minute = std::collections::BTreeMap::<i64, (u64, u64)>::new();
    for row in rows {
        if let Some(bad) = is_bad(row) {
            let counts = by_minute.entry(minute_of(row.ts)).or_default();
            *counts = (counts.0 + 1, counts.1 + u64::from(bad));
        }
    }
    by_minute.into_iter().map(|(minute, (n, n_bad))| Minute { minute, n, n_bad }).collect()
}

/// Whom it concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Alert {
    /// Somebody must look now.
    Page,
    /// Somebody must look within days.
    Ticket,
    /// Nobody: the budget lasts.
    None,
    /// Nobody can tell: there are too few events.
    Insufficient,
}

/// What the burn rate says.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Burn {
    /// Whom it concerns.
    pub alert: Alert,
    /// Burn rate over the last hour; 1 spends the budget exactly.
    pub rate: f64,
    /// What is left of the budget, in percent; below zero it is overspent.
    pub budget_left_pct: f64,
    /// Hours until nothing is left, at this rate.
    pub exhausted_in_hours: Option<f64>,
}

/// When a pair of windows fires.
#[derive(Debug, Clone, Copy)]
enum Limit {
    /// This many times faster than evenly.
    Rate(f64),
    /// This share of all events.
    Share(f64),
}

#[derive(Debug, Clone, Copy)]
struct Pair {
    limit: Limit,
    long: Duration,
    short: Duration,
    alert: Alert,
}

/// Pages first.
const PAIRS: [Pair; 5] = [
    pair(Limit::Share(0.5), MINUTE.saturating_mul(5), MINUTE, Alert::Page),
    pair(Limit::Rate(14.4), HOUR, MINUTE.saturating_mul(5), Alert::Page),
    pair(Limit::Rate(6.0), HOUR.saturating_mul(6), MINUTE.saturating_mul(30), Alert::Page),
    pair(Limit::Rate(3.0), DAY, HOUR.saturating_mul(2), Alert::Ticket),
    pair(Limit::Rate(1.0), DAY.saturating_mul(3), HOUR.saturating_mul(6), Alert::Ticket),
];

const fn pair(limit: Limit, long: Duration, short: Duration, alert: Alert) -> Pair {
    Pair { limit, long, short, alert }
}

/// Judges the minutes up to `now` against an objective such as 0.99.
#[must_use]
pub fn burn(minutes: &[Minute], objective: f64, now: Timestamp) -> Burn {
    let budget = 1.0 - objective;
    let within = |window| within(minutes, window, now);
    let fires = |pair: &&Pair| pair.fires(budget, within(pair.long), within(pair.short));
    let alert = match PAIRS.iter().find(fires) {
        Some(pair) => pair.alert,
        None if within(DAY * 3).0 < VALID_MIN => Alert::Insufficient,
        None => Alert::None,
    };
    let rate = share(within(HOUR)) / budget;
    let left = 1.0 - share(within(BUDGET_PERIOD)) / budget;
    let hours = BUDGET_PERIOD.as_secs_f64() / HOUR.as_secs_f64();
    let exhausted_in_hours = (rate > 0.0).then(|| left.max(0.0) * hours / rate);
    Burn { alert, rate, budget_left_pct: left * 100.0, exhausted_in_hours }
}

/// Whether silence has lasted as long as a total outage needs to burn 1 % of the budget. It concerns
/// somebody only where traffic is expected, which the caller knows.
#[must_use]
pub fn is_silent_too_long(last_event: Timestamp, objective: f64, now: Timestamp) -> bool {
    now.since(last_event) > BUDGET_PERIOD.mul_f64((1.0 - objective).clamp(0.0, 1.0) * 0.01)
}

impl Pair {
    fn fires(&self, budget: f64, long: (u64, u64), short: (u64, u64)) -> bool {
        let limit = match self.limit {
            Limit::Rate(rate) => rate * budget,
            Limit::Share(share) => share.max(budget),
        };
        // Nothing can be worse than everything being bad.
        limit < 1.0
            && long.1 >= BAD_MIN
            && share_above(long.1, long.0, limit)
            && share(short) > limit
    }
}

fn share((n, n_bad): (u64, u64)) -> f64 {
    if n == 0 { 0.0 } else { n_bad as f64 / n as f64 }
}

/// Events and bad ones of the minutes that ended or run within the window before `now`.
fn within(minutes: &[Minute], window: Duration, now: Timestamp) -> (u64, u64) {
    let last = minute_of(now);
    let n_minutes = i64::try_from(window.as_secs() / 60).unwrap_or(i64::MAX);
    let first = last.saturating_sub(n_minutes);
    let counted = minutes.iter().filter(|at| at.minute > first && at.minute <= last);
    counted.fold((0, 0), |(n, n_bad), at| (n + at.n, n_bad + at.n_bad))
}

pub(crate) const fn minute_of(at: Timestamp) -> i64 {
    at.as_micros().div_euclid(60_000_000)
}
