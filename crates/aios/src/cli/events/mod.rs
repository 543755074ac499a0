//! `aios events`.

mod line;
mod printer;
mod query;
mod tail;

use std::io::Write;

use clap::{Args, Subcommand};

use super::context::Context;
use super::output::Exit;

/// Read the event log, also while a server writes it
///
/// With --json: each event on a line, as it is stored. Exit code 3 if a line is no event.
#[derive(Debug, Args)]
pub(super) struct Command {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Tail(tail::Tail),
    Query(query::Query),
}

impl Command {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        match self.verb {
            Verb::Tail(verb) => verb.run(context, out),
            Verb::Query(verb) => verb.run(context, out),
        }
    }
}
