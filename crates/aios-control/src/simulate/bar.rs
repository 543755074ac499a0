//! What the judge is held to.

use super::scenario::Scenario;
use super::tally::Tally;

/// One figure and the most that it may be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bar {
    /// Which figure.
    pub figure: &'static str,
    /// The most that it may be.
    pub most: f64,
    /// What it is; none if half of the rollouts never ended.
    pub found: Option<f64>,
}

impl Bar {
    /// Whether it is kept.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.found.is_some_and(|found| found <= self.most)
    }
}

/// The bars for a scenario at so many requests per check.
#[must_use]
pub fn bars(scenario: Scenario, requests_per_check: u32, tally: &Tally) -> Vec<Bar> {
    let promoted = |most| Bar { figure: "promoted_pct", most, found: Some(tally.promoted_pct()) };
    let rolled_back =
        |most| Bar { figure: "rolled_back_pct", most, found: Some(tally.rolled_back_pct()) };
    match scenario {
        Scenario::Equal | Scenario::Even => {
            let mut bars = vec![rolled_back(2.0)];
            let found = tally.checks_median().map(f64::from);
            let median = checks_median_most(scenario, requests_per_check);
            bars.extend(median.map(|most| Bar { figure: "checks_median", most, found }));
            bars
        }
        Scenario::Outage => vec![rolled_back(1.0)],
        Scenario::Errors | Scenario::P95 | Scenario::Quality | Scenario::Late => {
            vec![promoted(0.5)]
        }
        Scenario::Margin => vec![promoted(5.0)],
    }
}

/// Nothing is promised for other numbers of requests. What is promised at a hundred was measured on traffic
/// that is dealt evenly; where it is dealt by chance it takes some looks more.
const fn checks_median_most(scenario: Scenario, requests_per_check: u32) -> Option<f64> {
    match (scenario, requests_per_check) {
        (Scenario::Even, 100) => Some(80.0),
        (_, 1_000) => Some(17.0),
        (_, 10_000) => Some(12.0),
        _ => None,
    }
}
