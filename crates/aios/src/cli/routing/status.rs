//! `aios routing status`.

use std::io::Write;

use aios_core::{Bucket, Profile, Split};
use clap::Args;
use serde_json::{Value, json};

use super::{InForce, hold_row, open, standing, tell_override};
use crate::cli::context::Context;
use crate::cli::output::{self, Exit, say};
use crate::cli::running;
use crate::cli::status::pair;
use crate::cli::table;
use crate::config::Config;

/// Show split and profile of the running server, else what the files would make of them
///
/// With --json: {"from": "server" | "files", "split", "profile", "override_error", "canary_held", "canary_hold": {"since", "actor",
/// "reason"} | null}, and "n_sampled" from a server or "n_knot_prompts" from files. Exit code 2 if there is an override that is not taken.
#[derive(Debug, Args)]
pub(super) struct Status {}

impl Status {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let config = context.config()?;
        let Some(running) = running::find(&config)? else {
            return from_files(out, &config, context.json);
        };
        match context.json {
            true => output::json(out, &with_hold(&config, of_server(&running.status))?)?,
            false => print_server(out, &config, &running.status)?,
        }
        Ok(tell_override(running.status.override_error.as_deref()))
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
    rows.extend(hold_row(config)?);
    rows.extend(profile_rows(status));
    table::print(out, &rows)
}

/// What is shown, and whether the canary is held, by what is kept.
fn with_hold(config: &Config, mut shown: Value) -> anyhow::Result<Value> {
    let dir = open(&config.server.data_dir)?;
    let rollout = standing(config, dir.as_ref())?.rollout;
    shown["canary_held"] = json!(config.canary.enabled && rollout.canary.held);
    shown["canary_hold"] = json!(rollout.hold.filter(|_| config.canary.enabled));
    Ok(shown)
}

/// Profile and progress of sampling of a running server.
pub(in crate::cli) fn profile_rows(status: &running::Status) -> Vec<Vec<String>> {
    let mut rows = vec![pair("profile", profile_name(status.profile))];
    rows.extend(status.n_sampled.map(|n| pair("sampled", format_args!("{n} prompts so far"))));
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

fn from_files(out: &mut dyn Write, config: &Config, as_json: bool) -> anyhow::Result<Exit> {
    let InForce { split, override_error, policy } = InForce::of(config)?;
    let refused = override_error.map(|error| error.to_string());
    let n_prompts = policy.knots.n_prompts();
    if as_json {
        let shown = json!({
            "from": "files", "split": split, "profile": policy.profile,
            "n_knot_prompts": n_prompts, "override_error": refused,
        });
        output::json(out, &with_hold(config, shown)?)?;
    } else {
        say("no server is running; from configuration, override file and stored knots");
        let mut rows = split_rows(&split);
        rows.extend(hold_row(config)?);
        let profile = profile_name(policy.profile);
        rows.push(pair("profile", format_args!("{profile} ({n_prompts} prompts)")));
        table::print(out, &rows)?;
    }
    Ok(tell_override(refused.as_deref()))
}

/// The profile's name in configuration.
pub(super) const fn profile_name(profile: Profile) -> &'static str {
    match profile {
        Profile::Golden => "golden",
        Profile::Traffic => "traffic",
    }
}
