//! Whether answers got slower, case by case.
//!
//! What is compared is the logarithm of each case's ratio, so that a slow case does not count for more than a
//! quick one and twice as slow is as far from equal as half. If nothing has changed, each of those logarithms
//! could as well have had the other sign: Fisher's randomization test for pairs ("The Design of Experiments",
//! 1935, section 21). All signs are tried where there are few pairs. Otherwise signs are drawn, and the drawn
//! ones that are as large count with the observed one, which keeps the test valid: Phipson and Smyth,
//! "Permutation P-values should never be zero" (2010).

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
    /// Pairs that were compared.
    pub n: usize,
}

/// Compares pairs of (before, now). Pairs that are not two positive numbers are left out; none if nothing is left.
#[must_use]
pub fn shift(pairs: &[(f64, f64)]) -> Option<Shift> {
    let is_real = |x: f64| x.is_finite() && x > 0.0;
    let usable = pairs.iter().filter(|(before, now)| is_real(*before) && is_real(*now));
    let logs: Vec<f64> = usable.map(|(before, now)| (now / before).ln()).collect();
    if logs.is_empty() {
        return None;
    }
    let sum: f64 = logs.iter().sum();
    let (p_slower, p_faster) = if logs.len() <= EXACT_MAX { exact(&logs) } else { drawn(&logs) };
    Some(Shift { ratio: (sum / logs.len() as f64).exp(), p_slower, p_faster, n: logs.len() })
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

    fn pairs(ratios: &[f64]) -> Vec<(f64, f64)> {
        ratios.iter().map(|ratio| (100.0, 100.0 * ratio)).collect()
    }

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-12
    }

    #[test]
    fn all_slower_is_one_assignment_of_all() {
        let slower = shift(&pairs(&[1.3; 10])).unwrap();
        assert!(close(slower.ratio, 1.3) && close(slower.p_slower, 1.0 / 1024.0), "{slower:?}");
        assert!(close(slower.p_faster, 1.0));
    }

    #[test]
    fn small_cases_are_counted_by_hand() {
        // Logs 1, 2, 3 with the first negative: sums of at least 4 are +4 and +6.
        let e = std::f64::consts::E;
        let found = shift(&pairs(&[1.0 / e, e.powi(2), e.powi(3)])).unwrap();
        assert!(close(found.p_slower, 2.0 / 8.0) && close(found.p_faster, 7.0 / 8.0), "{found:?}");
        let equal = shift(&pairs(&[1.0, 1.0])).unwrap();
        assert!(close(equal.p_slower, 1.0) && close(equal.ratio, 1.0));
    }

    #[test]
    fn many_pairs_agree_with_few() {
        // Fisher's own data: Darwin's maize, differences of 15 pairs. He found 863 of 32768 one-sided.
        let darwin = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48];
        let of = |copies: usize| {
            let logs = darwin.iter().map(|eighths| (f64::from(*eighths) / 100.0).exp());
            shift(&pairs(&logs.collect::<Vec<_>>().repeat(copies))).unwrap()
        };
        assert!(close(of(1).p_slower, 863.0 / 32768.0), "{:?}", of(1));
        // Twice as many of the same are drawn, and less likely by chance: normal, 2.14 * sqrt 2.
        assert!((0.000_5..0.004).contains(&of(2).p_slower), "{:?}", of(2));
        assert_eq!(of(2), of(2));
    }

    #[test]
    fn what_is_no_pair_is_left_out() {
        assert_eq!(shift(&[]), None);
        assert_eq!(shift(&[(0.0, 5.0), (f64::NAN, 1.0), (1.0, f64::INFINITY)]), None);
        assert_eq!(shift(&[(1.0, 1.0), (-1.0, 1.0)]).unwrap().n, 1);
    }
}
