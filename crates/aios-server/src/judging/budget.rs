//! How long the budget of each objective lasts.

use std::time::Duration;

use aios_control::slo::Good;
use aios_control::slo::burn::{Burn, Minute, burn};
use aios_core::Timestamp;
use serde::Serialize;

use super::{Minutes, Objectives};

/// Hours that are shown one by one.
const HOURS: i64 = 24;

/// The budget of one objective.
#[derive(Debug, Clone, Serialize)]
pub struct Budget {
    /// The indicator.
    pub slo: &'static str,
    /// On which side of the objective it is good.
    pub good: Good,
    /// The objective.
    pub objective: f64,
    /// What may be bad of all events.
    pub bad_share_max: f64,
    /// Events of the budget's 30 days.
    pub n: u64,
    /// Bad ones among them.
    pub n_bad: u64,
    /// How fast it burns.
    pub burn: Burn,
    /// Share of bad events in each of the last 24 hours, the oldest first; none where there were no events.
    pub hourly_bad: Vec<Option<f64>>,
}

/// The budgets as of now.
#[must_use]
pub fn budgets(minutes: &Minutes, objectives: &Objectives, now: Timestamp) -> Vec<Budget> {
    let budgeted = objectives.budgeted().map(|(slo, share)| {
        let counted = minutes.tallies().minutes(share);
        let bad_share_max = slo.bad_share_max();
        let (n, n_bad) = sum(&counted);
        Budget {
            slo: slo.sli.name(),
            good: slo.good,
            objective: slo.objective,
            bad_share_max,
            n,
            n_bad,
            burn: burn(&counted, 1.0 - bad_share_max, now),
            hourly_bad: hourly(&counted, now),
        }
    });
    budgeted.collect()
}

fn sum<'a>(minutes: impl IntoIterator<Item = &'a Minute>) -> (u64, u64) {
    minutes.into_iter().fold((0, 0), |(n, n_bad), at| (n + at.n, n_bad + at.n_bad))
}

fn hourly(minutes: &[Minute], now: Timestamp) -> Vec<Option<f64>> {
    let this_minute = now.as_secs().div_euclid(60);
    let hour = |ago: i64| {
        let end = this_minute - ago * 60;
        let (n, n_bad) = sum(minutes.iter().filter(|at| at.minute > end - 60 && at.minute <= end));
        (n > 0).then(|| n_bad as f64 / n as f64)
    };
    (0..HOURS).rev().map(hour).collect()
}

/// In how much time nothing is left, in words.
#[must_use]
pub fn exhausted_in(burn: &Burn) -> String {
    if burn.budget_left_pct <= 0.0 {
        return "budget exhausted".to_owned();
    }
    match burn.exhausted_in_hours {
        Some(hours) if hours < Duration::from_secs(90 * 86_400).as_secs_f64() / 3_600.0 => {
            format!("budget exhausted in {hours:.0} h")
        }
        Some(_) | None => "budget lasts".to_owned(),
    }
}
