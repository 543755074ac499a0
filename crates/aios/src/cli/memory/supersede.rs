//! `aios memory supersede`.

use std::io::Write;

use aios_server::Part;
use aios_store::Revised;
use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::opened::{self, PartFlags};
use crate::cli::context::Context;
use crate::cli::output::{self, Exit, say};

/// Say that a fragment has taken another's place, which is then found no more
///
/// Both stay in the store. With --json: {"revised": "done" | "unknown" | "circle"}. Exit code 1 if it was not done.
#[derive(Debug, Args)]
pub(super) struct Supersede {
    /// Id of the one that holds no longer
    earlier: String,
    /// Id of the one that holds instead
    later: String,
    #[command(flatten)]
    part: PartFlags,
}

/// What came of it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Answer {
    pub(super) revised: Revised,
}

impl Supersede {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let part: Part = self.part.into();
        let mut asked = json!(part);
        asked["earlier"] = json!(self.earlier);
        asked["later"] = json!(self.later);
        let answer = opened::change(&context.config()?, "supersede", &asked, |here| {
            let scope = opened::scope(&part, &here.ring)?;
            Ok(Answer { revised: here.memory.supersede(&scope, &self.earlier, &self.later)? })
        })?;
        told(context, out, &answer, "superseded")
    }
}

/// Prints it.
pub(super) fn told(
    context: &Context,
    out: &mut dyn Write,
    answer: &Answer,
    done: &str,
) -> anyhow::Result<Exit> {
    if context.json {
        output::json(out, answer)?;
    }
    let why = match answer.revised {
        Revised::Done if context.json => return Ok(Exit::Done),
        Revised::Done => {
            writeln!(out, "{done}")?;
            return Ok(Exit::Done);
        }
        Revised::Unknown => "there is no fragment of that id in this part of the memory",
        Revised::Circle => "a fragment cannot take its own place, in however many steps",
    };
    say(format_args!("not done: {why}"));
    Ok(Exit::Failed)
}
