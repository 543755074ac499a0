//! `aios logs stats`.

use std::io::Write;

use aios_core::{Clock as _, Timestamp};
use aios_store::{ClassStats, DataDir};
use clap::Args;
use serde_json::json;

use crate::cli::context::Context;
use crate::cli::output::{self, Exit};
use crate::cli::table;
use crate::clock::SystemClock;

/// Show what is kept of each class: files, bytes, from when, and what is overdue
///
/// Files that are named like the log and are none of its segments are named behind it: nothing reads them, and their time
/// is never over. With --json: {"classes": [{"class", "n_open", "n_hot", "n_cold", "bytes", "n_sealed_events", "oldest",
/// "newest", "n_overdue", "n_held"}], "outside": [{"path", "bytes", "is_older"}]}.
#[derive(Debug, Args)]
pub(super) struct Stats;

impl Stats {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let config = context.config()?;
        let dir = DataDir::read(&config.server.data_dir)?;
        let classes = aios_store::stats(&dir, &config.events.log.retention, SystemClock.now())?;
        let outside = aios_store::outside(&dir)?;
        if context.json {
            output::json(out, &json!({ "classes": classes, "outside": outside }))?;
            return Ok(Exit::Done);
        }
        let head = ["class", "open", "hot", "cold", "bytes", "oldest", "newest", "overdue"];
        let mut rows = vec![head.map(str::to_owned).to_vec()];
        rows.extend(classes.iter().map(row));
        table::print(out, &rows)?;
        outside.iter().for_each(output::say);
        Ok(Exit::Done)
    }
}

fn row(class: &ClassStats) -> Vec<String> {
    let time = |at: Option<Timestamp>| at.map_or_else(|| "-".to_owned(), |at| at.to_string());
    let overdue = match class.n_held {
        0 => class.n_overdue.to_string(),
        held => format!("{} ({held} held)", class.n_overdue),
    };
    vec![
        class.class.name().to_owned(),
        class.n_open.to_string(),
        class.n_hot.to_string(),
        class.n_cold.to_string(),
        class.bytes.to_string(),
        time(class.oldest),
        time(class.newest),
        overdue,
    ]
}
