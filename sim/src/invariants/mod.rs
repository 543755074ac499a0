//! What must hold after every step: a file each, a line in the list.

mod apart;
mod ends;
pub(crate) mod erased;
mod evidence;
mod feedback;
mod in_use;
mod kept;
mod limits;
mod one_event;
mod panics;
mod passing;
mod private;
mod replay;
mod split;

pub(crate) use limits::LIMITED;

use crate::files::Files;
use crate::panics::Panics;
use crate::seed::Violation;
use crate::truth::Truth;
use crate::world::World;

/// What there is to look at.
pub(crate) struct Seen<'a> {
    pub(crate) seed: u64,
    pub(crate) truth: &'a Truth,
    pub(crate) files: &'a Files,
    pub(crate) world: &'a World,
    pub(crate) panics: &'a Panics,
}

/// What a panic breaks, wherever it is.
pub(crate) const NOTHING_PANICS: &str = "nothing panics";

/// Something that must hold.
struct Invariant {
    name: &'static str,
    check: fn(&Seen<'_>) -> Result<(), String>,
}

const INVARIANTS: &[Invariant] = &[
    Invariant { name: NOTHING_PANICS, check: panics::check },
    Invariant { name: "every request ends", check: ends::check },
    Invariant { name: "one request, one event", check: one_event::check },
    Invariant { name: "what is said of an answer is kept", check: feedback::check },
    Invariant { name: "what is erased stays erased", check: erased::check },
    Invariant { name: "nothing personal is kept", check: private::check },
    Invariant { name: "what passes is what may pass", check: passing::check },
    Invariant { name: "no conversation is taken for another", check: apart::check },
    Invariant { name: "limits hold, and hold nobody back", check: limits::check },
    Invariant { name: "a model that is well is in use", check: in_use::check },
    Invariant { name: "the split is what it may be", check: split::check },
    Invariant { name: "what was decided is kept", check: kept::check },
    Invariant { name: "no move without its evidence", check: evidence::check },
    Invariant { name: "the log replays to the same state", check: replay::check },
];

/// What they are called.
#[cfg(test)]
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    INVARIANTS.iter().map(|invariant| invariant.name)
}

/// Checks all.
pub(crate) fn check(seen: &Seen<'_>) -> Result<(), Violation> {
    INVARIANTS.iter().try_for_each(|invariant| {
        (invariant.check)(seen).map_err(|why| Violation { step: 0, invariant: invariant.name, why })
    })
}
