//! The latency that 95 % of answers do not exceed.

use super::{Measured, Sli, Window};
use crate::row::Row;

/// The latency that 95 % of answers do not exceed, in milliseconds. Whoever got no answer is counted
/// by the error rate.
#[derive(Debug)]
pub struct LatencyP95;

impl Sli for LatencyP95 {
    fn name(&self) -> &'static str {
        "latency_ms_p95"
    }

    fn measure(&self, window: &Window<'_>) -> Option<Measured> {
        let answered = |row: &&Row| row.failed() == Some(false);
        let mut latencies: Vec<f64> =
            window.rows.iter().filter(answered).map(|row| row.latency_ms).collect();
        let n = latencies.len();
        // The guide's rule: the value at 95 % of the way through the sorted window.
        let at = (n * 95 / 100).min(n.checked_sub(1)?);
        let figure = *latencies.select_nth_unstable_by(at, f64::total_cmp).1;
        Some(Measured { figure, n: n as u64, n_bad: None })
    }
}

#[cfg(test)]
mod tests {
    use aios_core::Outcome;

    use super::*;
    use crate::row::tests::row;

    #[test]
    fn it_is_the_value_at_95_percent_of_the_way() {
        let with = |latency_ms| Row { latency_ms, ..row(0) };
        let mut rows: Vec<Row> = (1..=100).rev().map(|n| with(f64::from(n))).collect();
        let figure = |rows: &[Row]| LatencyP95.measure(&Window::new(rows)).unwrap().figure;
        assert_eq!(figure(&rows), 96.0);
        rows.push(Row { outcome: Outcome::Timeout, ..with(1e9) });
        assert_eq!(figure(&rows), 96.0);
        assert_eq!(figure(&rows[..1]), 100.0);
    }
}
