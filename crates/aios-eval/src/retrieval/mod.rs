//! How well fragments are found: questions with the fragments that answer them, and what came back.
//!
//! A set is only as honest as its labels. Those that were made of our own ranking would have it judge itself,
//! so they are refused; proposals that nobody has confirmed are passed over and counted.

mod error;
mod judge;
mod qa;
mod report;

#[cfg(test)]
mod tests;

pub use error::QaError;
pub use judge::{Answer, Judged, judge};
pub use qa::{LabelSource, QaCase, QaSet};
pub use report::{Interval, Miss, RetrievalReport};
