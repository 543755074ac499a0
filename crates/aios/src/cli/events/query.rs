//! `aios events query`.

use std::io::Write;

use aios_core::{Bucket, EventId, EventType, Outcome, Purpose, Tier, Timestamp};
use aios_privacy::{Pseudonym, is_legacy_conversation};
use aios_store::{DataDir, Filter};
use clap::Args;

use super::printer::Printer;
use crate::cli::context::Context;
use crate::cli::output::Exit;
use crate::cli::parse;
use crate::keys;

/// Show the events that all given conditions hold for
#[derive(Debug, Args)]
pub(super) struct Query {
    /// What kind of fact
    #[arg(long = "type", value_parser = parse::one_of(&EventType::ALL, EventType::name))]
    event_type: Option<EventType>,
    /// Admitted at this time or later: a time, or how long ago ("2h")
    #[arg(long, value_name = "TIME", value_parser = parse::time)]
    since: Option<Timestamp>,
    /// Admitted before this time
    #[arg(long, value_name = "TIME", value_parser = parse::time)]
    until: Option<Timestamp>,
    /// Tier that routing chose
    #[arg(long, value_parser = parse::tier())]
    tier: Option<Tier>,
    /// Tier that answered
    #[arg(long, value_parser = parse::tier())]
    source: Option<Tier>,
    /// Bucket of the conversation
    #[arg(long, value_parser = parse::bucket())]
    bucket: Option<Bucket>,
    /// What the request was made for
    #[arg(long, value_parser = parse::purpose())]
    purpose: Option<Purpose>,
    /// How the request ended
    #[arg(long, value_parser = parse::outcome())]
    outcome: Option<Outcome>,
    /// Conversation: its pseudonym (c1_…), or the id that the application sent
    #[arg(long, value_name = "ID")]
    conv: Option<String>,
    /// Client whose conversation --conv names, where the client has a key
    #[arg(long, value_name = "NAME", requires = "conv")]
    client: Option<String>,
    /// One event by its id
    #[arg(long, value_name = "ID", value_parser = parse::event_id)]
    id: Option<EventId>,
    /// Part of question or answer, in any letter case
    #[arg(long)]
    text: Option<String>,
    /// At most so many events
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// The last first
    #[arg(long)]
    newest: bool,
}

impl Query {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let dir = DataDir::read(context.config()?.server.data_dir)?;
        let filter = self.filter(&dir)?;
        let mut printer = Printer::new(out, context.json);
        aios_store::query(&dir, &filter)?.try_for_each(|found| printer.take(found))?;
        Ok(printer.end())
    }

    fn filter(self, dir: &DataDir) -> anyhow::Result<Filter> {
        let client = self.client.unwrap_or_default();
        let conv = self.conv.map(|id| conversation(dir, &client, &id)).transpose()?;
        let conv = conv.unwrap_or_default();
        Ok(Filter {
            event_type: self.event_type,
            since: self.since,
            until: self.until,
            tier: self.tier,
            source: self.source,
            bucket: self.bucket,
            purpose: self.purpose,
            outcome: self.outcome,
            conv,
            event_id: self.id,
            text: self.text,
            limit: self.limit,
            newest_first: self.newest,
        })
    }
}

/// The pseudonym itself, or those of an application's id under its client's name, as the gateway makes them
/// by each version of the key, or of the hash that stood in a migrated log.
fn conversation(dir: &DataDir, client: &str, id: &str) -> anyhow::Result<Vec<Pseudonym>> {
    if let Ok(pseudonym) = Pseudonym::parse(id) {
        return Ok(vec![pseudonym]);
    }
    let ring = keys::keyring(dir)?;
    Ok(match is_legacy_conversation(id) && client.is_empty() {
        true => ring.legacy_conversation(id),
        false => ring.conversation(&[client.as_bytes(), id.as_bytes()]),
    })
}
