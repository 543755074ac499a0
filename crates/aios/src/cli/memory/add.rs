//! `aios memory add`.

use std::io::Write;

use aios_core::{Clock as _, Timestamp};
use aios_server::{Given, MemoryConfig, keep_given};
use aios_store::{Added, Outcome};
use clap::Args;
use serde::Deserialize;
use serde_json::json;

use super::opened::{self, Changer};
use crate::cli::context::Context;
use crate::cli::output::{self, Exit, say};
use crate::clock::SystemClock;
use crate::config::Config;

/// Keep one fragment
///
/// Its text is masked as `privacy.sinks.memory` says. With --json: {"number", "outcome": "new" | "seen" |
/// "changed" | "refused", "why"}. Exit code 1 if it was refused.
#[derive(Debug, Args)]
pub(super) struct Add {
    /// What was said
    text: String,
    /// Conversation that it belongs to; without it, it belongs to nobody
    #[arg(long, value_name = "ID")]
    conv_id: Option<String>,
    /// Client whose id that is
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    client: String,
    /// Person who said it, by the id that the application knows; it is erased with them
    #[arg(long, value_name = "ID")]
    subject: Option<String>,
    /// Who said it, by name
    #[arg(long, value_name = "NAME")]
    speaker: Option<String>,
    /// The caller's id of it: the same id again replaces it
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// When it was said; without it, now
    #[arg(long, value_name = "TIME", value_parser = Timestamp::parse)]
    ts: Option<Timestamp>,
    /// From when it holds; before, it is not found
    #[arg(long, value_name = "TIME", value_parser = Timestamp::parse)]
    valid_from: Option<Timestamp>,
    /// Until when it holds; from then on it is not found
    #[arg(long, value_name = "TIME", value_parser = Timestamp::parse)]
    valid_to: Option<Timestamp>,
}

impl Add {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let config = context.config()?;
        let given = Given {
            text: self.text,
            conv_id: self.conv_id,
            client: self.client,
            subject: self.subject,
            speaker: self.speaker,
            id: self.id,
            session: 0,
            ts: self.ts,
            valid_from: self.valid_from,
            valid_to: self.valid_to,
        };
        let policy = config.memory.resolved(&config.privacy);
        let changer = Changer::of(&config)?;
        let added = keep(&changer, &config, &policy, vec![given])?;
        changer.on_record(&config, "add")?;
        let added = added.first().ok_or_else(|| anyhow::anyhow!("nothing came back"))?;
        if context.json {
            output::json(out, added)?;
        }
        let word = match added.outcome {
            Outcome::New => "kept",
            Outcome::Seen => "seen again",
            Outcome::Changed => "changed",
            Outcome::Refused { why } => {
                say(format_args!("not kept: {}", why.words()));
                return Ok(Exit::Failed);
            }
        };
        if !context.json {
            writeln!(out, "{word}: m{}", added.number)?;
        }
        Ok(Exit::Done)
    }
}

/// What became of fragments, in their order.
#[derive(Deserialize)]
struct Kept {
    added: Vec<Added>,
}

/// Has fragments kept, here or by the server that runs.
pub(super) fn keep(
    changer: &Changer,
    config: &Config,
    policy: &MemoryConfig,
    given: Vec<Given>,
) -> anyhow::Result<Vec<Added>> {
    match changer {
        Changer::Here(here) => {
            Ok(keep_given(&here.memory, &here.ring, policy, SystemClock.now(), given)?)
        }
        Changer::Server => {
            let kept: Kept = opened::ask(config, "add", &json!({ "fragments": given }))?;
            Ok(kept.added)
        }
    }
}
