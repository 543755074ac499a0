//! How far an applied boundary is from the baseline.

use super::{Measured, Sli, Window};

/// The greatest distance of a boundary that was applied from the baseline boundary. The baseline does
/// not move with it: a boundary that drifts slowly drifts all the same.
#[derive(Debug)]
pub struct BoundaryDrift;

impl Sli for BoundaryDrift {
    fn name(&self) -> &'static str {
        "boundary_drift"
    }

    fn measure(&self, window: &Window<'_>) -> Option<Measured> {
        let baseline = window.baseline_boundary.get();
        let drifts = window.rows.iter().map(|row| (row.boundary.get() - baseline).abs());
        let figure = drifts.reduce(f64::max)?;
        Some(Measured { figure, n: window.rows.len() as u64, n_bad: None })
    }
}

#[cfg(test)]
mod tests {
    use aios_core::Boundary;

    use super::*;
    use crate::row::Row;
    use crate::row::tests::row;

    #[test]
    fn drift_counts_in_both_directions() {
        let with = |boundary| Row { boundary: Boundary::new(boundary).unwrap(), ..row(0) };
        let rows = [with(0.5), with(0.55), with(0.25)];
        let drift = |rows: &[Row]| BoundaryDrift.measure(&Window::new(rows)).unwrap().figure;
        assert_eq!(drift(&rows), 0.25);
        assert_eq!(drift(&rows[..1]), 0.0);
    }
}
