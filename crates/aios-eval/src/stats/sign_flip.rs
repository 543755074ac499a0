//! Whether answers got slower, case by case.
//!
//! What is compared is the logarithm of each case's ratio, so that a slow case does not count for more than a
//! quick one and twice as slow is as far from equal as half. If nothing has changed, each of those logarithms
//! could as well have had the other sign: Fisher's randomization test for pairs ("The Design of Experiments",
//! 1935, section 21). All signs are tried where there are few pairs. Otherwise signs are drawn, and the drawn
//! ones that are as large count with the observed one, which keeps the test valid: Phipson and Smyth,
//! "Permutation P-values should never be zero" (2010).

use super::quantile::median;

/// Pairs up to which all signs are tried.
const EXACT_MAX: usize = 18;
/// Draws of signs beyond that.
const DRAWS: u32 = 10_000;

/// How much slower, and how likely that is by chance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shift {
    /// Geometric mean of the ratios: 1.3 is 30 % slower.
    pub ratio: f64,
    /// Chance of a sum so large or larger if nothing had changed; one-sided.
    pub p_slower: f64,
    /// The same towards quicker.
    pub p_faster: f64,
    /// Standard error of the ratio's logarithm, from how the cases differ.
    pub error: f64,
    /// Cases that were compared.
    pub n: usize,
}

/// What cases say together, each by its ratio of now to before. What is no positive number is left out; none if
/// nothing is left.
#[must_use]
pub fn shift(ratios: &[f64]) -> Option<Shift> {
    let usable = ratios.iter().filter(|ratio| ratio.is_finite() && **ratio > 0.0);
    let logs: Vec<f64> = usable.map(|ratio| ratio.ln()).collect();
    if logs.is_empty() {
        return None;
    }
    let sum: f64 = logs.iter().sum();
    let (p_slower, p_faster) = if logs.len() <= EXACT_MAX { exact(&logs) } else { drawn(&logs) };
    let (n, middle) = (logs.len(), sum / logs.len() as f64);
    let squares: f64 = logs.iter().map(|log| (log - middle).powi(2)).sum();
    // Of one case nobody knows how cases differ.
    let error = (squares / ((n - 1) * n) as f64).sqrt();
    Some(Shift { ratio: middle.exp(), p_slower, p_faster, error, n })
}

/// How many times longer it takes now than before, from several runs of each: the median over all pairs of one run
/// before and one now, after Hodges and Lehmann, "Estimates of location based on rank tests" (1963). One run that
/// was held up does not move it, and it uses nearly all that the runs say. None where there is no pair.
#[must_use]
pub fn ratio(before: &[f64], now: &[f64]) -> Option<f64> {
    let logs = before.iter().flat_map(|before| now.iter().map(move |now| (now / before).ln()));
    let usable: Vec<f64> = logs.filter(|log| log.is_finite()).collect();
    median(&usable).map(f64::exp)
}

/// Shares of all assignments of signs whose sum is at least, and at most, the observed one.
fn exact(logs: &[f64]) -> (f64, f64) {
    let n_all = 1_u32 << logs.len();
    let sum_of = |signs: u32| -> f64 {
        logs.iter().enumerate().map(|(i, log)| if signs >> i & 1 == 1 { *log } else { -log }).sum()
    };
    counts(logs, (0..n_all).map(sum_of), n_all, 0)
}

fn drawn(logs: &[f64]) -> (f64, f64) {
    let mut bits = SplitMix(0x9e37_79b9_7f4a_7c15);
    let sums = (0..DRAWS).map(|_| {
        let mut word = 0;
        let signed = logs.iter().enumerate().map(|(i, log)| {
            if i % 64 == 0 {
                word = bits.next();
            }
            if word >> (i % 64) & 1 == 1 { *log } else { -log }
        });
        signed.sum()
    });
    counts(logs, sums, DRAWS, 1)
}

/// `own` is 1 where the observed assignment is not among those that are tried.
fn counts(logs: &[f64], sums: impl Iterator<Item = f64>, n: u32, own: u32) -> (f64, f64) {
    let observed: f64 = logs.iter().sum();
    // Sums of the same numbers in other signs differ in their last digits.
    let slack = 1e-9 * logs.iter().map(|log| log.abs()).sum::<f64>();
    let (mut n_high, mut n_low) = (own, own);
    for sum in sums {
        n_high += u32::from(sum >= observed - slack);
        n_low += u32::from(sum <= observed + slack);
    }
    let share = |count: u32| f64::from(count) / f64::from(n + own);
    (share(n_high), share(n_low))
}

/// Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014). From a fixed start, so that
/// the same runs always give the same verdict.
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-12
    }

    #[test]
    fn all_slower_is_one_assignment_of_all() {
        let slower = shift(&[1.3; 10]).unwrap();
        assert!(close(slower.ratio, 1.3) && close(slower.p_slower, 1.0 / 1024.0), "{slower:?}");
        assert!(close(slower.p_faster, 1.0));
    }

    #[test]
    fn small_cases_are_counted_by_hand() {
        // Logs 1, 2, 3 with the first negative: sums of at least 4 are +4 and +6.
        let e = std::f64::consts::E;
        let found = shift(&[1.0 / e, e.powi(2), e.powi(3)]).unwrap();
        assert!(close(found.p_slower, 2.0 / 8.0) && close(found.p_faster, 7.0 / 8.0), "{found:?}");
        let equal = shift(&[1.0, 1.0]).unwrap();
        assert!(close(equal.p_slower, 1.0) && close(equal.ratio, 1.0));
    }

    #[test]
    fn many_pairs_agree_with_few() {
        // Fisher's own data: Darwin's maize, differences of 15 pairs. He found 863 of 32768 one-sided.
        let darwin = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48];
        let of = |copies: usize| {
            let logs = darwin.iter().map(|eighths| (f64::from(*eighths) / 100.0).exp());
            shift(&logs.collect::<Vec<_>>().repeat(copies)).unwrap()
        };
        assert!(close(of(1).p_slower, 863.0 / 32768.0), "{:?}", of(1));
        // Twice as many of the same are drawn, and less likely by chance: normal, 2.14 * sqrt 2.
        assert!((0.000_5..0.004).contains(&of(2).p_slower), "{:?}", of(2));
        assert_eq!(of(2), of(2));
    }

    #[test]
    fn what_is_no_pair_is_left_out() {
        assert_eq!(shift(&[]), None);
        assert_eq!(shift(&[0.0, f64::NAN, f64::INFINITY, -1.0]), None);
        assert_eq!(shift(&[1.0, -1.0]).unwrap().n, 1);
    }

    #[test]
    fn one_run_that_was_held_up_moves_nothing() {
        assert!(close(ratio(&[100.0, 100.0, 100.0], &[130.0, 900.0, 130.0]).unwrap(), 1.3));
        assert!(close(ratio(&[100.0, 5_000.0, 100.0], &[100.0]).unwrap(), 1.0));
        assert_eq!((ratio(&[], &[1.0]), ratio(&[0.0], &[1.0])), (None, None));
    }

    #[test]
    fn cases_that_differ_leave_a_doubt() {
        let e = std::f64::consts::E;
        // Logs 0 and 2: the mean 1 with an error of 1.
        let found = shift(&[1.0, e.powi(2)]).unwrap();
        assert!(close(found.error, 1.0) && close(found.ratio, e), "{found:?}");
        assert!(shift(&[1.3; 5]).unwrap().error < 1e-9);
    }
}
