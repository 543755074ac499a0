//! `aios keys`.

mod list;
mod new;
mod rotate;

use std::io::Write;

use clap::{Args, Subcommand};

use super::context::Context;
use super::output::Exit;

/// Make client keys; list and rotate the key of the pseudonyms
#[derive(Debug, Args)]
pub(super) struct Command {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    New(new::New),
    List(list::List),
    Rotate(rotate::Rotate),
    Retire(rotate::Retire),
}

impl Command {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        match self.verb {
            Verb::New(verb) => verb.run(context, out),
            Verb::List(verb) => verb.run(context, out),
            Verb::Rotate(verb) => verb.run(context, out),
            Verb::Retire(verb) => verb.run(context, out),
        }
    }
}
