//! The hypotheses that AIOS asks of itself.

use super::{Direction, Groups, Hypothesis, Measure};

/// Fewest pairs that say anything.
const N_PAIRS_MIN: u64 = 100;

/// The hypotheses of every deployment.
#[must_use]
pub fn defaults() -> Vec<Hypothesis> {
    use Direction::{Better, NotWorse};
    use Groups::{Buckets, Memory, TiersOnLowWeights};
    use Measure::{Errors, Latency, Quality};
    let one = |name: &str, statement: &str, metric, groups, direction, margin| Hypothesis {
        name: name.to_owned(),
        statement: statement.to_owned(),
        metric,
        groups,
        direction,
        margin,
        n_pairs_min: N_PAIRS_MIN,
    };
    vec![
        one(
            "treatment_quality",
            "answers of the treatment are good enough as often as those of control, but for 2 points",
            Quality,
            Buckets,
            NotWorse,
            0.02,
        ),
        one(
            "treatment_latency",
            "treatment does not tend to be more than a tenth slower than control",
            Latency,
            Buckets,
            NotWorse,
            0.10,
        ),
        one(
            "treatment_errors",
            "treatment fails as often as control, but for one point",
            Errors,
            Buckets,
            NotWorse,
            0.01,
        ),
        one(
            "embedder_faster",
            "on messages of low weight the embedder is faster than main",
            Latency,
            TiersOnLowWeights,
            Better,
            0.0,
        ),
        one(
            "memory_helps",
            "answers with memory fragments are good enough more often than those without",
            Quality,
            Memory,
            Better,
            0.0,
        ),
    ]
}
