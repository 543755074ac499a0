//! `aios models`.

use std::io::Write;

use clap::Args;
use serde_json::json;

use super::context::Context;
use super::output::{self, Exit};
use super::running::{self, Endpoint};
use super::table;

/// List models and endpoints of the running server, with the reason where one is out of service
///
/// With --json: {"endpoints": [{"name", "tier", "url", "model", "breaker": {"state", "reason", "hint"},
/// "in_flight", "queued", …}], "models": [{"id", "tier", "endpoint", …}]}.
#[derive(Debug, Args)]
pub(super) struct Command {}

impl Command {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let config = context.config()?;
        context.named_data_dir()?;
        let running = running::required(&config)?;
        if context.json {
            let (endpoints, models) = (&running.raw["endpoints"], &running.raw["models"]);
            output::json(out, &json!({ "endpoints": endpoints, "models": models }))?;
        } else {
            print(out, &running.status.endpoints)?;
        }
        Ok(Exit::Done)
    }
}

/// A row per endpoint; below, why those that are out of service are so.
pub(super) fn print(out: &mut dyn Write, endpoints: &[Endpoint]) -> anyhow::Result<()> {
    let head = ["tier", "endpoint", "model", "breaker", "in flight", "queued"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(endpoints.iter().map(row));
    table::print(out, &rows)?;
    for Endpoint { name, breaker, warning, .. } in endpoints {
        // A breaker's reason begins with the endpoint's name.
        if let Some(reason) = &breaker.reason {
            writeln!(out, "{reason}")?;
        }
        if let Some(hint) = &breaker.hint {
            writeln!(out, "  hint: {hint}")?;
        }
        if let Some(warning) = warning {
            writeln!(out, "{name}: {warning}")?;
        }
    }
    Ok(())
}

fn row(endpoint: &Endpoint) -> Vec<String> {
    let simulated = if endpoint.simulated { " (simulated)" } else { "" };
    vec![
        endpoint.tier.to_string(),
        endpoint.name.clone(),
        format!("{}{simulated}", endpoint.model),
        endpoint.breaker.state.replace('_', "-"),
        endpoint.in_flight.to_string(),
        endpoint.queued.to_string(),
    ]
}
