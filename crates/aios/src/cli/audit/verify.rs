//! `aios audit verify`.

use std::io::Write;
use std::path::PathBuf;

use aios_store::{AuditVerdict, DataDir};
use clap::Args;
use serde_json::{Value, json};

use crate::cli::context::Context;
use crate::cli::output::{self, Exit, say};

/// Check every entry and every signature; names the first entry that is not as it was written
///
/// Exit code 2 if there is one, 3 if there is no trail. With --json: {"ok": true, "verified"},
/// {"ok": false, "fault": {"seq", "file", "line", "why"}} or {"ok": false, "no_data": true}.
#[derive(Debug, Args)]
pub(super) struct Verify {
    /// A copy of the checkpoints that was kept elsewhere; audit.checkpoint_copy is always used
    #[arg(long, value_name = "FILE")]
    checkpoints: Vec<PathBuf>,
}

impl Verify {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let config = context.config()?;
        let dir = DataDir::read(config.server.data_dir)?;
        let copies: Vec<_> =
            config.audit.checkpoint_copy.into_iter().chain(self.checkpoints).collect();
        let verdict = aios_store::verify_audit(&dir, &copies)?;
        if context.json {
            output::json(out, &shown(&verdict))?;
        } else {
            print(out, &verdict)?;
        }
        Ok(match verdict {
            AuditVerdict::Sound(_) => Exit::Done,
            AuditVerdict::Bad(_) => Exit::Violation,
            AuditVerdict::NoData => Exit::Incomplete,
        })
    }
}

fn shown(verdict: &AuditVerdict) -> Value {
    match verdict {
        AuditVerdict::Sound(verified) => json!({ "ok": true, "verified": verified }),
        AuditVerdict::Bad(fault) => json!({ "ok": false, "fault": fault }),
        AuditVerdict::NoData => json!({ "ok": false, "no_data": true }),
    }
}

fn print(out: &mut dyn Write, verdict: &AuditVerdict) -> anyhow::Result<()> {
    match verdict {
        AuditVerdict::Sound(verified) => writeln!(
            out,
            "AUDIT_OK entries={} seq={}..{} checkpoints={} signed_up_to={}",
            verified.n_entries,
            verified.first_seq,
            verified.last_seq,
            verified.n_checkpoints,
            verified.signed_up_to,
        )?,
        AuditVerdict::Bad(fault) => writeln!(out, "AUDIT_BAD {fault}")?,
        AuditVerdict::NoData => {
            writeln!(out, "AUDIT_NODATA there is no entry and no checkpoint")?;
            say(
                "hint: if a server has run here, the trail was removed: hold a copy of its checkpoints against it with --checkpoints FILE",
            );
        }
    }
    Ok(())
}
