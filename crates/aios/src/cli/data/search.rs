//! Where a text stands in what is kept.

use std::io::{self, Write};

use aios_store::{DataDir, Hits};
use serde_json::json;

use super::shown;
use crate::cli::context::Context;
use crate::cli::output::{self, Exit, Failure};
use crate::cli::progress::Bar;
use crate::cli::{owner, table};

/// Counts; never shows what stands around it. Exit code 3 if something could not be read.
pub(super) fn run(context: &Context, value: &str, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let text = match value {
        "-" => io::read_to_string(io::stdin().lock())?.trim_end_matches(['\r', '\n']).to_owned(),
        text => text.to_owned(),
    };
    let config = context.config()?;
    let dir = DataDir::read(&config.server.data_dir)?;
    let hits = Hits::of(&dir, &text, &Bar::of_bytes())?.ok_or_else(|| {
        Failure::usage("an empty text stands everywhere", "give --value a text to search for")
    })?;
    owner::found_on_record(&config, &[], hits.n_hits);
    let exit = if hits.unreadable.is_empty() { Exit::Done } else { Exit::Incomplete };
    if context.json {
        output::json(out, &json!({ "hits": hits.n_hits, "search": hits }))?;
        return Ok(exit);
    }
    writeln!(out, "Hits: {}", hits.n_hits)?;
    let mut rows = vec![["store", "hits", "files", "files read"].map(str::to_owned).to_vec()];
    for store in &hits.stores {
        let counts = [store.n_hits, store.files.len() as u64, store.n_files];
        let counts = counts.iter().map(u64::to_string);
        rows.push(std::iter::once(store.store.to_owned()).chain(counts).collect());
    }
    table::print(out, &rows)?;
    for file in hits.stores.iter().flat_map(|store| &store.files) {
        writeln!(out, "{}", file.display())?;
    }
    for name in &hits.names {
        writeln!(out, "{} (its name)", name.display())?;
    }
    shown::left(&hits.unreadable);
    Ok(exit)
}
