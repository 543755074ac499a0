//! `aios logs reindex`.

use std::io::Write;

use aios_store::{AuditAction, CaughtUp, Index};
use clap::Args;
use serde_json::json;

use crate::cli::busy::Busy;
use crate::cli::context::Context;
use crate::cli::output::{self, Exit};
use crate::cli::owner::{self, Owner};
use crate::cli::progress::Bar;

/// Make the index anew from the log
///
/// The index follows the log of itself; this is for when it is in doubt. With --json: {"n_events",
/// "n_forgotten"}.
#[derive(Debug, Args)]
pub(super) struct Reindex;

impl Reindex {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let config = context.config()?;
        let caught_up: CaughtUp = match Owner::of(&config)? {
            Owner::Us(dir) => {
                let mut index = Index::open(&dir)?.rebuild()?;
                let caught_up = index.catch_up_showing(&Bar::of_bytes())?;
                let action = AuditAction::Reindexed { n_events: caught_up.n_events };
                owner::on_record(&config, &dir, action)?;
                caught_up
            }
            Owner::Server => {
                // How far it has come, the server does not say.
                let _busy = Busy::with("reading the event log");
                owner::ask(&config, "/admin/v1/logs/reindex", &json!({}))?
            }
        };
        if context.json {
            output::json(out, &caught_up)?;
        } else {
            writeln!(out, "events indexed: {}", caught_up.n_events)?;
        }
        Ok(Exit::Done)
    }
}
