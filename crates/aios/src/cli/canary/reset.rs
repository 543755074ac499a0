//! `aios canary reset`.

use std::io::Write;

use aios_core::Percent;
use aios_server::Wish;
use clap::Args;

use super::mover::{self, Why};
use crate::cli::context::Context;
use crate::cli::output::Exit;

/// Begin a new rollout, whose evidence begins at nothing; 0 puts everything into control
///
/// What cannot be read of the old one is put aside. With --json: as `status`.
#[derive(Debug, Args)]
pub(super) struct Reset {
    /// Share of conversations in treatment, in percent
    #[arg(long, value_name = "N", value_parser = percent, allow_negative_numbers = true)]
    start_pct: Percent,
    #[command(flatten)]
    why: Why,
}

impl Reset {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        mover::run(context, out, Wish::Reset(self.start_pct), self.why)
    }
}

fn percent(text: &str) -> Result<Percent, String> {
    let number = text.parse::<f64>().map_err(|_| "expected a number from 0 to 100".to_owned())?;
    Percent::new(number).map_err(|error| error.to_string())
}
