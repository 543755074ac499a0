//! `aios audit verify`.

use std::io::Write;
use std::path::PathBuf;

use aios_store::DataDir;
use clap::Args;
use serde_json::json;

use crate::cli::context::Context;
use crate::cli::output::{self, Exit};

/// Check every entry and every signature; names the first entry that is not as it was written
///
/// Exit code 2 if there is one. With --json: {"ok", "verified"} or {"ok", "fault": {"seq", "file", "line", "why"}}.
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
        match aios_store::verify_audit(&dir, &copies)? {
            Ok(verified) if context.json => {
                output::json(out, &json!({ "ok": true, "verified": verified }))?;
                Ok(Exit::Done)
            }
            Ok(verified) => {
                writeln!(
                    out,
                    "AUDIT_OK entries={} seq={}..{} checkpoints={} signed_up_to={}",
                    verified.n_entries,
                    verified.first_seq,
                    verified.last_seq,
                    verified.n_checkpoints,
                    verified.signed_up_to,
                )?;
                Ok(Exit::Done)
            }
            Err(fault) if context.json => {
                output::json(out, &json!({ "ok": false, "fault": fault }))?;
                Ok(Exit::Violation)
            }
            Err(fault) => {
                writeln!(out, "AUDIT_BAD {fault}")?;
                Ok(Exit::Violation)
            }
        }
    }
}
