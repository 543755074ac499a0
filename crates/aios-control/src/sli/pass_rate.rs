//! Share of answers that were good enough.

use super::{Measured, Sli, Window, counted};

/// Share of answers that were good enough, among those of which somebody said how good they were.
/// A request that failed gave no good answer.
#[derive(Debug)]
pub struct PassRate;

impl Sli for PassRate {
    fn name(&self) -> &'static str {
        "pass_rate"
    }

    fn measure(&self, window: &Window<'_>) -> Option<Measured> {
        let (n, n_bad) = counted(window.rows, |row| {
            let failed = row.failed()?;
            row.quality.map(|quality| failed || quality < window.quality_min)
        });
        (n > 0).then(|| Measured::share(1.0 - n_bad as f64 / n as f64, n, n_bad))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::Row;
    use crate::row::tests::row;

    #[test]
    fn what_nobody_scored_does_not_count() {
        let with = |quality| Row { quality, ..row(0) };
        let rows = [with(Some(0.9)), with(Some(0.2)), with(None), with(Some(0.5)), with(Some(1.0))];
        let measured = PassRate.measure(&Window::new(&rows));
        assert_eq!(measured, Some(Measured::share(0.75, 4, 1)));
        assert_eq!(PassRate.measure(&Window::new(&[with(None)])), None);
    }
}
