//! `aios dashboard`.

use std::io::Write;

use anyhow::Context as _;
use clap::Args;
use serde_json::{Value, json};

use super::context::Context;
use super::output::{self, Exit};
use super::{owner, running};

/// Print a link that opens one browser session with the running server's admin address
///
/// The link works once, within the hour. With --json: {"url"}.
#[derive(Debug, Args)]
pub(super) struct Command;

impl Command {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let config = context.config()?;
        running::required(&config)?;
        let link: Value = owner::ask(&config, "/admin/v1/login-links", &json!({}))?;
        let path = link["path"].as_str().context("the server gave no link")?;
        let url = format!("http://{}{path}", running::address(&config));
        if context.json {
            output::json(out, &json!({ "url": url }))?;
        } else {
            writeln!(out, "{url}")?;
        }
        Ok(Exit::Done)
    }
}
