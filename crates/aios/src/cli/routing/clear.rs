//! `aios routing clear`.

use std::io::Write;

use clap::Args;
use serde_json::{Value, json};

use crate::cli::context::Context;
use crate::cli::output::{self, Exit};
use crate::cli::owner::{self, Owner};

/// End the override: canary and configuration count again
///
/// With --json: {}.
#[derive(Debug, Args)]
pub(super) struct Clear {}

impl Clear {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let config = context.config()?;
        match Owner::of(&config)? {
            Owner::Us(dir) => dir.remove_override()?,
            Owner::Server => {
                owner::ask::<Value>(&config, "/admin/v1/routing/clear", &json!({}))?;
            }
        }
        if context.json {
            output::json(out, &json!({}))?;
        } else {
            writeln!(out, "there is no override any more")?;
        }
        Ok(Exit::Done)
    }
}
