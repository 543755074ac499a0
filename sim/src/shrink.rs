//! A shorter script that shows the same.

use crate::seed::{Outcome, Violation};
use crate::step::Step;

/// Runs that shortening may take.
const RUNS_MAX: usize = 200;

/// Leaves out steps, in ever smaller pieces, for as long as the same invariant breaks (delta debugging,
/// Zeller and Hildebrandt 2002, without its complements). `run` is what has shown it. Returns what is left and what it shows.
#[must_use]
pub fn shrink(
    script: &[Step],
    found: Violation,
    run: impl Fn(&[Step]) -> Result<Outcome, Violation>,
) -> (Vec<Step>, Violation) {
    let mut left: Vec<Step> = script.get(..found.step).unwrap_or(script).to_vec();
    let (mut shown, mut n_runs) = (found, 0);
    let mut piece = left.len().div_ceil(2);
    while piece > 0 && n_runs < RUNS_MAX {
        let mut at = 0;
        while at < left.len() && n_runs < RUNS_MAX {
            let mut shorter = left.clone();
            shorter.drain(at..(at + piece).min(left.len()));
            n_runs += 1;
            match run(&shorter) {
                Err(again) if again.invariant == shown.invariant => {
                    shorter.truncate(again.step);
                    (left, shown) = (shorter, again);
                }
                _ => at += piece,
            }
        }
        piece = if piece == 1 { 0 } else { piece.div_ceil(2) };
    }
    (left, shown)
}
