//! `aios audit`.

mod tail;
mod verify;

use std::io::Write;

use clap::{Args, Subcommand};

use super::context::Context;
use super::output::Exit;

/// Read and check the audit trail: what was redacted, erased, changed and refused
#[derive(Debug, Args)]
pub(super) struct Command {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Verify(verify::Verify),
    Tail(tail::Tail),
}

impl Command {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        match self.verb {
            Verb::Verify(verb) => verb.run(context, out),
            Verb::Tail(verb) => verb.run(context, out),
        }
    }
}
