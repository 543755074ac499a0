//! Message, policy and split to a route: pure and explainable.
//!
//! The way of a message: its words and marks are counted in one pass ([`count`]), the counts are
//! weighed into a raw score ([`score`]), the score's rank in a reference sample is the weight
//! ([`Knots`]), and the weight is held against the boundary of the conversation's bucket
//! ([`route`]). Nothing here reads a clock, a file or a random number, so that the same inputs give
//! the same route on every machine and [`explain`] can show each step.

mod ascii;
mod bucket;
mod counts;
mod explain;
mod knots;
mod marks;
mod overrides;
mod prior;
mod route;
mod sampler;
mod words;

pub use bucket::{BucketKey, bucket_of};
pub use counts::{Counts, HEAD_BYTES_MAX, TAIL_BYTES_MAX, count};
pub use explain::{ExplainedTerm, Explanation, explain};
pub use knots::{DISTINCT_MIN, Knots, KnotsError, PROMPTS_MIN};
pub use overrides::{
    OVERRIDE_KEYS, OverrideError, OverrideWish, apply_override, control_only, kill_switch,
    split_in_force,
};
pub use prior::{Score, gain, score};
pub use route::{Policy, route};
pub use sampler::{SAMPLE_MAX, Sampler, TRAFFIC_AFTER};
