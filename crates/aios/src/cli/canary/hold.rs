//! `aios canary hold`.

use std::io::Write;

use aios_server::Wish;
use clap::Args;

use super::mover::{self, Why};
use crate::cli::context::Context;
use crate::cli::output::Exit;

/// Keep the canary from advancing; it is rolled back as ever
///
/// With --json: as `status`.
#[derive(Debug, Args)]
pub(super) struct Hold {
    #[command(flatten)]
    why: Why,
}

impl Hold {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        mover::run(context, out, Wish::Hold, self.why)
    }
}
