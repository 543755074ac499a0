//! How many blocks a stage will need, said before the rollout begins.

use crate::blocks::Shape;

/// Blocks until non-inferiority is shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Needed {
    /// In half of all rollouts.
    pub median: f64,
    /// In nine of ten.
    pub p90: f64,
}

/// Blocks that an equal treatment needs to be shown within `margin`, where both buckets are bad at
/// `rate`. Growth of a bettor's wealth per block is about `margin^2 / (2 (v + margin^2))`, with `v` the
/// variance of a block's difference (Kelly, "A new interpretation of information rate", 1956); the
/// factors were fitted to simulations. Rates below 0.3 % need about twice as many.
#[must_use]
pub fn blocks_needed(rate: f64, margin: f64, shape: Shape) -> Needed {
    const MEDIAN: f64 = 8.0;
    const P90: f64 = 18.0;
    let per_side = 1.0 / f64::from(shape.treated) + 1.0 / f64::from(shape.controls);
    let variance = rate * (1.0 - rate) * per_side;
    let relative = (variance + margin * margin) / (margin * margin);
    Needed { median: MEDIAN * relative, p90: P90 * relative }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The figures that simulations gave for errors of 1 % at one to one.
    #[test]
    fn it_foretells_what_simulations_found() {
        let half = Shape { treated: 1, controls: 1 };
        for (margin, median, p90) in [(0.02, 440.0, 940.0), (0.01, 1_500.0, 3_400.0)] {
            let needed = blocks_needed(0.01, margin, half);
            let off = |found: f64, expect: f64| (found / expect - 1.0).abs();
            assert!(off(needed.median, median) < 0.12 && off(needed.p90, p90) < 0.12, "{needed:?}");
        }
    }
}
