//! `aios data delete`.

use std::io::Write;

use aios_store::{Depth, plan_hash};
use clap::Args;
use serde_json::{Value, json};

use super::whose::{Looked, Who};
use super::{erase, shown};
use crate::cli::context::Context;
use crate::cli::output::{self, Exit, say};
use crate::cli::owner::Owner;
use crate::cli::parse;

/// Erase what is stored of somebody; without --execute only show what would go
///
/// While `aios serve` runs, it is the server that erases. With --json: {"executed", "events_found",
/// "pseudonyms", "plan_hash", "census"}, or with --execute {"executed", "receipt"}.
#[derive(Debug, Args)]
pub(super) struct Delete {
    #[command(flatten)]
    who: Who,
    /// Do it. There is no way back
    #[arg(long)]
    execute: bool,
    /// On which ground; stands in the ledger and the receipt
    #[arg(long, value_name = "TEXT", default_value = "request of the person concerned", value_parser = parse::words)]
    basis: String,
}

impl Delete {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let mut looked = self.who.clone().look(context, Depth::Catalogued)?;
        if !self.execute {
            return show_plan(context, &looked, out);
        }
        // With a server, something may be on its way that no look can find: then it is fenced.
        if has_nothing(&looked) && matches!(Owner::of(&looked.config)?, Owner::Us(_)) {
            // Catalogues are no witnesses that there is nothing.
            looked = self.who.look(context, Depth::EveryByte)?;
            if has_nothing(&looked) {
                return nothing(context, &looked, out);
            }
        }
        let receipt = erase::erase(&looked, &self.basis)?;
        show_receipt(context, &receipt, out)
    }
}

fn show_plan(context: &Context, looked: &Looked, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let census = &looked.census;
    let hash = plan_hash(looked.target.pseudonyms(), census);
    if context.json {
        let plan = json!({
            "executed": false, "events_found": census.n_events, "pseudonyms": looked.pseudonyms(),
            "plan_hash": hash, "census": census,
        });
        output::json(out, &plan)?;
        return Ok(shown::exit(census));
    }
    writeln!(out, "DRY RUN: nothing was changed")?;
    shown::events(out, census.n_events)?;
    shown::stores(out, &census.stores)?;
    writeln!(out, "plan: {hash}")?;
    shown::remarks(census);
    if !census.is_clean() {
        say("hint: --execute erases it");
    }
    Ok(shown::exit(census))
}

fn has_nothing(looked: &Looked) -> bool {
    looked.census.is_clean() && looked.census.is_complete()
}

/// Of an id that nobody has sent, or whose data is gone already.
fn nothing(context: &Context, looked: &Looked, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let census = &looked.census;
    if context.json {
        let found = json!({
            "executed": false, "events_found": 0, "pseudonyms": looked.pseudonyms(), "census": census,
        });
        output::json(out, &found)?;
    } else {
        shown::events(out, 0)?;
        writeln!(out, "nothing is stored of it, so nothing was erased")?;
    }
    Ok(Exit::Done)
}

fn show_receipt(context: &Context, receipt: &Value, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let is_done = receipt["state"] == "completed";
    let exit = if is_done { Exit::Done } else { Exit::Incomplete };
    if context.json {
        output::json(out, &json!({ "executed": true, "receipt": receipt }))?;
        return Ok(exit);
    }
    let id = receipt["id"].as_str().unwrap_or_default();
    let verified = &receipt["verified"];
    let n_segments = receipt["segments"].as_array().map_or(0, Vec::len);
    let n_files = receipt["files"].as_array().map_or(0, Vec::len);
    let word = match (is_done, receipt["n_records_erased"].as_u64()) {
        (true, Some(0)) => "FENCED",
        (true, _) => "ERASED",
        (false, _) => "INCOMPLETE",
    };
    writeln!(
        out,
        "{word} records={} segments={n_segments} other_files={n_files} id={id}",
        receipt["n_records_erased"]
    )?;
    shown::events(out, verified["n_events"].as_u64().unwrap_or_default())?;
    writeln!(out, "verified: {} files, {} bytes read", verified["n_files"], verified["n_bytes"])?;
    writeln!(out, "receipt: erasures/{id}.receipt.json")?;
    if word == "FENCED" {
        say("nothing was stored of it; what is still on its way will not be kept");
    }
    if let Some(note) = receipt["note"].as_str() {
        say(note);
    }
    for stays in verified["stays"].as_array().into_iter().flatten() {
        let text = |key: &str| stays[key].as_str().unwrap_or_default().to_owned();
        say(format_args!("left by rule: {} in {}: {}", stays["n"], text("store"), text("why")));
    }
    for left in verified["left"].as_array().into_iter().flatten() {
        let text = |key: &str| left[key].as_str().unwrap_or_default().to_owned();
        say(format_args!("{}: {}", text("file"), text("why")));
    }
    Ok(exit)
}
