//! Knots: what turns a score into a weight.
//!
//! A score has no unit that an operator could set a boundary in; its rank on the local traffic has.
//! The knots are the percentiles 0, 1 … 100 of a reference sample, and
//!
//! ```text
//! weight = min(1, rank + 0.1)        rank = share of the sample below the score
//! ```
//!
//! so that on such traffic the share of messages with a weight of at least `b` is `1.1 - b`:
//! 60 % main at boundary 0.5, 70 % at 0.4, 50 % at 0.6. Between two knots the rank is interpolated;
//! outside them it is 0 or 1. A score that many messages share (every bare greeting scores −3) has
//! the middle of its knots' ranks: the ties stay together on one side of a boundary, the side on
//! which half of them belong. Around such a score the share moves by the ties' own share.

use aios_core::Weight;
use serde::{Deserialize, Serialize};

use crate::prior::{RAW_MAX, RAW_MIN};

/// Fewest scores that knots can be made from: with fewer the 60 % would be off by more than 7 %.
pub const PROMPTS_MIN: usize = 50;

/// Fewest different scores among them: one script's repeated prompt is no picture of the traffic.
pub const DISTINCT_MIN: usize = 10;

const KNOTS: usize = 101;

/// The golden profile's anchor: this score has the weight 0.5 …
const GOLDEN_ANCHOR: f64 = 0.10;
/// … because it is the knot of this rank.
const GOLDEN_ANCHOR_RANK: usize = 40;

/// Added to a rank to make a weight, in percent.
const LIFT: f64 = 10.0;

/// Knots are rounded to this many parts of 1, so that they read back from decimal text bit by bit.
const PER_UNIT: f64 = 1e9;

/// Scores no further apart than a knot's rounding count as equal.
const RESOLUTION: f64 = 1.0 / PER_UNIT;

/// The percentiles of a sample of scores.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct Knots {
    n_prompts: usize,
    knots: Box<[f64; KNOTS]>,
}

/// The scores are no basis for knots, or the stored knots are damaged.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum KnotsError {
    /// Fewer than [`PROMPTS_MIN`] scores.
    #[error("knots need the scores of at least {PROMPTS_MIN} prompts, not {n}")]
    TooFew {
        /// How many there were.
        n: usize,
    },
    /// Fewer than [`DISTINCT_MIN`] different scores.
    #[error(
        "knots need at least {DISTINCT_MIN} different scores, not {n}: the prompts are too alike"
    )]
    TooAlike {
        /// How many different ones there were.
        n: usize,
    },
    /// A score is infinite or not a number.
    #[error("a score is not a finite number")]
    NotFinite,
    /// Stored knots of another version.
    #[error("knots of version {version} cannot be read; this build reads version {STORED_VERSION}")]
    Version {
        /// The version found.
        version: u32,
    },
    /// Stored knots of another number.
    #[error("there must be {KNOTS} knots, not {n}")]
    Count {
        /// How many there were.
        n: usize,
    },
    /// A stored knot is less than the one before it.
    #[error("knot {index} is less than the one before it")]
    NotRising {
        /// Its index, from 0.
        index: usize,
    },
}

impl Knots {
    /// The built-in knots for the first hours: no sample of any traffic, but two straight lines,
    /// from the least possible score (rank 0) to the anchor 0.10 (rank 0.4, hence weight 0.5), and
    /// from there to the greatest possible score (rank 1). At boundary 0.5 they split the golden set
    /// as it is labelled; ordinary traffic goes to main for the most part.
    #[must_use]
    pub fn golden() -> Self {
        let knots = Box::new(std::array::from_fn(|rank| {
            let above = rank.saturating_sub(GOLDEN_ANCHOR_RANK);
            let (low, high, part) = if above == 0 {
                (RAW_MIN, GOLDEN_ANCHOR, ratio(rank, GOLDEN_ANCHOR_RANK))
            } else {
                (GOLDEN_ANCHOR, RAW_MAX, ratio(above, KNOTS - 1 - GOLDEN_ANCHOR_RANK))
            };
            rounded(low + (high - low) * part)
        }));
        Self { n_prompts: 0, knots }
    }

    /// The percentiles of `scores`, which are sorted in place. Between two scores a percentile is
    /// interpolated.
    ///
    /// # Errors
    /// When there are too few scores, too few different ones, or one that is not finite.
    pub fn from_raw_scores(scores: &mut [f64]) -> Result<Self, KnotsError> {
        if scores.len() < PROMPTS_MIN {
            return Err(KnotsError::TooFew { n: scores.len() });
        }
        if scores.iter().any(|score| !score.is_finite()) {
            return Err(KnotsError::NotFinite);
        }
        scores.sort_unstable_by(f64::total_cmp);
        let n = scores.chunk_by(|one, next| next - one <= RESOLUTION).count();
        if n < DISTINCT_MIN {
            return Err(KnotsError::TooAlike { n });
        }
        let knots = Box::new(std::array::from_fn(|rank| rounded(percentile(scores, rank))));
        Ok(Self { n_prompts: scores.len(), knots })
    }

    /// The weight of a score.
    #[must_use]
    pub fn weight(&self, raw: f64) -> Weight {
        let weight = ((self.rank(raw) + LIFT) / 100.0).clamp(0.0, 1.0);
        Weight::new(weight).expect("a number held between 0 and 1 is a weight")
    }

    /// How many prompts the knots were made from; 0 for the built-in ones.
    #[must_use]
    pub const fn n_prompts(&self) -> usize {
        self.n_prompts
    }

    /// The score's rank in percent, 0 to 100.
    fn rank(&self, raw: f64) -> f64 {
        let n_below = self.knots.partition_point(|knot| *knot < raw - RESOLUTION);
        let n_up_to = self.knots.partition_point(|knot| *knot <= raw + RESOLUTION);
        if n_below < n_up_to {
            return index(n_below + n_up_to - 1) / 2.0;
        }
        let Some(lower) = n_below.checked_sub(1) else { return 0.0 };
        match (self.knots.get(lower), self.knots.get(n_below)) {
            (Some(low), Some(high)) => index(lower) + (raw - low) / (high - low),
            (_, None) | (None, Some(_)) => index(KNOTS - 1),
        }
    }
}

fn percentile(sorted: &[f64], rank: usize) -> f64 {
    let place = rank * (sorted.len() - 1);
    let (lower, part) = (place / (KNOTS - 1), ratio(place % (KNOTS - 1), KNOTS - 1));
    let low = sorted[lower];
    let high = *sorted.get(lower + 1).unwrap_or(&low);
    low + (high - low) * part
}

fn rounded(score: f64) -> f64 {
    // A quotient of whole numbers this small is exact to the last bit after a trip through text.
    (score * PER_UNIT).round() / PER_UNIT
}

fn ratio(part: usize, whole: usize) -> f64 {
    index(part) / index(whole)
}

#[expect(clippy::cast_precision_loss, reason = "counts here are far below 2^53")]
const fn index(n: usize) -> f64 {
    n as f64
}

const STORED_VERSION: u32 = 1;

/// The knots as they stand in a file.
#[derive(Serialize, Deserialize)]
struct Stored {
    version: u32,
    n_prompts: usize,
    knots: Vec<f64>,
}

impl From<Knots> for Stored {
    fn from(knots: Knots) -> Self {
        let Knots { n_prompts, knots } = knots;
        Self { version: STORED_VERSION, n_prompts, knots: knots.to_vec() }
    }
}

impl TryFrom<Stored> for Knots {
    type Error = KnotsError;

    fn try_from(stored: Stored) -> Result<Self, KnotsError> {
        let Stored { version, n_prompts, knots } = stored;
        if version != STORED_VERSION {
            return Err(KnotsError::Version { version });
        }
        if knots.iter().any(|knot| !knot.is_finite()) {
            return Err(KnotsError::NotFinite);
        }
        if let Some(before) = knots.windows(2).position(|pair| pair[1] < pair[0]) {
            return Err(KnotsError::NotRising { index: before + 1 });
        }
        let n = knots.len();
        let knots = knots.into_boxed_slice().try_into().map_err(|_| KnotsError::Count { n })?;
        Ok(Self { n_prompts, knots })
    }
}

#[cfg(test)]
mod tests;
