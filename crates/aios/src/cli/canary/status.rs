//! `aios canary status`.

use std::io::Write;

use clap::Args;

use super::shown::Shown;
use crate::cli::context::Context;
use crate::cli::output::{self, Exit, say};
use crate::cli::routing::{InForce, open, standing};

/// Show where the canary stands
///
/// The first line is `current_pct=10, consecutive_passes=0`. Reads the files, so it needs no server. Exit code 2
/// if what is kept is damaged: then everything is in control. With --json: {"current_pct",
/// "consecutive_passes", "consecutive_failures", "phase", "held", "enabled", "version", "next_pct", "candidate",
/// "boundary", "stage_since", "counted", "n_inconclusive", "split", "fault": {"file", "line", "why"} | null}.
#[derive(Debug, Args)]
pub(super) struct Status {}

impl Status {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let config = context.config()?;
        let dir = open(&config.server.data_dir)?;
        let standing = standing(&config, dir.as_ref())?;
        let split = InForce::of(&config)?.split;
        let shown = Shown::new(&config, &standing, Some(split));
        if context.json {
            output::json(out, &shown)?
        } else {
            shown.print(out)?
        }
        match standing.fault {
            None => Ok(Exit::Done),
            Some(fault) => {
                say(format_args!(
                    "what is kept of the canary is damaged: {fault}\nhint: everything is in control; restore the file, or begin anew with `aios canary reset --start-pct N`"
                ));
                Ok(Exit::Violation)
            }
        }
    }
}
