//! `aios memory decay`.

use std::io::Write;

use aios_core::Clock as _;
use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::opened;
use super::score::print_uses;
use crate::cli::context::Context;
use crate::cli::output::{self, Exit, say};
use crate::clock::SystemClock;

/// Propose to put away what nobody has needed for long; without --execute only show it
///
/// What is put away is found no more and stays in the store: --restore brings it back. What is pinned stays, and each
/// confirmed use doubles the patience of 180 days. With --json: {"n_fragments", "proposed": [...], "executed"}, or
/// {"n_restored"}.
#[derive(Debug, Args)]
pub(super) struct Decay {
    /// Put it away
    #[arg(long)]
    execute: bool,
    /// Bring back everything that was put away
    #[arg(long, conflicts_with = "execute")]
    restore: bool,
}

/// How many fragments were brought back.
#[derive(Serialize, Deserialize)]
struct Restored {
    n_restored: usize,
}

impl Decay {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let (config, now) = (context.config()?, SystemClock.now());
        if self.restore {
            let restored: Restored = opened::change(&config, "restore", &json!({}), |here| {
                Ok(Restored { n_restored: here.memory.restore_archived()? })
            })?;
            match context.json {
                true => output::json(out, &restored)?,
                false => writeln!(out, "brought back: {}", restored.n_restored)?,
            }
            return Ok(Exit::Done);
        }
        let decayed = match self.execute {
            true => {
                let asked = json!({ "execute": true });
                opened::change(&config, "decay", &asked, |here| {
                    Ok(here.memory.archive_idle(now)?)
                })?
            }
            false => opened::look(&config)?.1.find_idle(now)?,
        };
        if context.json {
            output::json(out, &decayed)?;
            return Ok(Exit::Done);
        }
        let what = if self.execute { "put away" } else { "to put away" };
        if !self.execute {
            writeln!(out, "DRY RUN: nothing was changed")?;
        }
        writeln!(out, "fragments: {}", decayed.n_fragments)?;
        writeln!(out, "{what}: {}", decayed.proposed.len())?;
        print_uses(out, &decayed.proposed)?;
        if !self.execute && !decayed.proposed.is_empty() {
            say("hint: --execute puts them away, --restore brings them back");
        }
        Ok(Exit::Done)
    }
}
