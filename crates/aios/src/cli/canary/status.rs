//! `aios canary status`.

use std::io::Write;

use aios_core::Clock as _;
use aios_store::DataDir;
use clap::Args;

use super::shown::Shown;
use crate::cli::context::Context;
use crate::cli::output::{self, Exit, say};
use crate::cli::routing::{InForce, standing, tell_override};
use crate::cli::running;
use crate::clock::SystemClock;

/// What an operator can do where what is kept cannot be used.
pub(in crate::cli) const DAMAGED: &str = "everything is in control; restore the file, or begin anew with `aios canary reset --start-pct N`";

/// Why nothing is judged, and what an operator can do.
pub(in crate::cli) const AHEAD: &str = "a clock was ahead when something was kept of the canary";
pub(in crate::cli) const AHEAD_HINT: &str =
    "see that the clock is right, then begin anew with `aios canary reset --start-pct N`";

/// Show where the canary stands
///
/// The first line is `current_pct=10, consecutive_passes=0`. Reads the files; what is in force is what a running server
/// says. Exit code 2 if what is kept is damaged, so that everything is in control, or of a time that has not come, so
/// that nothing is judged, or if there is an override that is not taken. With --json: {"current_pct",
/// "consecutive_passes", "consecutive_failures", "phase", "held", "hold": {"since", "actor", "reason"} | null, "enabled", "version", "next_pct", "candidate",
/// "boundary", "stage_since", "counted", "n_inconclusive", "ahead_until",
/// "split", "fault": {"file", "line", "why"} | null}.
#[derive(Debug, Args)]
pub(super) struct Status {}

impl Status {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let config = context.config()?;
        let dir = DataDir::read(&config.server.data_dir)?;
        let standing = standing(&config, Some(&dir))?;
        // What a running server routes by is what it says, whatever the files would make of it.
        let (split, refused) = match running::owner(&config)? {
            Some(running) => (running.status.split, running.status.override_error),
            None => {
                let InForce { split, override_error, .. } = InForce::of(&config)?;
                (split, override_error.map(|error| error.to_string()))
            }
        };
        let shown = Shown::new(&config, &standing, Some(split), SystemClock.now());
        if context.json {
            output::json(out, &shown)?
        } else {
            shown.print(out)?
        }
        if let Some(fault) = standing.fault {
            say(format_args!("what is kept of the canary is damaged: {fault}\nhint: {DAMAGED}"));
            return Ok(Exit::Violation);
        }
        if let Some(until) = shown.ahead_until() {
            say(format_args!("nothing is judged before {until}: {AHEAD}\nhint: {AHEAD_HINT}"));
            return Ok(Exit::Violation);
        }
        Ok(tell_override(refused.as_deref()))
    }
}
