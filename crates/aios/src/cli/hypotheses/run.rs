//! `aios hypotheses run`.

use std::io::Write;

use aios_control::hypothesis::Finished;
use aios_core::{Clock as _, Timestamp};
use aios_server::judging::{self, Tested};
use aios_store::DataDir;
use clap::Args;
use serde_json::json;

use crate::cli::context::Context;
use crate::cli::output::{self, Exit};
use crate::cli::routing::open;
use crate::cli::{parse, slo, table};
use crate::clock::SystemClock;
use crate::config::Config;

/// Test all hypotheses on live traffic
///
/// Of what is found, at most a tenth is expected to be wrong, however often it is asked (e-BH over the family). Exit
/// code 2 if lines of the traffic cannot be read, since it might say something else. With --json: {"hypotheses":
/// [{"name", "finding", "test", "n_pairs", "effect", "interval", "log_e_for", "log_e_against", "by_lot"}], "unread":
/// {"n_lines", "first": {"file", "line", "why"}}}.
#[derive(Debug, Args)]
pub(super) struct Run {
    /// Traffic from this time on, a time or how long ago; left out: as the night does, since treatment was last reset
    #[arg(long, value_name = "TIME", value_parser = parse::time)]
    since: Option<Timestamp>,
}

impl Run {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let config = context.config()?;
        // One that is not there says nothing, and is more likely a slip.
        DataDir::read(&config.server.data_dir)?;
        let Tested { finished, unread } = tested(&config, self.since)?;
        let exit = slo::exit_of(&unread);
        if context.json {
            output::json(out, &json!({ "hypotheses": finished, "unread": unread }))?;
            return Ok(exit);
        }
        let head = ["hypothesis", "finding", "effect", "interval (95 %)", "pairs", "by lot"];
        let mut rows = vec![head.map(str::to_owned).to_vec()];
        rows.extend(finished.iter().map(row));
        table::print(out, &rows)?;
        slo::tell_unread(&unread);
        Ok(exit)
    }
}

/// What the traffic since then says to each hypothesis.
pub(super) fn tested(config: &Config, since: Option<Timestamp>) -> anyhow::Result<Tested> {
    let (now, index) = (SystemClock.now(), slo::index(&config.server.data_dir)?);
    let since = match (since, open(&config.server.data_dir)?) {
        (Some(since), _) => since,
        (None, Some(dir)) => {
            judging::anchored(&dir, now, config.events.log.retention.events.total)?
        }
        (None, None) => now,
    };
    let quality_min = config.objectives.quality_min;
    Ok(judging::tested(&config.hypotheses, index.as_ref(), since, now, quality_min)?)
}

fn row(one: &Finished) -> Vec<String> {
    let (low, high) = one.interval;
    vec![
        one.name.clone(),
        one.finding.to_string(),
        one.effect.map_or_else(|| "-".to_owned(), |effect| format!("{effect:+.4}")),
        format!("[{low:+.4}, {high:+.4}]"),
        one.n_pairs.to_string(),
        if one.by_lot { "yes" } else { "no" }.to_owned(),
    ]
}
