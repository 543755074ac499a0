//! `aios data`.

mod delete;
mod erase;
mod find;
mod shown;
mod verify;
mod whose;

use std::io::Write;

use clap::{Args, Subcommand};

use super::context::Context;
use super::output::Exit;

/// Find and erase what is stored of a conversation or a person
///
/// Counts are shown, never text. Exit code 3 if something could not be read.
#[derive(Debug, Args)]
pub(super) struct Command {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Find(find::Find),
    Delete(delete::Delete),
    Verify(verify::Verify),
}

impl Command {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        match self.verb {
            Verb::Find(verb) => verb.run(context, out),
            Verb::Delete(verb) => verb.run(context, out),
            Verb::Verify(verb) => verb.run(context, out),
        }
    }
}
