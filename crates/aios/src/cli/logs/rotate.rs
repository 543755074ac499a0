//! `aios logs rotate`.

use std::io::Write;
use std::sync::Arc;

use aios_core::Clock as _;
use aios_store::{AuditLog, DataDir, Eraser, FileEventLog, Rotated, Rotator, actor};
use clap::Args;
use serde_json::json;

use crate::cli::context::Context;
use crate::cli::output::{self, Exit, say};
use crate::cli::owner::{self, Owner};
use crate::clock::SystemClock;
use crate::config::Config;

/// Seal, compress and remove what is due
///
/// The event log, and days of the audit trail that are past their time. What was erased and is there again, as from
/// a backup, is erased once more. The server does it every hour;
/// this does it at once. Exit code 2 if a guard stopped it, 3 if something could not be done. With --json:
/// {"n_sealed", "compressed", "removed", "held": [{"segment", "hold", "owner"}], "n_erased_again", "n_forgotten",
/// "n_audit_days", "stopped", "failed", "dry_run"}.
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
        let Self { now: seal, force, dry_run } = self;
        let rotate = aios_store::Rotate { seal, force, dry_run };
        let rotated: Rotated = match Owner::of(&config)? {
            Owner::Us(dir) if dry_run => {
                let (policy, days) = (config.events.log.retention, config.audit.keep_days);
                aios_store::would_rotate(&dir, &policy, days, SystemClock.now(), rotate)?
            }
            Owner::Us(dir) => here(&config, &dir, rotate)?,
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

fn here(config: &Config, dir: &DataDir, rotate: aios_store::Rotate) -> anyhow::Result<Rotated> {
    let log = Arc::new(FileEventLog::open(dir, config.events.log)?);
    let audit = Arc::new(AuditLog::offline(dir, config.audit.clone(), SystemClock.now())?);
    let clock = Arc::new(SystemClock);
    let eraser = Eraser::open(dir, Arc::clone(&log), Arc::clone(&audit), clock)?;
    let rotator = Rotator::new(log, Arc::clone(&audit))
        .with_eraser(Arc::new(eraser), &config.events.log.retention);
    let rotated = rotator.rotate(actor::OPERATOR, SystemClock.now(), rotate)?;
    audit.close(SystemClock.now())?;
    Ok(rotated)
}

fn exit(rotated: &Rotated) -> Exit {
    for why in &rotated.failed {
        say(format_args!("not done: {why}"));
    }
    if let Some(stop) = rotated.stopped {
        say(format_args!("stopped: {stop}\nhint: {}", stop.hint()));
        return Exit::Violation;
    }
    if rotated.failed.is_empty() { Exit::Done } else { Exit::Incomplete }
}

fn print(out: &mut dyn Write, rotated: &Rotated) -> anyhow::Result<()> {
    let would = if rotated.dry_run { "would be " } else { "" };
    writeln!(out, "{would}sealed: {}", rotated.n_sealed)?;
    for (what, ids) in [("compressed", &rotated.compressed), ("removed", &rotated.removed)] {
        writeln!(out, "{would}{what}: {}", ids.len())?;
        ids.iter().try_for_each(|id| writeln!(out, "  {id}"))?;
    }
    if rotated.n_erased_again > 0 {
        writeln!(out, "erased once more: {}", rotated.n_erased_again)?;
    }
    if rotated.n_forgotten > 0 {
        writeln!(out, "erasures taken out of the ledger: {}", rotated.n_forgotten)?;
    }
    if rotated.n_audit_days > 0 {
        writeln!(out, "{would}removed days of the audit trail: {}", rotated.n_audit_days)?;
    }
    if !rotated.held.is_empty() {
        writeln!(out, "held: {}", rotated.held.len())?;
    }
    for held in &rotated.held {
        writeln!(out, "  {} by {} ({})", held.segment, held.hold, held.owner)?;
    }
    Ok(())
}
