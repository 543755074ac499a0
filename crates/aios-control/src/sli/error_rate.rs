//! Share of requests that failed.

use super::{Measured, Sli, Window, counted};
use crate::row::Row;

/// Share of requests that failed. What callers got wrong themselves does not count.
#[derive(Debug)]
pub struct ErrorRate;

impl Sli for ErrorRate {
    fn name(&self) -> &'static str {
        "error_rate"
    }

    fn measure(&self, window: &Window<'_>) -> Option<Measured> {
        let (n, n_bad) = counted(window.rows, Row::failed);
        (n > 0).then(|| Measured::share(n_bad as f64 / n as f64, n, n_bad))
    }
}

#[cfg(test)]
mod tests {
    use aios_core::Outcome;

    use super::*;
    use crate::row::tests::row;

    #[test]
    fn callers_faults_are_left_out() {
        let with = |outcome| Row { outcome, ..row(0) };
        let rows = [with(Outcome::Ok), with(Outcome::Timeout), with(Outcome::CallerError)];
        let measured = ErrorRate.measure(&Window::new(&rows));
        assert_eq!(measured, Some(Measured::share(0.5, 2, 1)));
        assert_eq!(ErrorRate.measure(&Window::new(&rows[2..])), None);
    }
}
