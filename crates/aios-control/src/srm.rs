//! Are conversations dealt in the shares that the split asks for?
//!
//! If not, something on the way loses the conversations of one bucket, and what is left of it cannot
//! be compared. The test may be looked at after every conversation: Lindon and Malek, "Anytime-valid
//! inference for multinomial count data" (NeurIPS, 2022), here for two buckets.

use aios_core::Percent;
use statrs::function::beta::ln_beta;

/// Odds at which the deal is called wrong: wrongly with a chance of at most 0.1 %.
const WRONG_E: f64 = 1_000.0;

/// How firmly the alternative expects a share near the one asked for, in conversations.
const CONCENTRATION: f64 = 10.0;

/// Whether these counts of treatment and control refute the share of treatment.
#[must_use]
pub(crate) fn is_dealt_wrong([n_treatment, n_control]: [u64; 2], treatment: Percent) -> bool {
    let share = treatment.get() / 100.0;
    if share <= 0.0 || share >= 1.0 {
        return false;
    }
    log_e([n_treatment as f64, n_control as f64], share) >= WRONG_E.ln()
}

/// How much better a share drawn from around the one asked for explains the counts.
fn log_e([treated, controls]: [f64; 2], share: f64) -> f64 {
    let (a, b) = (CONCENTRATION * share, CONCENTRATION * (1.0 - share));
    let drawn = ln_beta(a + treated, b + controls) - ln_beta(a, b);
    drawn - treated * share.ln() - controls * (1.0 - share).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(counts: [u64; 2], pct: f64, expect: bool) {
        assert_eq!(is_dealt_wrong(counts, Percent::new(pct).unwrap()), expect, "{counts:?} {pct}");
    }

    #[test]
    fn a_lost_part_of_a_bucket_is_noticed() {
        check([0, 0], 10.0, false);
        check([100, 900], 10.0, false);
        check([5_000, 5_000], 50.0, false);
        check([4_500, 5_500], 50.0, true);
        check([50, 950], 10.0, true);
        check([10_000, 0], 100.0, false);
    }

    /// One more conversation, over both buckets it may fall into, wins nothing.
    #[test]
    fn a_right_deal_wins_nothing() {
        for (n, m) in [(0.0, 0.0), (3.0, 40.0), (30.0, 10.0)] {
            let e = |more: [f64; 2]| log_e([n + more[0], m + more[1]], 0.1).exp();
            let mean = 0.1 * e([1.0, 0.0]) + 0.9 * e([0.0, 1.0]);
            assert!((mean - e([0.0, 0.0])).abs() < 1e-9 * mean, "{n} {m}");
        }
    }
}
