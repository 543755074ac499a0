//! `aios keys list`.

use std::io::Write;

use aios_store::{DataDir, KeyUse};
use clap::Args;
use serde_json::json;

use crate::cli::busy::Busy;
use crate::cli::context::Context;
use crate::cli::output::{self, Exit};
use crate::cli::table;
use crate::keys;

/// Show the versions of the pseudonyms' key and how much of what is stored was made under each
///
/// Reads everything that is stored. With --json: {"versions": [{"version", "newest",
/// "n_pseudonyms", "n_erased"}]}.
#[derive(Debug, Args)]
pub(super) struct List;

impl List {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let dir = DataDir::read(context.config()?.server.data_dir)?;
        let versions: Vec<u16> =
            dir.key_versions(keys::PSEUDONYMS)?.iter().map(|(version, _)| *version).collect();
        let busy = Busy::with("reading everything that is stored");
        let used = KeyUse::count(&dir)?;
        drop(busy);
        let newest = versions.last();
        if context.json {
            let row = |version: &u16| {
                json!({
                    "version": version, "newest": Some(version) == newest,
                    "n_pseudonyms": used.of(*version), "n_erased": used.n_erased_by(*version),
                })
            };
            output::json(
                out,
                &json!({ "versions": versions.iter().map(row).collect::<Vec<_>>() }),
            )?;
            return Ok(Exit::Done);
        }
        let mut rows = vec![["version", "state", "pseudonyms stored"].map(str::to_owned).to_vec()];
        for version in &versions {
            let state = match (Some(version) == newest, used.of(*version)) {
                (true, _) => "new events use it",
                (false, 0) if used.n_erased_by(*version) > 0 => "knows who was erased",
                (false, 0) => "unused: `aios keys retire` removes it",
                (false, _) => "still matched by find",
            };
            rows.push(vec![version.to_string(), state.into(), used.of(*version).to_string()]);
        }
        table::print(out, &rows)?;
        Ok(Exit::Done)
    }
}
