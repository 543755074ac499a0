//! One seed, from its first step to its end, once or twice.

use std::path::Path;

use crate::acts;
use crate::home::Home;
use crate::invariants::NOTHING_PANICS;
use crate::panics::{self, Panics};
use crate::planted::{COMES_TO_THE_SAME, Planted};
use crate::reached::Reached;
use crate::run::Run;
use crate::step::Step;

/// What a seed has come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// How often it came to what is worth coming to, by name.
    pub reached: Reached,
    /// Digest of what is kept at the end and of what clients got; the same for every run of a seed.
    pub digest: String,
}

/// Something is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("after step {step}: {invariant}: {why}")]
pub struct Violation {
    /// Steps that were done, the one that showed it included.
    pub step: usize,
    /// What does not hold.
    pub invariant: &'static str,
    /// How it was seen.
    pub why: String,
}

/// Runs a script in a room of `home`. Everything is checked after each step.
///
/// # Errors
/// The first violation.
pub fn run(
    home: &Home,
    seed: u64,
    script: &[Step],
    planted: Option<Planted>,
) -> Result<Outcome, Violation> {
    // Removed last, also where what is in it is forgotten.
    let room = home.room().map_err(|why| broken(0, &why))?;
    let panics = Panics::default();
    let _watched = panics.watch();
    let (mut run, mut step) = (None, 0);
    let ended =
        panics::caught(|| go(&mut run, &mut step, (room.path(), seed, planted, &panics), script));
    let closed = panics::caught(|| run.iter_mut().for_each(Run::close));
    if closed.is_none() {
        // To drop what panics when it is closed would panic once more.
        std::mem::forget(run);
    }
    match (ended, panics.first()) {
        (Some(ended), None) => ended,
        (_, said) => {
            let why = said.unwrap_or_else(|| "a panic that nobody noted".to_owned());
            Err(Violation { step, invariant: NOTHING_PANICS, why })
        }
    }
}

/// Runs a script twice: it must come to the same.
///
/// # Errors
/// The first violation, or that it has come to something else.
pub fn run_twice(
    home: &Home,
    seed: u64,
    script: &[Step],
    planted: Option<Planted>,
) -> Result<Outcome, Violation> {
    let first = run(home, seed, script, planted)?;
    let again = run(home, seed, script, planted)?;
    if again == first {
        return Ok(first);
    }
    let why = format!("{} {} and {} {}", first.digest, first.reached, again.digest, again.reached);
    Err(Violation { step: script.len(), invariant: COMES_TO_THE_SAME, why })
}

/// Does one step after the other, and says with which it is.
fn go(
    slot: &mut Option<Run>,
    n: &mut usize,
    (dir, seed, planted, panics): (&Path, u64, Option<Planted>, &Panics),
    script: &[Step],
) -> Result<Outcome, Violation> {
    let run = slot.insert(Run::new(dir, seed, planted, panics).map_err(|why| broken(0, &why))?);
    for step in script {
        *n += 1;
        acts::act(run, step).map_err(|why| broken(*n, &why))?;
        run.check().map_err(|found| Violation { step: *n, ..found })?;
    }
    let outcome = run.end().map_err(|why| broken(*n, &why))?;
    run.check().map_err(|found| Violation { step: *n, ..found })?;
    Ok(outcome)
}

/// It could not be gone on with.
fn broken(step: usize, why: &anyhow::Error) -> Violation {
    Violation { step, invariant: "it runs", why: format!("{why:#}") }
}
