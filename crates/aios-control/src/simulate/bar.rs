//! What the judge is held to.

use super::rollout::Simulation;
use super::scenario::{P95_MS, Scenario};
use super::tally::Tally;
use crate::judge::{JudgePolicy, Question};
use crate::plan::CanaryPolicy;

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

/// The bars for a scenario at so many requests per check. How long it takes is promised for the default stages and margins
/// alone, and harm that is within the margins may be promoted.
#[must_use]
pub fn bars(simulation: &Simulation, tally: &Tally) -> Vec<Bar> {
    let promoted = |most| Bar { figure: "promoted_pct", most, found: Some(tally.promoted_pct()) };
    let rolled_back =
        |most| Bar { figure: "rolled_back_pct", most, found: Some(tally.rolled_back_pct()) };
    match simulation.scenario {
        Scenario::Equal | Scenario::Even => {
            let mut bars = vec![rolled_back(2.0)];
            let found = tally.checks_median().map(f64::from);
            let is_default =
                simulation.policy == CanaryPolicy::default() && has_margins(simulation);
            let median = checks_median_most(simulation.requests_per_check).filter(|_| is_default);
            bars.extend(median.map(|most| Bar { figure: "checks_median", most, found }));
            bars
        }
        Scenario::Outage => vec![rolled_back(1.0)],
        // Few conversations prove little, so that nothing is promised of how long it takes.
        Scenario::Over | Scenario::Held | Scenario::Clustered => vec![rolled_back(2.0)],
        _ if is_tolerated(simulation) => Vec::new(),
        Scenario::Errors | Scenario::P95 | Scenario::Quality | Scenario::Late => {
            vec![promoted(0.5)]
        }
        Scenario::Margin => vec![promoted(5.0)],
    }
}

fn has_margins(simulation: &Simulation) -> bool {
    let mut default = JudgePolicy::new(P95_MS);
    default.ceilings = simulation.asked.ceilings;
    simulation.asked == default
}

fn is_tolerated(simulation: &Simulation) -> bool {
    let margin = |metric| simulation.asked.margin(metric, Question::To100);
    simulation.scenario.harm().is_some_and(|(metric, more)| more < margin(metric))
}

/// Nothing is promised for other numbers of requests.
const fn checks_median_most(requests_per_check: u32) -> Option<f64> {
    match requests_per_check {
        100 => Some(80.0),
        1_000 => Some(17.0),
        10_000 => Some(12.0),
        _ => None,
    }
}
