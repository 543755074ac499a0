//! `aios logs verify`.

use std::io::Write;

use aios_store::{DataDir, Fault, Verified};
use clap::Args;

use crate::cli::context::Context;
use crate::cli::output::{self, Exit, say};
use crate::cli::owner::Owner;
use crate::cli::progress::Bar;

/// Check every byte of the event log against what its footers, digests and sidecars say
///
/// Exit code 2 if something is wrong, 3 if there is no log, 1 if the log or the audit trail cannot be read. Torn ends and strays count only where no server writes. With
/// --json: {"n_segments", "n_events", "bytes", "faults": [{"path", "line", "why"}]}.
#[derive(Debug, Args)]
pub(super) struct Verify;

impl Verify {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let config = context.config()?;
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

fn print(out: &mut dyn Write, verified: &Verified) -> anyhow::Result<()> {
    for Fault { path, line, why } in &verified.faults {
        let line = line.map(|line| format!(":{line}")).unwrap_or_default();
        writeln!(out, "{}{line}: {why}", path.display())?;
    }
    let Verified { n_segments, n_events, bytes, faults } = verified;
    writeln!(
        out,
        "sealed segments: {n_segments}, events: {n_events}, bytes: {bytes}, faults: {}",
        faults.len()
    )?;
    Ok(())
}
