//! `aios hypotheses list`.

use std::io::Write;

use clap::Args;
use serde_json::json;

use crate::cli::context::Context;
use crate::cli::output::{self, Exit};
use crate::cli::table;

/// Show the hypotheses: the built-in ones and those of `[hypotheses]`
///
/// With --json: {"hypotheses": [{"name", "statement", "metric", "groups", "direction", "margin", "n_pairs_min"}]}.
#[derive(Debug, Args)]
pub(super) struct List;

impl List {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let family = context.config()?.hypotheses;
        if context.json {
            output::json(out, &json!({ "hypotheses": family }))?;
        } else {
            let rows = family.into_iter().map(|one| vec![one.name, one.statement]);
            table::print(out, &rows.collect::<Vec<_>>())?;
        }
        Ok(Exit::Done)
    }
}
