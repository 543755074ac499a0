//! `aios routing`.

mod calibrate;
mod explain;
mod in_force;
mod status;

use std::io::Write;

use clap::{Args, Subcommand};

use super::context::Context;
use super::output::Exit;

pub(super) use in_force::{InForce, open};
pub(super) use status::{profile_rows, split_rows};

/// Show how messages are routed, and why
#[derive(Debug, Args)]
pub(super) struct Command {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Status(status::Status),
    Explain(explain::Explain),
    Calibrate(calibrate::Calibrate),
}

impl Command {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        match self.verb {
            Verb::Status(verb) => verb.run(context, out),
            Verb::Explain(verb) => verb.run(context, out),
            Verb::Calibrate(verb) => verb.run(context, out),
        }
    }
}
