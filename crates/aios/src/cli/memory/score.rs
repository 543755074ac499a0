//! `aios memory score`.

use std::cmp::Reverse;
use std::io::Write;

use aios_core::Timestamp;
use aios_store::FragmentUse;
use clap::Args;
use serde_json::json;

use super::opened;
use crate::cli::context::Context;
use crate::cli::output::{self, Exit};
use crate::cli::table;

/// Show how fragments are used, the most useful first
///
/// Only confirmed use says that a fragment was of use; that it was found says nothing. With --json: {"n_fragments",
/// "fragments": [{"number", "id", "home", "ts", "n_seen", "n_injected", "n_confirmed", "confirmed_at", "is_pinned",
/// "is_archived"}]}.
#[derive(Debug, Args)]
pub(super) struct Score {
    /// How many
    #[arg(short, default_value_t = 20)]
    n: usize,
}

impl Score {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let (_, memory) = opened::look(&context.config()?)?;
        let mut uses = memory.uses()?;
        let n_fragments = uses.len();
        uses.sort_by_key(|one| Reverse((one.n_confirmed, one.n_seen, one.n_injected, one.ts)));
        uses.truncate(self.n);
        if context.json {
            output::json(out, &json!({ "n_fragments": n_fragments, "fragments": uses }))?;
            return Ok(Exit::Done);
        }
        print_uses(out, &uses)?;
        Ok(Exit::Done)
    }
}

/// Prints fragments with their use.
pub(super) fn print_uses(out: &mut dyn Write, uses: &[FragmentUse]) -> anyhow::Result<()> {
    if uses.is_empty() {
        return Ok(());
    }
    let head = ["id", "said", "seen", "injected", "confirmed", "last confirmed", "pinned"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(uses.iter().map(row));
    table::print(out, &rows)
}

fn row(one: &FragmentUse) -> Vec<String> {
    let time = |at: Option<Timestamp>| at.map_or_else(|| "-".to_owned(), |at| at.to_string());
    vec![
        table::one_line(&one.id, 40),
        one.ts.to_string(),
        one.n_seen.to_string(),
        one.n_injected.to_string(),
        one.n_confirmed.to_string(),
        time(one.confirmed_at),
        if one.is_pinned { "yes" } else { "no" }.to_owned(),
    ]
}
