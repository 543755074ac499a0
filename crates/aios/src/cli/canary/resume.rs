//! `aios canary resume`.

use std::io::Write;

use aios_server::Wish;
use clap::Args;

use super::mover::{self, Why};
use crate::cli::context::Context;
use crate::cli::output::Exit;

/// End a hold
///
/// With --json: as `status`.
#[derive(Debug, Args)]
pub(super) struct Resume {
    #[command(flatten)]
    why: Why,
}

impl Resume {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        mover::run(context, out, Wish::Resume, self.why)
    }
}
