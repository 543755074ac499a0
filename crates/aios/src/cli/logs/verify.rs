//! `aios logs verify`.

use std::io::Write;

use aios_core::Clock as _;
use aios_store::{Acknowledged, AuditLog, DataDir, Fault, Known, Verified, actor};
use clap::Args;
use serde_json::json;

use crate::cli::context::Context;
use crate::cli::output::{self, Exit, say};
use crate::cli::owner::{self, Owner};
use crate::cli::parse;
use crate::cli::progress::Bar;
use crate::clock::SystemClock;
use crate::config::Config;

/// Check every byte of the event log against what its footers, digests and sidecars say
///
/// Exit code 2 if something is wrong, 3 if there is no log, 1 if the log or the audit trail cannot be read. Torn ends and strays count only where no server writes.
/// A loss has a name behind it: --acknowledge takes note of it, on record, and from then on it is shown and is no fault,
/// until more is lost. With --json: {"n_segments", "n_events", "bytes", "faults": [{"path", "line", "why", "loss"}],
/// "acknowledged": [{"path", "why", "loss", "by", "at", "reason"}]}.
#[derive(Debug, Args)]
pub(super) struct Verify {
    /// Take note of this loss, which cannot be restored, then check
    #[arg(long, value_name = "LOSS", requires = "reason")]
    acknowledge: Option<String>,
    /// Why it stays; what it says of anybody is masked
    #[arg(long, value_parser = parse::words, requires = "acknowledge")]
    reason: Option<String>,
}

impl Verify {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let config = context.config()?;
        if let Some((loss, reason)) = self.acknowledge.zip(self.reason) {
            let known = acknowledge(&config, &loss, &reason)?;
            say(format_args!("{} is acknowledged by {} since {}", known.loss, known.by, known.at));
        }
        let bar = Bar::of_bytes();
        // Owned while it lasts, so that nobody begins to write meanwhile.
        let verified = match Owner::of(&config)? {
            Owner::Us(dir) => aios_store::verify(&dir, true, &bar)?,
            Owner::Server => {
                let dir = DataDir::read(&config.server.data_dir)?;
                aios_store::verify(&dir, false, &bar)?
            }
        };
        // What was removed from the log stands in the trail: where that cannot be read, nobody knows that all is there.
        aios_store::audit_tail(&DataDir::read(&config.server.data_dir)?, 1)?;
        if context.json {
            output::json(out, &verified)?;
        } else {
            print(out, &verified)?;
        }
        let is_nothing = verified.n_segments == 0 && verified.n_events == 0;
        Ok(match verified.faults.is_empty() {
            false => Exit::Violation,
            true if is_nothing => {
                say("NODATA: there is no event and no segment, so that nothing was checked");
                Exit::Incomplete
            }
            true => Exit::Done,
        })
    }
}

fn acknowledge(config: &Config, loss: &str, reason: &str) -> anyhow::Result<Acknowledged> {
    match Owner::of(config)? {
        Owner::Us(dir) => {
            let now = SystemClock.now();
            let audit = AuditLog::offline(&dir, config.audit.clone(), now)?;
            let (by, redactor) = (actor::OPERATOR, config.privacy.redactor());
            let known =
                aios_store::acknowledge_loss(&dir, &audit, loss, reason, &redactor, by, now)?;
            audit.close(SystemClock.now())?;
            Ok(known)
        }
        Owner::Server => {
            let asked = json!({ "loss": loss, "reason": reason });
            owner::ask(config, "/admin/v1/logs/acknowledge", &asked)
        }
    }
}

fn print(out: &mut dyn Write, verified: &Verified) -> anyhow::Result<()> {
    for Fault { path, line, why, loss } in &verified.faults {
        let line = line.map(|line| format!(":{line}")).unwrap_or_default();
        let loss = loss.as_ref().map(|loss| format!(" [loss {loss}]")).unwrap_or_default();
        writeln!(out, "{}{line}: {why}{loss}", path.display())?;
    }
    for Known { path, why, acknowledged } in &verified.acknowledged {
        let Acknowledged { loss, by, at, reason, .. } = acknowledged;
        let reason = reason.as_str();
        writeln!(
            out,
            "{}: {why} [loss {loss}, acknowledged by {by} at {at} because: {reason}]",
            path.display()
        )?;
    }
    let Verified { n_segments, n_events, bytes, faults, acknowledged } = verified;
    let known = match acknowledged.len() {
        0 => String::new(),
        n => format!(", acknowledged: {n}"),
    };
    writeln!(
        out,
        "sealed segments: {n_segments}, events: {n_events}, bytes: {bytes}, faults: {}{known}",
        faults.len()
    )?;
    if faults.iter().any(|fault| fault.loss.is_some()) {
        say(
            "hint: restore what is lost from a backup; where there is none, `aios logs verify --acknowledge LOSS --reason TEXT` takes note of it",
        );
    }
    Ok(())
}
