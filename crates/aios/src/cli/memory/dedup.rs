//! `aios memory dedup`.

use std::io::Write;

use clap::Args;
use serde_json::json;

use super::opened;
use crate::cli::context::Context;
use crate::cli::output::{self, Exit, say};

/// Find what is remembered twice; without --execute only show it
///
/// What is the same word for word is merged; what is nearly the same is linked, and both stay: one may correct
/// the other. With --json: {"n_fragments", "n_exact", "n_near", "n_variants", "executed"}.
#[derive(Debug, Args)]
pub(super) struct Dedup {
    /// Merge and link
    #[arg(long)]
    execute: bool,
}

impl Dedup {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let config = context.config()?;
        let found = match self.execute {
            true => {
                let asked = json!({ "execute": true });
                opened::change(&config, "dedup", &asked, |here| Ok(here.memory.merge_copies()?))?
            }
            false => opened::look(&config)?.1.find_copies()?,
        };
        if context.json {
            output::json(out, &found)?;
            return Ok(Exit::Done);
        }
        let (merged, linked) = match self.execute {
            true => ("merged", "linked"),
            false => ("to merge", "to link"),
        };
        if !self.execute {
            writeln!(out, "DRY RUN: nothing was changed")?;
        }
        writeln!(out, "fragments: {}", found.n_fragments)?;
        writeln!(out, "the same word for word, {merged}: {}", found.n_exact)?;
        writeln!(out, "nearly the same, {linked}: {}", found.n_near)?;
        writeln!(
            out,
            "variants (another number, name or \"not\"), {linked}: {}",
            found.n_variants
        )?;
        if !self.execute && found.n_exact + found.n_near + found.n_variants > 0 {
            say("hint: --execute merges and links them");
        }
        Ok(Exit::Done)
    }
}
