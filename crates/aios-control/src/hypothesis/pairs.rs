//! Pairs of requests, one of each group.

use std::cmp::Ordering;

use aios_core::{BOUNDARY_DEFAULT, Bucket, Tier};

use super::{Groups, Hypothesis, Measure};
use crate::blocks::{Shape, Waiting};
use crate::row::Row;

const ONE_TO_ONE: Shape = Shape { treated: 1, controls: 1 };

/// How pairs came out for the first group, and what waits for its pair.
#[derive(Debug, Clone)]
pub(super) struct Pairs {
    waiting: Waiting<f64>,
    n_worse: u64,
    n_same: u64,
    n_better: u64,
}

impl Pairs {
    pub(super) fn new() -> Self {
        Self { waiting: Waiting::new(ONE_TO_ONE), n_worse: 0, n_same: 0, n_better: 0 }
    }

    /// Takes in a request of this side, in the order of arrival.
    pub(super) fn take(
        &mut self,
        hypothesis: &Hypothesis,
        side: Bucket,
        row: &Row,
        quality_min: f64,
    ) {
        let Some(badness) = badness(hypothesis.metric, row, quality_min) else { return };
        if let Some(block) = self.waiting.add(side, badness)
            && let ([first], [second]) = (block.treated(), block.controls())
        {
            self.add(compared(hypothesis, *first, *second));
        }
    }

    const fn add(&mut self, first_to_second: Ordering) {
        match first_to_second {
            Ordering::Greater => self.n_worse += 1,
            Ordering::Equal => self.n_same += 1,
            Ordering::Less => self.n_better += 1,
        }
    }

    pub(super) const fn n(&self) -> u64 {
        self.n_worse + self.n_same + self.n_better
    }

    /// Each outcome as a difference, and how often it was seen.
    pub(super) const fn values(&self) -> [(f64, u64); 3] {
        [(1.0, self.n_worse), (0.0, self.n_same), (-1.0, self.n_better)]
    }
}

/// The group of a row; none if it is in neither. The first group takes the treatment's place.
pub(super) fn side(groups: Groups, row: &Row) -> Option<Bucket> {
    let first = |is_first| if is_first { Bucket::Treatment } else { Bucket::Control };
    match groups {
        Groups::Buckets => Some(row.bucket),
        // Whether something was found is no chance: it is compared only with what chance withheld.
        Groups::Memory => row.memory.map(first),
        Groups::TiersOnLowWeights => {
            let is_low = row.weight.is_some_and(|weight| weight.get() < BOUNDARY_DEFAULT.get());
            row.tier.filter(|_| is_low).map(|tier| first(tier == Tier::Embedder))
        }
    }
}

/// How bad a request was; none if it cannot be told.
fn badness(metric: Measure, row: &Row, quality_min: f64) -> Option<f64> {
    let failed = row.failed()?;
    let as_number = |bad: bool| if bad { 1.0 } else { 0.0 };
    match metric {
        Measure::Errors => Some(as_number(failed)),
        Measure::Quality => row.quality.map(|quality| as_number(quality < quality_min)),
        // What failed never came.
        Measure::Latency => Some(if failed { f64::INFINITY } else { row.latency_ms }),
    }
}

fn compared(hypothesis: &Hypothesis, first: f64, second: f64) -> Ordering {
    let second = match hypothesis.metric {
        Measure::Latency => second * hypothesis.slower_factor(),
        Measure::Errors | Measure::Quality => second,
    };
    first.partial_cmp(&second).unwrap_or(Ordering::Equal)
}
