//! `aios canary approve`.

use std::io::Write;

use aios_server::Wish;
use clap::Args;

use super::mover::{self, Why};
use crate::cli::context::Context;
use crate::cli::output::Exit;
use crate::cli::parse;

/// Go to the next stage without proof, and answer for it
///
/// With --json: as `status`.
#[derive(Debug, Args)]
pub(super) struct Approve {
    /// Why; it is kept with the decision
    #[arg(long, value_name = "TEXT", value_parser = parse::words)]
    reason: String,
    /// Only if nothing has changed since this version, which `status` shows
    #[arg(long, value_name = "N")]
    if_version: Option<u64>,
}

impl Approve {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let Self { reason, if_version } = self;
        let stages = context.config()?.canary.policy.stages;
        mover::run(context, out, Wish::Approve(stages), Why { reason, if_version })
    }
}
