//! `aios memory pin`.

use std::io::Write;

use aios_server::Part;
use clap::Args;
use serde_json::json;

use super::opened::{self, PartFlags};
use super::supersede::{Answer, told};
use crate::cli::context::Context;
use crate::cli::output::Exit;

/// Keep a fragment from being put away, whatever its age
///
/// With --json: {"revised": "done" | "unknown"}. Exit code 1 if there is no such fragment.
#[derive(Debug, Args)]
pub(super) struct Pin {
    /// Its id, as `aios memory search` shows it
    id: String,
    #[command(flatten)]
    part: PartFlags,
    /// Let it be put away again
    #[arg(long)]
    off: bool,
}

impl Pin {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let (part, stays): (Part, _) = (self.part.into(), !self.off);
        let mut asked = json!(part);
        asked["id"] = json!(self.id);
        asked["stays"] = json!(stays);
        let answer = opened::change(&context.config()?, "pin", &asked, |here| {
            let revised = here.memory.pin(&opened::scope(&part, &here.ring)?, &self.id, stays)?;
            Ok(Answer { revised })
        })?;
        told(context, out, &answer, if stays { "pinned" } else { "no longer pinned" })
    }
}
