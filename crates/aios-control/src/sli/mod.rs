//! Service level indicators: what is measured of a window.
//!
//! One file each and a line in [`SLIS`]. An indicator that has nothing to go by returns nothing: an
//! empty window is not a good one.

mod boundary_drift;
mod error_rate;
mod latency_p95;
mod pass_rate;
mod recall_at_5;

use aios_core::{BOUNDARY_DEFAULT, Boundary, Timestamp};
use serde::Serialize;

use crate::row::Row;

pub use boundary_drift::BoundaryDrift;
pub use error_rate::ErrorRate;
pub use latency_p95::LatencyP95;
pub use pass_rate::PassRate;
pub use recall_at_5::RecallAt5;

/// Every indicator.
pub const SLIS: [&dyn Sli; 5] = [&PassRate, &LatencyP95, &BoundaryDrift, &RecallAt5, &ErrorRate];

/// What an indicator may look at.
#[derive(Debug, Clone, Copy)]
pub struct Window<'a> {
    /// The requests admitted in it.
    pub rows: &'a [Row],
    /// The boundary that drift is measured from.
    pub baseline_boundary: Boundary,
    /// An answer of at least this quality passes.
    pub quality_min: f64,
    /// The last retrieval evaluation, if there is one young enough.
    pub recall: Option<Recall>,
}

impl<'a> Window<'a> {
    /// A window with the defaults and no retrieval evaluation.
    #[must_use]
    pub const fn new(rows: &'a [Row]) -> Self {
        Self { rows, baseline_boundary: BOUNDARY_DEFAULT, quality_min: 0.5, recall: None }
    }
}

/// Result of a retrieval evaluation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Recall {
    /// When it was run.
    pub ts: Timestamp,
    /// Questions asked.
    pub n: u64,
    /// Mean recall among the first five fragments.
    pub at_5: f64,
}

/// What an indicator found.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Measured {
    /// The figure.
    pub figure: f64,
    /// What it rests on.
    pub n: u64,
    /// How many of them were bad, where the figure is a share of them.
    pub n_bad: Option<u64>,
}

impl Measured {
    /// A share of good or bad ones.
    pub(crate) const fn share(figure: f64, n: u64, n_bad: u64) -> Self {
        Self { figure, n, n_bad: Some(n_bad) }
    }
}

/// One indicator.
pub trait Sli: Sync + std::fmt::Debug {
    /// Name in configuration, metrics and events.
    fn name(&self) -> &'static str;

    /// The figure of a window; none if nothing in it can be measured.
    fn measure(&self, window: &Window<'_>) -> Option<Measured>;
}

/// The indicator of this name.
#[must_use]
pub fn sli(name: &str) -> Option<&'static dyn Sli> {
    SLIS.into_iter().find(|sli| sli.name() == name)
}

/// Counts the rows of which `is_bad` says anything.
fn counted(rows: &[Row], is_bad: impl Fn(&Row) -> Option<bool>) -> (u64, u64) {
    rows.iter().filter_map(is_bad).fold((0, 0), |(n, n_bad), bad| (n + 1, n_bad + u64::from(bad)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_window_measures_nothing() {
        for sli in SLIS {
            assert_eq!(sli.measure(&Window::new(&[])), None, "{}", sli.name());
        }
        assert!(sli("error_rate").is_some() && sli("eror_rate").is_none());
    }
}
