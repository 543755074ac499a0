//! `aios dashboard`.

mod browser;
mod files;

use std::io::{IsTerminal as _, Write};

use anyhow::Context as _;
use clap::Args;
use serde_json::{Value, json};

use super::context::Context;
use super::output::{self, Exit, say};
use super::{owner, routing, running};
use crate::config::Config;
use browser::Around;

/// Open the dashboard with a link that opens one browser session
///
/// The link works once, within the hour. It is printed, too; where nobody sits at a terminal, or with CI set, it is only
/// printed. Where no server runs on the data directory, shows what is on disk until you end it, and changes nothing.
/// With --json: {"url", "is_opened", "is_read_only"}.
#[derive(Debug, Args)]
pub(super) struct Command {
    /// Only print the link
    #[arg(long)]
    no_open: bool,
}

impl Command {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let config = context.config()?;
        if running::find(&config)?.is_none()
            && let Some(dir) = routing::open(&config.server.data_dir)?
        {
            files::show(&config, dir, |url| self.tell(context, out, url, true))?;
            return Ok(Exit::Done);
        }
        let url = link(&config)?;
        self.tell(context, out, &url, false)?;
        Ok(Exit::Done)
    }

    fn tell(
        &self,
        context: &Context,
        out: &mut dyn Write,
        url: &str,
        is_read_only: bool,
    ) -> anyhow::Result<()> {
        let is_opened = self.opens(context) && opened(url);
        if context.json {
            let told = json!({ "url": url, "is_opened": is_opened, "is_read_only": is_read_only });
            output::json(out, &told)?;
        } else {
            writeln!(out, "{url}")?;
        }
        // It is read while this program goes on.
        Ok(out.flush()?)
    }

    fn opens(&self, context: &Context) -> bool {
        let is_terminal = std::io::stdout().is_terminal();
        !self.no_open && Around { is_terminal, env: &context.sources.env }.has_browser()
    }
}

fn link(config: &Config) -> anyhow::Result<String> {
    running::required(config)?;
    let link: Value = owner::ask(config, "/admin/v1/login-links", &json!({}))?;
    let path = link["path"].as_str().context("the server gave no link")?;
    Ok(format!("http://{}{path}", running::address(config)))
}

/// The link is printed all the same, so that a browser that cannot be opened is no failure.
fn opened(url: &str) -> bool {
    browser::open(url)
        .inspect_err(|error| say(format_args!("the browser could not be opened: {error}")))
        .is_ok()
}
