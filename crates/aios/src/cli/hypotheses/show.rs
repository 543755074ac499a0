//! `aios hypotheses show`.

use std::io::Write;

use aios_core::Timestamp;
use clap::Args;
use serde_json::json;

use super::run::{finding, tested};
use crate::cli::context::Context;
use crate::cli::output::{self, Exit, Failure};
use crate::cli::status::pair;
use crate::cli::{parse, table};

/// Show one hypothesis and what the traffic says to it
///
/// It is tested with its whole family, so that the correction is the same. With --json: {"hypothesis", "result"}.
#[derive(Debug, Args)]
pub(super) struct Show {
    /// The hypothesis
    name: String,
    /// Traffic from this time on: a time, or how long ago
    #[arg(long, default_value = "14d", value_name = "TIME", value_parser = parse::time)]
    since: Timestamp,
}

impl Show {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let config = context.config()?;
        let unknown = || {
            let names = config.hypotheses.iter().map(|one| one.name.as_str());
            let hint = format!("there are: {}", names.collect::<Vec<_>>().join(", "));
            Failure::new(format!("there is no hypothesis {}", self.name), hint)
        };
        let all = tested(&config, self.since)?;
        let found = config.hypotheses.iter().zip(all).find(|(one, _)| one.name == self.name);
        let (hypothesis, result) = found.ok_or_else(unknown)?;
        if context.json {
            output::json(out, &json!({ "hypothesis": hypothesis, "result": result }))?;
            return Ok(Exit::Done);
        }
        let (low, high) = result.interval;
        let lot = match result.by_lot {
            true => "yes",
            false => "no: the groups may differ for other reasons too",
        };
        let effect = result.effect.map_or_else(|| "-".to_owned(), |effect| format!("{effect:+.4}"));
        table::print(
            out,
            &[
                pair("hypothesis", &hypothesis.name),
                pair("says", &hypothesis.statement),
                pair("finding", finding(result.finding)),
                pair("effect", format_args!("{effect} in [{low:+.4}, {high:+.4}], more is worse")),
                pair(
                    "pairs",
                    format_args!("{} (needs {})", result.n_pairs, hypothesis.n_pairs_min),
                ),
                pair("log e for", format_args!("{:.2}", result.log_e_for)),
                pair("log e against", format_args!("{:.2}", result.log_e_against)),
                pair("by lot", lot),
            ],
        )?;
        Ok(Exit::Done)
    }
}
