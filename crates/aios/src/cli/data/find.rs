//! `aios data find`.

use std::io::Write;

use aios_store::Depth;
use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use serde_json::json;

use super::search;
use super::shown;
use super::whose::Who;
use crate::cli::context::Context;
use crate::cli::output::{self, Exit};

/// Count what is stored of somebody, store by store, or how often a text stands anywhere
///
/// Reads every byte of every file. With --json: {"events_found", "pseudonyms", "census"}; with --value
/// {"hits", "search"}.
#[derive(Debug, Args)]
pub(super) struct Find {
    #[command(flatten)]
    who: Who,
    /// A text, such as a telephone number: plain, and as JSON, addresses and base64 spell it. `-` reads it
    /// from stdin, so that it stands in no history
    #[arg(
        long,
        value_name = "TEXT",
        group = "Named",
        conflicts_with = "client",
        value_parser = NonEmptyStringValueParser::new()
    )]
    value: Option<String>,
}

impl Find {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        match self.value {
            Some(value) => search::run(context, &value, out),
            None => find(self.who, context, out),
        }
    }
}

fn find(who: Who, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let looked = who.look(context, Depth::EveryByte)?;
    let census = &looked.census;
    if context.json {
        let found = json!({
            "events_found": census.n_events, "pseudonyms": looked.pseudonyms(), "census": census,
        });
        output::json(out, &found)?;
        return Ok(shown::exit(census));
    }
    shown::events(out, census.n_events)?;
    shown::stores(out, &census.stores)?;
    shown::remarks(census);
    Ok(shown::exit(census))
}
