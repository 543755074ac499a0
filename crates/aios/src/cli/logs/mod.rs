//! `aios logs`.

mod hold;
mod migrate;
mod reindex;
mod rotate;
mod stats;
mod verify;

use super::verbs::verbs;

verbs! {
    /// Look after the event log: what is kept, for how long, and whether it is sound
    Command {
        Stats(stats::Stats),
        Rotate(rotate::Rotate),
        Reindex(reindex::Reindex),
        Verify(verify::Verify),
        Migrate(migrate::Migrate),
        Hold(hold::Hold),
    }
}
