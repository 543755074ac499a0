//! `aios logs rotate`.

use std::io::Write;

use aios_core::Clock as _;
use aios_store::{EventStore as _, FileEventLog, Rotated};
use clap::Args;
use serde_json::json;

use crate::cli::context::Context;
use crate::cli::output::{self, Exit, say};
use crate::cli::owner::{self, Owner};
use crate::clock::SystemClock;

/// Seal, compress and remove what is due
///
/// The server does it every hour; this does it at once. Exit code 2 if a guard stopped it, 3 if some
/// segments could not be compressed or removed. With --json: {"n_sealed", "compressed", "removed",
/// "held": [{"segment", "hold", "owner"}], "stopped", "failed", "dry_run"}.
#[derive(Debug, Args)]
pub(super) struct Rotate {
    /// Seal the active segment, too, although its day is not over
    #[arg(long)]
    now: bool,
    /// Go on where a guard says stop: the clock jumped, or much would go at once
    #[arg(long)]
    force: bool,
    /// Only say what would be done
    #[arg(long)]
    dry_run: bool,
}

impl Rotate {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let config = context.config()?;
        let (seal, force, dry_run) = (self.now, self.force, self.dry_run);
        let rotated: Rotated = match Owner::of(&config)? {
            Owner::Us(dir) => {
                let log = FileEventLog::open(&dir, config.events.log)?;
                log.rotate(SystemClock.now(), aios_store::Rotate { seal, force, dry_run })?
            }
            Owner::Server => {
                let asked = json!({ "seal": seal, "force": force, "dry_run": dry_run });
                owner::ask(&config, "/admin/v1/logs/rotate", &asked)?
            }
        };
        if context.json {
            output::json(out, &rotated)?;
        } else {
            print(out, &rotated)?;
        }
        Ok(exit(&rotated))
    }
}

fn exit(rotated: &Rotated) -> Exit {
    if let Some(stop) = rotated.stopped {
        say(format_args!("stopped: {stop}\nhint: if this is right, go on with --force"));
        return Exit::Violation;
    }
    for why in &rotated.failed {
        say(format_args!("not done: {why}"));
    }
    if rotated.failed.is_empty() { Exit::Done } else { Exit::Incomplete }
}

fn print(out: &mut dyn Write, rotated: &Rotated) -> anyhow::Result<()> {
    let would = if rotated.dry_run { "would be " } else { "" };
    writeln!(out, "sealed: {}", rotated.n_sealed)?;
    for (what, ids) in [("compressed", &rotated.compressed), ("removed", &rotated.removed)] {
        writeln!(out, "{would}{what}: {}", ids.len())?;
        ids.iter().try_for_each(|id| writeln!(out, "  {id}"))?;
    }
    if !rotated.held.is_empty() {
        writeln!(out, "held: {}", rotated.held.len())?;
    }
    for held in &rotated.held {
        writeln!(out, "  {} by {} ({})", held.segment, held.hold, held.owner)?;
    }
    Ok(())
}
