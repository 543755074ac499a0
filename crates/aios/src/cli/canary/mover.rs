//! Moving the canary: by ourselves if nobody else owns the data directory, else through the running server.

use aios_core::Clock as _;
use aios_server::{CanaryError, CanaryKeeper, Order, Standing, Wish};
use clap::Args;
use serde_json::{Value, json};

use super::shown::Shown;
use crate::cli::context::Context;
use crate::cli::output::{self, Exit, Failure};
use crate::cli::owner::{self, Owner};
use crate::cli::parse;
use crate::clock::SystemClock;
use crate::config::Config;

/// Flags of every verb that moves the canary.
#[derive(Debug, Args)]
pub(super) struct Why {
    /// Why; it is kept with the decision
    #[arg(long, value_name = "TEXT", default_value = "", value_parser = parse::words_or_none)]
    pub(super) reason: String,
    /// Only if nothing has changed since this version, which `status` shows
    #[arg(long, value_name = "N")]
    pub(super) if_version: Option<u64>,
}

/// Does what is wished, and prints how the canary stands then.
pub(super) fn run(
    context: &Context,
    out: &mut dyn std::io::Write,
    wish: Wish,
    why: Why,
) -> anyhow::Result<Exit> {
    let config = context.config()?;
    let standing = moved(&config, wish, why)?;
    let shown = Shown::new(&config, &standing, None, SystemClock.now());
    if context.json {
        output::json(out, &shown)?
    } else {
        shown.print(out)?
    }
    Ok(Exit::Done)
}

fn moved(config: &Config, wish: Wish, why: Why) -> anyhow::Result<Standing> {
    let Why { reason, if_version } = why;
    match Owner::of(config)? {
        Owner::Us(dir) => {
            if !config.canary.enabled {
                return Err(failure(CanaryError::Disabled));
            }
            let keeper = CanaryKeeper::open(&dir, config.routing.split.treatment_pct);
            let reason = config.privacy.redactor().redact(&reason).text;
            let order = Order { wish, reason, if_version };
            let standing = keeper.and_then(|keeper| keeper.decide(order, SystemClock.now()));
            let standing = standing.map_err(failure)?;
            owner::control_on_record(config, &dir)?;
            Ok((*standing).clone())
        }
        Owner::Server => {
            let (verb, asked) = asked(wish, &reason, if_version);
            owner::ask(config, &format!("/admin/v1/canary/{verb}"), &asked)
        }
    }
}

fn asked(wish: Wish, reason: &str, if_version: Option<u64>) -> (&'static str, Value) {
    let why = json!({ "reason": reason, "if_version": if_version });
    match wish {
        Wish::Reset(to) => {
            let asked = json!({ "start_pct": to, "reason": reason, "if_version": if_version });
            ("reset", asked)
        }
        Wish::Hold => ("hold", why),
        Wish::Resume => ("resume", why),
        Wish::Approve(_) => ("approve", why),
    }
}

/// An error with its advice.
pub(super) fn failure(error: CanaryError) -> anyhow::Error {
    match error.hint() {
        Some(hint) => Failure::new(error.to_string(), hint).into(),
        None => error.into(),
    }
}
