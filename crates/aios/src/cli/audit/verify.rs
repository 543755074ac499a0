//! `aios audit verify`.

use std::io::Write;
use std::path::PathBuf;

use aios_store::{AuditVerdict, AuditVerified, DataDir};
use clap::Args;
use serde_json::{Value, json};

use crate::cli::context::Context;
use crate::cli::output::{self, Exit, say};

/// Check every entry and every signature; names the first entry that is not as it was written
///
/// Exit code 2 if there is one, or the trail does not come as far as its head; 3 if there is no trail, or one of a version
/// before that has no head yet. With --json: {"ok": true, "verified"}, {"ok": false, "fault": {"seq", "file", "line", "why"}},
/// {"ok": false, "headless": true, "verified"} or {"ok": false, "no_data": true}.
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
            AuditVerdict::Headless(_) | AuditVerdict::NoData => Exit::Incomplete,
        })
    }
}

fn shown(verdict: &AuditVerdict) -> Value {
    match verdict {
        AuditVerdict::Sound(verified) => json!({ "ok": true, "verified": verified }),
        AuditVerdict::Bad(fault) => json!({ "ok": false, "fault": fault }),
        AuditVerdict::Headless(verified) => {
            json!({ "ok": false, "headless": true, "verified": verified })
        }
        AuditVerdict::NoData => json!({ "ok": false, "no_data": true }),
    }
}

fn counts(verified: &AuditVerified) -> String {
    format!(
        "entries={} seq={}..{} checkpoints={} signed_up_to={}",
        verified.n_entries,
        verified.first_seq,
        verified.last_seq,
        verified.n_checkpoints,
        verified.signed_up_to,
    )
}

fn print(out: &mut dyn Write, verdict: &AuditVerdict) -> anyhow::Result<()> {
    match verdict {
        AuditVerdict::Sound(verified) => {
            writeln!(out, "AUDIT_OK {}", counts(verified))?;
            if let Some(seq) = verified.headed_since {
                say(format_args!(
                    "note: the trail has a head since entry {seq} (`headed`); if no upgrade was made then, entries before it may have been removed"
                ));
            }
        }
        AuditVerdict::Headless(verified) => {
            writeln!(out, "AUDIT_NOHEAD {}", counts(verified))?;
            say(
                "nobody knows how far the trail had come: it is of a version before, or its end and its head were removed\nhint: the next `aios serve` begins a head, on record; hold a copy of the checkpoints against it with --checkpoints FILE",
            );
        }
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
