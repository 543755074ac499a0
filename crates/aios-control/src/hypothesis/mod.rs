//! What is believed about routing, and what the traffic says to it.
//!
//! A hypothesis compares two groups of requests on one metric. Requests are paired in the order of
//! arrival, a conversation speaking once (its requests are alike: counting each would take one fact for many), each pair says "worse", "same" or "better", and two bets run on it: that the mean is below
//! the margin (which supports the hypothesis) and that it is above (which refutes it). Who is in which
//! group is never chosen by how a request came out. Groups that nobody drew by lot, such as the tiers,
//! can differ for other reasons too; the result says so.

mod anchor;
mod pairs;
mod registry;
#[cfg(test)]
mod tests;

use std::collections::HashSet;

use aios_core::Finding;
use serde::{Deserialize, Serialize};

use crate::evalue::LogWealth;
use crate::interval::{mean, mean_interval};
use crate::multiple::e_benjamini_hochberg;
use crate::row::Row;
use crate::spoken::SPOKEN_MAX;
use pairs::Pairs;

pub use anchor::anchor;
pub use registry::defaults;

/// Share of wrong findings among all that is found.
const FDR: f64 = 0.10;

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Whether the answer was good enough.
    Quality,
    /// Whether serving it failed.
    Errors,
    /// How long it took.
    Latency,
}

/// Whom it is compared between: the first named against the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Groups {
    /// Treatment against control.
    Buckets,
    /// The embedder against main, on messages whose weight is low.
    TiersOnLowWeights,
    /// With memory fragments against those that were found and withheld by chance.
    Memory,
}

impl Groups {
    const ALL: [Self; 3] = [Self::Buckets, Self::TiersOnLowWeights, Self::Memory];
}

/// What is claimed of the first group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// It is worse by less than the margin.
    NotWorse,
    /// It is better by more than the margin.
    Better,
}

/// How it is tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TestKind {
    /// Difference of two shares, by bets on pairs.
    Shares,
    /// How often the first of a pair is slower, by bets on pairs: the sequential Mann-Whitney test.
    Pairs,
}

/// One hypothesis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hypothesis {
    /// Its name.
    pub name: String,
    /// What it says, for people.
    pub statement: String,
    /// What is compared.
    pub metric: Measure,
    /// Between whom.
    pub groups: Groups,
    /// What is claimed.
    pub direction: Direction,
    /// A share for quality and errors; for latency the factor beyond 1 from which a pair counts.
    pub margin: f64,
    /// Fewest pairs that say anything.
    pub n_pairs_min: u64,
}

impl Hypothesis {
    /// How it is tested: the metric leaves no choice.
    #[must_use]
    pub const fn test(&self) -> TestKind {
        match self.metric {
            Measure::Quality | Measure::Errors => TestKind::Shares,
            Measure::Latency => TestKind::Pairs,
        }
    }
}

/// Result of one hypothesis.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finished {
    /// Its name.
    pub name: String,
    /// What the traffic says.
    pub finding: Finding,
    /// How it was tested.
    pub test: TestKind,
    /// Pairs it rests on.
    pub n_pairs: u64,
    /// Mean difference, first group less second, where more is worse; none without pairs. For latency
    /// from -1 (the first is always faster) to 1 (always slower).
    pub effect: Option<f64>,
    /// Where the true difference lies, at 95 % and at every look at once.
    pub interval: (f64, f64),
    /// Natural logarithm of the e-value for it.
    pub log_e_for: f64,
    /// Natural logarithm of the e-value against it.
    pub log_e_against: f64,
    /// Whether the groups were drawn by lot.
    pub by_lot: bool,
}

/// A family of hypotheses that is being tested, row by row.
#[derive(Debug)]
pub struct Testing<'a> {
    family: &'a [Hypothesis],
    quality_min: f64,
    /// Who has spoken, for each way to group.
    spoken: Vec<(Groups, HashSet<u64>)>,
    pairs: Vec<Pairs>,
}

impl<'a> Testing<'a> {
    /// Before any row. An answer below this quality is not good enough.
    #[must_use]
    pub fn new(family: &'a [Hypothesis], quality_min: f64) -> Self {
        let spoken = Groups::ALL.map(|groups| (groups, HashSet::new())).to_vec();
        Self { family, quality_min, spoken, pairs: family.iter().map(|_| Pairs::new()).collect() }
    }

    /// Takes in the next row in the order of arrival.
    pub fn take(&mut self, row: &Row) {
        for (groups, spoken) in &mut self.spoken {
            let Some(side) = pairs::side(*groups, row) else { continue };
            if spoken.len() >= SPOKEN_MAX {
                spoken.clear();
            }
            // The first request speaks, whatever came of it: who speaks must not depend on how it ended.
            if !spoken.insert(row.conversation) {
                continue;
            }
            for (hypothesis, pairs) in self.family.iter().zip(&mut self.pairs) {
                if hypothesis.groups == *groups {
                    pairs.take(hypothesis, side, row, self.quality_min);
                }
            }
        }
    }

    /// What the rows say to each hypothesis, corrected for asking them all: of what is found, at most a tenth is
    /// expected to be wrong.
    #[must_use]
    pub fn finished(&self) -> Vec<Finished> {
        let family = self.family;
        let measure = |(one, pairs): (&Hypothesis, &Pairs)| measured(one, pairs);
        let mut finished: Vec<_> = family.iter().zip(&self.pairs).map(measure).collect();
        let supported = found(family, &finished, |one| one.log_e_for);
        let refuted = found(family, &finished, |one| one.log_e_against);
        for ((one, supported), refuted) in finished.iter_mut().zip(supported).zip(refuted) {
            one.finding = match (supported, refuted) {
                (true, false) => Finding::Supported,
                (false, true) => Finding::Refuted,
                (true, true) | (false, false) if one.n_pairs > 0 => Finding::Inconclusive,
                (true, true) | (false, false) => Finding::NoData,
            };
        }
        finished
    }
}

fn found(family: &[Hypothesis], finished: &[Finished], log_e: fn(&Finished) -> f64) -> Vec<bool> {
    let enough = |(one, done): (&Hypothesis, &Finished)| {
        if done.n_pairs >= one.n_pairs_min { log_e(done) } else { 0.0 }
    };
    e_benjamini_hochberg(&family.iter().zip(finished).map(enough).collect::<Vec<_>>(), FDR)
}

fn measured(hypothesis: &Hypothesis, pairs: &Pairs) -> Finished {
    let (limit, values) = (hypothesis.limit(), pairs.values());
    Finished {
        name: hypothesis.name.clone(),
        finding: Finding::Inconclusive,
        test: hypothesis.test(),
        n_pairs: pairs.n(),
        effect: mean(&values),
        interval: mean_interval(&values),
        log_e_for: LogWealth::below(&values, limit).log_e(),
        log_e_against: LogWealth::above(&values, limit).log_e(),
        by_lot: matches!(hypothesis.groups, Groups::Buckets | Groups::Memory),
    }
}

impl Hypothesis {
    /// What the mean of the pairs must stay below.
    fn limit(&self) -> f64 {
        match (self.test(), self.direction) {
            // What is tolerated is in the factor from which a pair counts as slower.
            (TestKind::Pairs, Direction::NotWorse | Direction::Better) => 0.0,
            (TestKind::Shares, Direction::NotWorse) => self.margin,
            (TestKind::Shares, Direction::Better) => -self.margin,
        }
    }

    /// The first of a pair is slower if it took longer than this many times the second.
    fn slower_factor(&self) -> f64 {
        match self.direction {
            Direction::NotWorse => 1.0 + self.margin,
            Direction::Better => 1.0 / (1.0 + self.margin),
        }
    }
}
