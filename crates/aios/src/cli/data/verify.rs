//! `aios data verify`.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use aios_store::{DataDir, Depth};
use clap::Args;
use serde_json::json;

use super::whose::Who;
use super::{receipt, shown};
use crate::cli::context::Context;
use crate::cli::output::{self, Exit};

/// Prove that nothing is stored of somebody: read every byte of every file, compressed ones too
///
/// With --receipt it is a receipt that is proved: its signature, and that ledger and audit trail say the
/// same. Searches for the pseudonyms of every live key version and for the id itself. Exit code 2 if something
/// is found that should be gone, 3 if something could not be read; what an erasure leaves by its rules is told of. With --json:
/// {"ok", "complete", "events_found", "pseudonyms", "key_versions", "n_files", "n_bytes", "left", "stays", "census"}, or of a receipt {"ok", "id", "state",
/// "n_records", "witnesses": {"signature", "ledger", "audit"}}.
#[derive(Debug, Args)]
#[command(mut_group("Named", |named| named.arg("receipt")))]
pub(super) struct Verify {
    #[command(flatten)]
    who: Who,
    /// The receipt of an erasure
    #[arg(long, value_name = "FILE", conflicts_with = "client")]
    receipt: Option<PathBuf>,
}

impl Verify {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        if let Some(file) = self.receipt {
            return receipt::verify(context, &file, out);
        }
        let looked = self.who.look(context, Depth::EveryByte)?;
        let census = &looked.census;
        let (n_files, n_bytes) = census.n_read();
        let dir = DataDir::read(&looked.config.server.data_dir)?;
        let (left, stays) = (census.left(&dir, &BTreeMap::new()), census.stays());
        let exit = match (census.is_clean(), census.is_complete()) {
            (_, false) => Exit::Incomplete,
            (false, true) => Exit::Violation,
            (true, true) => Exit::Done,
        };
        if context.json {
            let verdict = json!({
                "ok": exit == Exit::Done, "complete": census.is_complete(),
                "events_found": census.n_events, "pseudonyms": looked.pseudonyms(),
                "key_versions": looked.key_versions, "n_files": n_files, "n_bytes": n_bytes,
                "left": left, "stays": stays, "census": census,
            });
            output::json(out, &verdict)?;
            return Ok(exit);
        }
        let word = match exit {
            Exit::Incomplete => "INCOMPLETE",
            Exit::Violation => "FOUND",
            Exit::Done | Exit::Failed | Exit::Usage => "CLEAN",
        };
        shown::events(out, census.n_events)?;
        let versions = looked.key_versions.iter().map(u16::to_string).collect::<Vec<_>>().join(",");
        let raw = if census.raw_id_searched { "yes" } else { "no" };
        writeln!(
            out,
            "{word} stores={} files={n_files} bytes={n_bytes} key_versions={versions} id_searched={raw} left_by_rule={}",
            census.stores.len(),
            stays.iter().map(|stays| stays.n).sum::<u64>(),
        )?;
        shown::stores(out, &census.stores)?;
        shown::stays(&stays);
        shown::others(census);
        shown::left(&left);
        Ok(exit)
    }
}
