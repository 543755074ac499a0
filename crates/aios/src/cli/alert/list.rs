//! `aios alert list`.

use std::io::Write;

use aios_server::alerts::Book;
use aios_store::DataDir;
use anyhow::Context as _;
use clap::Args;

use crate::cli::context::Context;
use crate::cli::output::{self, Exit};
use crate::cli::table;

/// Show what is wrong now, what is still to be told, and what was told lately
///
/// With --json: {"episodes": [{"about", "severity", "began", "told", "seen", "detail"}], "outbox": [{"id", "channel",
/// "message", "n_attempts", "next_at", "last_error"}], "told": [{"at", "channel", "message"}], "n_dropped"}.
#[derive(Debug, Args)]
pub(super) struct List;

impl List {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let config = context.config()?;
        let book: Book = match DataDir::read(&config.server.data_dir)?.read_alerts()? {
            Some(json) => {
                serde_json::from_str(&json).context("the book of alerts cannot be read")?
            }
            None => Book::default(),
        };
        if context.json {
            output::json(out, &book)?;
        } else {
            print(out, &book)?;
        }
        Ok(Exit::Done)
    }
}

fn print(out: &mut dyn Write, book: &Book) -> anyhow::Result<()> {
    if book.episodes.is_empty() {
        writeln!(out, "nothing is wrong")?;
    }
    let firing = book.episodes.iter().map(|episode| {
        let severity = episode.severity.name().to_owned();
        vec![episode.began.to_string(), severity, episode.about.clone(), episode.detail.clone()]
    });
    table::print(out, &firing.collect::<Vec<_>>())?;
    let waiting = book.outbox.iter().map(|delivery| {
        let why = delivery.last_error.as_deref().unwrap_or("not tried yet");
        vec![
            format!("waiting for {}", delivery.channel.name()),
            delivery.message.title(),
            format!("tried {} times: {why}", delivery.n_attempts),
        ]
    });
    table::print(out, &waiting.collect::<Vec<_>>())?;
    let told = book.told.iter().rev().take(20).map(|told| {
        vec![told.at.to_string(), told.channel.name().to_owned(), told.message.title()]
    });
    table::print(out, &told.collect::<Vec<_>>())
}
