//! The statistics of a comparison: exact where that can be computed, and honest where it cannot.

mod mcnemar;
mod quantile;
mod sign_flip;
mod wilson;

pub use mcnemar::mcnemar_worse;
pub use quantile::{mean, median, percentile};
pub use sign_flip::{Shift, ratio, shift};
pub use wilson::wilson;
