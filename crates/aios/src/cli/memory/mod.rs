//! `aios memory`.

mod add;
mod decay;
mod dedup;
mod import;
pub(super) mod opened;
mod pin;
mod rebuild;
mod score;
pub(super) mod search;
mod stats;
mod supersede;

use super::verbs::verbs;

verbs! {
    /// Keep what was said, find it again, and look after it
    ///
    /// While `aios serve` runs, it is asked to do what changes something.
    Command {
        Add(add::Add),
        Search(search::Search),
        Import(import::Import),
        Stats(stats::Stats),
        Dedup(dedup::Dedup),
        Decay(decay::Decay),
        Score(score::Score),
        Rebuild(rebuild::Rebuild),
        Pin(pin::Pin),
        Supersede(supersede::Supersede),
    }
}
