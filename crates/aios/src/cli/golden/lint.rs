//! `aios golden lint`.

use std::io::Write;
use std::path::PathBuf;

use aios_eval::lint;
use aios_store::GoldenPaths;
use clap::Args;
use serde_json::json;

use super::files;
use crate::cli::context::Context;
use crate::cli::output::{self, Exit};
use crate::cli::table;

/// Characters of a finding that are shown.
const SHOWN_MAX: usize = 200;

/// Look for what makes a golden set unusable or weakens it
///
/// Every fault of every case, misspelt keys, expectations that cannot fail or cannot be met, personal data, cases that
/// ask the same. Exit code 2 if something is wrong. With --json: {"cases", "found": [{"level": "wrong" | "note", "id", "what"}]}.
#[derive(Debug, Args)]
pub(super) struct Lint {
    /// Golden set; without it that of the data directory
    #[arg(long, value_name = "FILE")]
    set: Option<PathBuf>,
}

impl Lint {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let config = context.config()?;
        let own = GoldenPaths::of(&config.server.data_dir);
        let set = files::set_text(self.set.as_ref().unwrap_or(&own.set), &own, false)?;
        let scanner = config.privacy.scanner();
        let linted =
            lint(&set, |text| scanner.redact(text).counts.iter().map(|(_, n)| n as usize).sum());
        let level = |is_wrong| if is_wrong { "wrong" } else { "note" };
        if context.json {
            let list: Vec<_> = linted
                .found
                .iter()
                .map(|one| json!({ "level": level(one.is_wrong), "id": one.id, "what": one.what }))
                .collect();
            output::json(out, &json!({ "cases": linted.n_cases, "found": list }))?;
        } else {
            for one in &linted.found {
                let id = one.id.as_ref().map_or_else(String::new, |id| format!(" {id}"));
                let what = table::one_line(&one.what, SHOWN_MAX);
                writeln!(
                    out,
                    "{}{}: {what}",
                    level(one.is_wrong),
                    table::one_line(&id, SHOWN_MAX)
                )?;
            }
            writeln!(out, "{} cases", linted.n_cases)?;
        }
        Ok(if linted.is_wrong() { Exit::Violation } else { Exit::Done })
    }
}
