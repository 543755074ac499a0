//! Says what the memory holds twice, and what nobody has needed for long. Proposes and changes nothing.

use aios_store::MemoryStore;

use crate::nightly::{Night, Outcome, Step};

pub(in crate::nightly) const STEP: Step = Step { name: "memory", run };

fn run(night: &Night) -> Result<Outcome, String> {
    let memory = MemoryStore::read(&night.data_dir).map_err(|error| error.to_string())?;
    let Some(memory) = memory else {
        return Ok(Outcome::Skipped("nothing is remembered".to_owned()));
    };
    let copies = memory.find_copies().map_err(|error| error.to_string())?;
    let idle = memory.find_idle(night.now).map_err(|error| error.to_string())?;
    let n_linked = copies.n_near + copies.n_variants;
    let (n_fragments, n_exact, n_idle) = (copies.n_fragments, copies.n_exact, idle.proposed.len());
    let way_on = match (n_exact + n_linked > 0, n_idle > 0) {
        (false, false) => "",
        (true, false) => "; `aios memory dedup --execute` does it",
        (false, true) => "; `aios memory decay --execute` does it",
        (true, true) => "; `aios memory dedup --execute` and `decay --execute` do it",
    };
    Ok(Outcome::Done(format!(
        "{n_fragments} fragments, {n_exact} to merge, {n_linked} to link, {n_idle} to put away{way_on}"
    )))
}
