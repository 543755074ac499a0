//! `aios alert test`.

use std::io::Write;

use aios_core::Clock as _;
use aios_server::alerts::{Message, send};
use clap::Args;
use serde_json::json;

use crate::cli::context::Context;
use crate::cli::net;
use crate::cli::output::{self, Exit, Failure};
use crate::clock::SystemClock;

/// Send a message to every receiver, and say whether each has taken it
///
/// With --json: {"channels": [{"channel", "ok", "error"}]}.
#[derive(Debug, Args)]
pub(super) struct Test;

impl Test {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let config = context.config()?;
        if config.alerts.targets.is_empty() {
            let hint = "set SLACK_WEBHOOK_URL, or the variable that alerts.webhook_env names, where AIOS is started";
            return Err(Failure::new("there is no receiver of alerts", hint).into());
        }
        let message = Message::test("aios alert test", SystemClock.now());
        let mut channels = Vec::new();
        let mut exit = Exit::Done;
        for target in &config.alerts.targets {
            let sent = net::runtime()?.block_on(send(target, &message));
            let name = target.kind().name();
            if !context.json {
                match &sent {
                    Ok(()) => writeln!(out, "{name}: sent")?,
                    Err(why) => writeln!(out, "{name}: FAILED: {why}")?,
                }
            }
            if sent.is_err() {
                exit = Exit::Failed;
            }
            channels.push(json!({ "channel": name, "ok": sent.is_ok(), "error": sent.err() }));
        }
        if context.json {
            output::json(out, &json!({ "channels": channels }))?;
        }
        Ok(exit)
    }
}
