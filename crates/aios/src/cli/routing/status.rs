//! `aios routing status`.

use std::io::Write;

use aios_core::{Bucket, Profile, Split};
use clap::Args;
use serde_json::json;

use super::InForce;
use crate::cli::context::Context;
use crate::cli::output::{self, Exit, say};
use crate::cli::running;
use crate::cli::status::pair;
use crate::cli::table;
use crate::config::Config;

/// Show split and profile of the running server, else what the files would make of them
///
/// With --json: {"from": "server" | "files", "split", "profile", "override_error"}, and
/// "n_sampled" from a server or "n_knot_prompts" from files.
#[derive(Debug, Args)]
pub(super) struct Status {}

impl Status {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let config = context.config()?;
        match running::find(&config)? {
            Some(running) if context.json => output::json(out, &of_server(&running.status))?,
            Some(running) => print_server(out, &config, &running.status)?,
            None => from_files(out, &config, context.json)?,
        }
        Ok(Exit::Done)
    }
}

fn of_server(status: &running::Status) -> serde_json::Value {
    json!({
        "from": "server", "split": status.split, "profile": status.profile,
        "n_sampled": status.n_sampled, "override_error": status.override_error,
    })
}

fn print_server(
    out: &mut dyn Write,
    config: &Config,
    status: &running::Status,
) -> anyhow::Result<()> {
    say(format_args!("from the running server at {}", running::address(config)));
    let mut rows = split_rows(&status.split);
    rows.extend(profile_rows(status));
    table::print(out, &rows)
}

/// Profile, progress of sampling and what is wrong with the override file, of a running server.
pub(in crate::cli) fn profile_rows(status: &running::Status) -> Vec<Vec<String>> {
    let mut rows = vec![pair("profile", profile_name(status.profile))];
    rows.extend(status.n_sampled.map(|n| pair("sampled", format_args!("{n} prompts so far"))));
    rows.extend(status.override_error.as_ref().map(|why| pair("override not taken", why)));
    rows
}

/// The split by bucket.
pub(in crate::cli) fn split_rows(split: &Split) -> Vec<Vec<String>> {
    let treatment_pct = split.treatment_pct.get();
    let bucket = |bucket: Bucket, pct: f64| {
        let boundary = split.boundary(bucket);
        pair(bucket.name(), format_args!("{pct} % of conversations, boundary {boundary}"))
    };
    vec![
        pair("split from", &split.origin),
        bucket(Bucket::Control, 100.0 - treatment_pct),
        bucket(Bucket::Treatment, treatment_pct),
        pair("adaptive", if split.adaptive { "yes" } else { "no (kill switch)" }),
        pair("frozen", if split.frozen { "yes" } else { "no" }),
    ]
}

fn from_files(out: &mut dyn Write, config: &Config, as_json: bool) -> anyhow::Result<()> {
    let InForce { split, override_error, policy } = InForce::of(config)?;
    let override_error = override_error.map(|error| (error.to_string(), error.hint()));
    let n_prompts = policy.knots.n_prompts();
    if as_json {
        let why = override_error.map(|(why, _)| why);
        let shown = json!({
            "from": "files", "split": split, "profile": policy.profile,
            "n_knot_prompts": n_prompts, "override_error": why,
        });
        return output::json(out, &shown);
    }
    say("no server is running; from configuration, override file and stored knots");
    let mut rows = split_rows(&split);
    rows.push(pair(
        "profile",
        format_args!("{} ({n_prompts} prompts)", profile_name(policy.profile)),
    ));
    table::print(out, &rows)?;
    if let Some((why, hint)) = override_error {
        say(format_args!("warning: not taken: {why}\nhint: {hint}"));
    }
    Ok(())
}

/// The profile's name in configuration.
pub(super) const fn profile_name(profile: Profile) -> &'static str {
    match profile {
        Profile::Golden => "golden",
        Profile::Traffic => "traffic",
    }
}
