//! What one would write first: the service levels as thresholds on one window of treatment.

use aios_core::Verdict;

use crate::evidence::Observation;

const ERROR_RATE_MAX: f64 = 0.01;
const PASS_RATE_MIN: f64 = 0.95;
const P95_MAX_MS: f64 = 20_000.0;

/// Met if the window keeps every level, breached if it does not.
pub(super) fn verdict(window: &[Observation]) -> Verdict {
    if window.is_empty() {
        return Verdict::NoData;
    }
    let share = |bad: fn(&Observation) -> bool| {
        window.iter().filter(|seen| bad(seen)).count() as f64 / window.len() as f64
    };
    let is_met = share(|seen| seen.failed) <= ERROR_RATE_MAX
        && 1.0 - share(|seen| seen.missed == Some(true)) >= PASS_RATE_MIN
        && p95_ms(window) <= P95_MAX_MS;
    if is_met { Verdict::Met } else { Verdict::Breached }
}

/// The guide's rule: the value at 95 % of the way through the sorted window.
fn p95_ms(window: &[Observation]) -> f64 {
    let mut latencies: Vec<f64> = window.iter().map(|seen| seen.latency_ms).collect();
    let at = (latencies.len() * 95 / 100).min(latencies.len() - 1);
    *latencies.select_nth_unstable_by(at, f64::total_cmp).1
}

#[cfg(test)]
mod tests {
    use aios_core::Bucket;

    use super::*;

    #[test]
    fn one_error_in_ten_breaks_the_level() {
        let bucket = Bucket::Treatment;
        let good = Observation { bucket, failed: false, latency_ms: 1.0, missed: Some(false) };
        let mut window = vec![good; 10];
        assert_eq!(verdict(&window), Verdict::Met);
        window[3].failed = true;
        assert_eq!(verdict(&window), Verdict::Breached);
        window[3] = Observation { latency_ms: 30_000.0, ..good };
        assert_eq!(verdict(&window), Verdict::Breached);
        assert_eq!(verdict(&[]), Verdict::NoData);
    }
}
