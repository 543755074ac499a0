//! `aios config`.

use std::io::Write;

use aios_core::Tier;
use clap::{Args, Subcommand};
use serde_json::json;

use super::context::Context;
use super::output::{self, Exit};
use crate::config::{self, Config, DEFAULT_TOML, Problem};
use crate::serve::endpoints::{NothingFound, Unfound, answers_alone};

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
    /// Exit code 1 also where `aios serve` would not start with it. With --json: {"ok": true, "file", "hash", "warnings",
    /// "tiers": {"main": [{"name", "url", "model"}], …}}, or {"ok": false, "problems": [{"message", "hint"}]}.
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
        Ok(config) => match NothingFound::for_certain(&config) {
            None if context.json => output::json(out, &good(&config))?,
            None => print(out, &config)?,
            Some(error) if context.json => {
                let (message, hint) = (error.to_string(), NothingFound::HINT);
                output::json(out, &bad([json!({ "message": message, "hint": hint })]))?;
                return Ok(Exit::Failed);
            }
            Some(error) => {
                let what = format!("`aios serve` will not start: {error}");
                return Err(output::Failure::new(what, NothingFound::HINT).into());
            }
        },
        Err(error) if context.json => {
            let told =
                |problem: &Problem| json!({ "message": problem.message, "hint": problem.hint });
            output::json(out, &bad(error.problems.iter().map(told)))?;
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

fn bad(problems: impl IntoIterator<Item = serde_json::Value>) -> serde_json::Value {
    json!({ "ok": false, "problems": problems.into_iter().collect::<Vec<_>>() })
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

/// What `aios serve` makes of a tier that has no endpoint.
fn without_endpoint(config: &Config) -> String {
    let unfound = match Unfound::of(config) {
        Unfound::AllConfigured => return "no endpoint".to_owned(),
        Unfound::OtherTier(tier) => answers_alone(tier.other()),
        Unfound::Simulated => "simulated",
        Unfound::NoStart => "`aios serve` does not start",
    };
    let looked = if config.discovery.enabled { "looked for at start, else " } else { "" };
    format!("no endpoint; {looked}{unfound}")
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
