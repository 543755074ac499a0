//! `aios pii`.

mod input;
mod redact;
mod rules;
mod scan;

use std::io::Write;

use clap::{Args, Subcommand};

use super::context::Context;
use super::output::Exit;

/// Find and mask personal data and secrets in files
///
/// What is looked for is what the configuration's [privacy] section says.
#[derive(Debug, Args)]
pub(super) struct Command {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Scan(scan::Scan),
    Redact(redact::Redact),
    Rules(rules::Rules),
}

impl Command {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        match self.verb {
            Verb::Scan(verb) => verb.run(context, out),
            Verb::Redact(verb) => verb.run(context, out),
            Verb::Rules(verb) => verb.run(context, out),
        }
    }
}
