//! `aios data find`.

use std::io::Write;

use aios_store::Depth;
use clap::Args;
use serde_json::json;

use super::shown;
use super::whose::Who;
use crate::cli::context::Context;
use crate::cli::output::{self, Exit};

/// Count what is stored of somebody, store by store
///
/// Reads every byte of every file. With --json: {"events_found", "pseudonyms", "census"}.
#[derive(Debug, Args)]
pub(super) struct Find {
    #[command(flatten)]
    who: Who,
}

impl Find {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let looked = self.who.look(context)?;
        let census = looked.census(Depth::EveryByte)?;
        if context.json {
            let found = json!({
                "events_found": census.n_events, "pseudonyms": looked.pseudonyms(), "census": census,
            });
            output::json(out, &found)?;
            return Ok(shown::exit(&census));
        }
        shown::events(out, census.n_events)?;
        shown::stores(out, &census.stores)?;
        shown::remarks(&census);
        Ok(shown::exit(&census))
    }
}
