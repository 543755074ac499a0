//! `[hypotheses]`.

use aios_control::hypothesis::{Direction, Groups, Hypothesis, Measure, defaults};

use super::file;
use super::resolve::Resolver;

const METRICS: [(&str, Measure); 3] =
    [("quality", Measure::Quality), ("errors", Measure::Errors), ("latency", Measure::Latency)];

const GROUPS: [(&str, Groups); 3] = [
    ("buckets", Groups::Buckets),
    ("tiers_on_low_weights", Groups::TiersOnLowWeights),
    ("memory", Groups::Memory),
];

const DIRECTIONS: [(&str, Direction); 2] =
    [("not_worse", Direction::NotWorse), ("better", Direction::Better)];

/// Fewest pairs, where nothing else is said.
const N_PAIRS_MIN: u64 = 100;

/// Most hypotheses of one's own.
const OWN_MAX: usize = 64;

impl Resolver<'_> {
    /// The built-in ones, then those of one's own.
    pub(super) fn hypotheses(&mut self, file: &file::Hypotheses) -> Vec<Hypothesis> {
        if file.own.len() > OWN_MAX {
            self.refuse("hypotheses.own", format!("must hold {OWN_MAX} entries at most"));
        }
        let mut family = defaults();
        for (n, written) in file.own.iter().enumerate().take(OWN_MAX) {
            let one = self.hypothesis(n, written);
            if family.iter().any(|known| known.name == one.name) {
                let why = format!("\"{}\" is there twice", one.name);
                self.refuse(&format!("hypotheses.own[{n}].name"), why);
            }
            family.push(one);
        }
        family
    }

    fn hypothesis(&mut self, n: usize, written: &file::Hypothesis) -> Hypothesis {
        let key = |name: &str| format!("hypotheses.own[{n}].{name}");
        let metric = self.required(&key("metric"), written.metric.as_ref());
        let groups = self.required(&key("groups"), written.groups.as_ref());
        let direction = self.required(&key("direction"), written.direction.as_ref());
        let margin = written.margin.unwrap_or(f64::NAN);
        if !(0.0..=1.0).contains(&margin) {
            self.refuse(&key("margin"), format!("must be from 0 to 1, not {margin}"));
        }
        let n_pairs_min = written.n_pairs_min.unwrap_or(N_PAIRS_MIN);
        Hypothesis {
            name: self.required(&key("name"), written.name.as_ref()),
            statement: self.required(&key("statement"), written.statement.as_ref()),
            metric: self.choice(&key("metric"), &metric, &METRICS),
            groups: self.choice(&key("groups"), &groups, &GROUPS),
            direction: self.choice(&key("direction"), &direction, &DIRECTIONS),
            margin,
            n_pairs_min: self.count(&key("n_pairs_min"), n_pairs_min, 1..=1_000_000),
        }
    }
}
