//! `aios golden`.

mod accept;
mod asker;
mod compare;
mod files;
mod lint;
mod measure;
mod outputs;
mod promote;
mod record;
mod runner;
mod shown;
mod target;

use std::io::Write;

use clap::{Args, Subcommand};

use super::context::Context;
use super::output::Exit;

/// Ask the questions of a golden set and compare the answers with those of a baseline
///
/// Exit code 2 if something got worse, 1 if it could not be told.
#[derive(Debug, Args)]
pub(super) struct Command {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Record(record::Record),
    Compare(compare::Compare),
    Promote(promote::Promote),
    Accept(accept::Accept),
    Lint(lint::Lint),
}

impl Command {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        match self.verb {
            Verb::Record(verb) => verb.run(context, out),
            Verb::Compare(verb) => verb.run(context, out),
            Verb::Promote(verb) => verb.run(context, out),
            Verb::Accept(verb) => verb.run(context, out),
            Verb::Lint(verb) => verb.run(context, out),
        }
    }
}
