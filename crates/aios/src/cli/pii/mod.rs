//! `aios pii`.

mod files;
mod input;
mod redact;
mod rules;
mod scan;
mod stand_in;
mod test;

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
    Test(test::Test),
}

impl Command {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        match self.verb {
            Verb::Scan(verb) => verb.run(context, out),
            Verb::Redact(verb) => verb.run(context, out),
            Verb::Rules(verb) => verb.run(context, out),
            Verb::Test(verb) => verb.run(context, out),
        }
    }
}

/// How sure a rule is, as it was written: 0.9, not 0.8999999761581421.
fn hundredths<S: serde::Serializer>(conf: &f32, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((f64::from(*conf) * 100.0).round() / 100.0)
}
