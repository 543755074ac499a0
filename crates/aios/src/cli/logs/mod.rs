//! `aios logs`.

mod hold;
mod migrate;
mod reindex;
mod rotate;
mod stats;
mod verify;

use std::io::Write;

use clap::{Args, Subcommand};

use super::context::Context;
use super::output::Exit;

/// Look after the event log: what is kept, for how long, and whether it is sound
#[derive(Debug, Args)]
pub(super) struct Command {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Stats(stats::Stats),
    Rotate(rotate::Rotate),
    Reindex(reindex::Reindex),
    Verify(verify::Verify),
    Migrate(migrate::Migrate),
    Hold(hold::Hold),
}

impl Command {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        match self.verb {
            Verb::Stats(verb) => verb.run(context, out),
            Verb::Rotate(verb) => verb.run(context, out),
            Verb::Reindex(verb) => verb.run(context, out),
            Verb::Verify(verb) => verb.run(context, out),
            Verb::Migrate(verb) => verb.run(context, out),
            Verb::Hold(verb) => verb.run(context, out),
        }
    }
}
