//! `aios config`.

use std::io::Write;

use aios_core::Tier;
use clap::{Args, Subcommand};
use serde_json::json;

use super::context::Context;
use super::output::{self, Exit};
use crate::config::{self, Config, ConfigError, DEFAULT_TOML};

/// Check, show and explain the configuration
#[derive(Debug, Args)]
pub(super) struct Command {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Read the configuration and say what is wrong with it, without starting anything
    ///
    /// With --json: {"ok": true, "file", "hash", "warnings", "tiers": {"main": [{"name", "url", "model"}], …}},
    /// or {"ok": false, "problems": [{"message", "hint"}]}.
    Check,
    /// Show the settings in force, and where each was written
    ///
    /// With --json: {"file", "hash", "settings": {KEY: {"value", "origin", "place"}}}.
    Show,
    /// Print every setting with its default and its meaning
    ///
    /// With --json: {"toml"}.
    Default,
}

impl Command {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        match self.verb {
            Verb::Check => check(context, out),
            Verb::Show => show(context, out),
            Verb::Default => default(context, out),
        }
    }
}

fn check(context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
    match config::load(&context.sources) {
        Ok(config) if context.json => output::json(out, &good(&config))?,
        Ok(config) => print(out, &config)?,
        Err(error) if context.json => {
            output::json(out, &bad(&error))?;
            return Ok(Exit::Failed);
        }
        Err(error) => return Err(error.into()),
    }
    Ok(Exit::Done)
}

fn good(config: &Config) -> serde_json::Value {
    let tiers = Tier::ALL.map(|tier| {
        let endpoints = config.upstream.tier(tier).iter();
        let endpoints: Vec<_> = endpoints
            .map(|endpoint| json!({ "name": endpoint.name, "url": endpoint.url, "model": endpoint.model }))
            .collect();
        (tier.name().to_owned(), endpoints.into())
    });
    let tiers = serde_json::Map::from_iter(tiers);
    json!({
        "ok": true, "file": config.file, "hash": config.hash,
        "warnings": config.warnings, "tiers": tiers,
    })
}

fn bad(error: &ConfigError) -> serde_json::Value {
    let problems = error.problems.iter();
    let problems: Vec<_> = problems
        .map(|problem| json!({ "message": problem.message, "hint": problem.hint }))
        .collect();
    json!({ "ok": false, "problems": problems })
}

fn print(out: &mut dyn Write, config: &Config) -> anyhow::Result<()> {
    let file = config.file.as_ref().map_or("none".to_owned(), |file| file.display().to_string());
    writeln!(out, "file: {file}")?;
    writeln!(out, "hash: {}", config.hash)?;
    for tier in Tier::ALL {
        let endpoints = config.upstream.tier(tier);
        if endpoints.is_empty() {
            writeln!(out, "{tier}: {}", without_endpoint(config))?;
        }
        for endpoint in endpoints {
            writeln!(out, "{tier}: {} = {} at {}", endpoint.name, endpoint.model, endpoint.url)?;
        }
    }
    for warning in &config.warnings {
        writeln!(out, "warning: {warning}")?;
    }
    writeln!(out, "ok")?;
    Ok(())
}

fn without_endpoint(config: &Config) -> &'static str {
    match (config.discovery.enabled, config.discovery.simulate) {
        (true, true) => "no endpoint; looked for at start, else simulated",
        (true, false) => "no endpoint; looked for at start",
        (false, true) => "no endpoint; simulated",
        (false, false) => "no endpoint; `aios serve` will not start",
    }
}

fn show(context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let config = context.config()?;
    if context.json {
        output::json(out, &config::as_json(&config))?;
    } else {
        out.write_all(config::as_toml(&config).as_bytes())?;
    }
    Ok(Exit::Done)
}

fn default(context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
    if context.json {
        output::json(out, &json!({ "toml": DEFAULT_TOML }))?;
    } else {
        out.write_all(DEFAULT_TOML.as_bytes())?;
    }
    Ok(Exit::Done)
}
