//! `aios memory add`.

use std::io::Write;

use aios_core::{Clock as _, Timestamp};
use aios_memory::Kind;
use aios_store::{NewFragment, Outcome};
use clap::Args;

use super::opened;
use crate::cli::context::Context;
use crate::cli::output::{self, Exit, Failure, say};
use crate::clock::SystemClock;
use crate::keys;

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
}

impl Add {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let config = context.config()?;
        let (dir, memory) = opened::own(&config)?;
        let ring = keys::keyring(&dir)?;
        let scanner = config.privacy.scanner();
        let kept = |text: &str| {
            let hint = "change privacy.sinks.memory, or leave out what it finds";
            let refused = || Failure::new("the policy lets nothing of this be remembered", hint);
            config.privacy.remembered(&scanner, text).ok_or_else(refused)
        };
        let parts = |id: &str| ring.current().subject(&[self.client.as_bytes(), id.as_bytes()]);
        let new = NewFragment {
            home: opened::home(&ring, &self.client, self.conv_id.as_deref()),
            subject: self.subject.as_deref().map(parts),
            id: self.id,
            session: 0,
            kind: if self.conv_id.is_some() { Kind::Turn } else { Kind::Document },
            speaker: self.speaker.as_deref().map(kept).transpose()?,
            text: kept(&self.text)?,
            ts: self.ts.unwrap_or_else(|| SystemClock.now()),
            source: "cli",
        };
        let added = memory.add(vec![new])?.wait()?;
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
