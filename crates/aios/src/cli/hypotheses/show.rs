//! `aios hypotheses show`.

use std::io::Write;

use aios_core::{Event, EventType, HypothesisEvent, Timestamp};
use aios_server::judging::Tested;
use aios_store::{Filter, query};
use clap::Args;
use serde_json::json;

use super::run::tested;
use crate::cli::context::Context;
use crate::cli::output::{self, Exit, Failure, say};
use crate::cli::routing::open;
use crate::cli::status::pair;
use crate::cli::{parse, slo, table};
use crate::config::Config;

/// Show one hypothesis, what the traffic says to it, and what it said before
///
/// It is tested with its whole family, so that the correction is the same. The history is of the event log, into which
/// a server writes each night what has changed. Exit code 2 if lines of the traffic cannot be read. With --json:
/// {"hypothesis", "result", "history": [the events], "unread": {"n_lines", "first"}}.
#[derive(Debug, Args)]
pub(super) struct Show {
    /// The hypothesis
    name: String,
    /// Traffic from this time on, a time or how long ago; left out: as the night does, since treatment was last reset
    #[arg(long, value_name = "TIME", value_parser = parse::time)]
    since: Option<Timestamp>,
}

impl Show {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let config = context.config()?;
        let unknown = || {
            let names = config.hypotheses.iter().map(|one| one.name.as_str());
            let hint = format!("there are: {}", names.collect::<Vec<_>>().join(", "));
            Failure::new(format!("there is no hypothesis {}", self.name), hint)
        };
        let Tested { finished, unread } = tested(&config, self.since)?;
        let exit = slo::exit_of(&unread);
        let found = config.hypotheses.iter().zip(finished).find(|(one, _)| one.name == self.name);
        let (hypothesis, result) = found.ok_or_else(unknown)?;
        let history = history(&config, &self.name)?;
        if context.json {
            let all = json!({ "hypothesis": hypothesis, "result": result, "history": history, "unread": unread });
            output::json(out, &all)?;
            return Ok(exit);
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
                pair("finding", result.finding),
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
        if !history.is_empty() {
            writeln!(out)?;
            let head = ["time", "finding", "effect", "pairs"].map(str::to_owned).to_vec();
            let rows = std::iter::once(head).chain(history.iter().map(row));
            table::print(out, &rows.collect::<Vec<_>>())?;
        }
        slo::tell_unread(&unread);
        Ok(exit)
    }
}

/// Its findings in the event log, oldest first.
fn history(config: &Config, name: &str) -> anyhow::Result<Vec<HypothesisEvent>> {
    let Some(dir) = open(&config.server.data_dir)? else { return Ok(Vec::new()) };
    let filter = Filter { event_type: Some(EventType::Hypothesis), ..Filter::default() };
    let mut history = Vec::new();
    for line in query(&dir, &filter)? {
        match line.map(|line| line.event) {
            Ok(Event::Hypothesis(event)) if event.name == name => history.push(*event),
            Ok(_) => {}
            Err(error) => say(format_args!("passed over: {error}")),
        }
    }
    Ok(history)
}

fn row(event: &HypothesisEvent) -> Vec<String> {
    vec![
        event.ts.to_string(),
        event.finding.to_string(),
        event.effect.map_or_else(|| "-".to_owned(), |effect| format!("{effect:+.4}")),
        event.n_pairs.to_string(),
    ]
}
