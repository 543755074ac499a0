//! Seals, compresses and removes what is due, as `aios logs rotate` does.

use aios_store::{Rotate, Rotated};

use crate::nightly::{Night, Outcome, Step};

pub(in crate::nightly) const STEP: Step = Step { name: "rotate", run };

fn run(night: &Night) -> Result<Outcome, String> {
    let rotate = Rotate { dry_run: night.dry_run, ..Rotate::default() };
    let rotated = night.rotator.rotate(&night.actor, night.now, rotate);
    let rotated = rotated.map_err(|error| error.to_string())?;
    if !rotated.failed.is_empty() {
        return Err(rotated.failed.join("; "));
    }
    if rotated.n_erased_again > 0 {
        let n = rotated.n_erased_again;
        return Ok(Outcome::Violation(format!(
            "{n} erased conversations were in the log again, as from a backup, and are erased once more"
        )));
    }
    if let Some(stop) = rotated.stopped {
        let hint = stop.hint();
        return Ok(Outcome::Violation(format!("retention has stopped: {stop}; {hint}")));
    }
    Ok(Outcome::Done(told(&rotated)))
}

fn told(rotated: &Rotated) -> String {
    let Rotated { n_sealed, compressed, removed, held, .. } = rotated;
    let (n_compressed, n_removed, n_held) = (compressed.len(), removed.len(), held.len());
    format!("{n_sealed} sealed, {n_compressed} compressed, {n_removed} removed, {n_held} held")
}
