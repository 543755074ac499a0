//! `aios routing calibrate`.

use std::io::Write;

use aios_core::{Boundary, Event, Operation, Timestamp};
use aios_route::{Knots, KnotsError, score};
use aios_store::{DataDir, Filter, ReadError, StoreError};
use clap::Args;
use serde::Serialize;

use crate::cli::context::Context;
use crate::cli::output::{self, Exit, Failure, say};
use crate::cli::parse;
use crate::config::{Config, ProfileChoice};
use crate::knots;

/// Most prompts that are scored; the newest count.
const PROMPTS_MAX: usize = 100_000;

/// Measure weights against this deployment's own prompts, as the event log has them
///
/// With --json: {"n_prompts", "n_bad_lines", "boundary", "main_pct_before", "main_pct_after", "written"}.
#[derive(Debug, Args)]
pub(super) struct Calibrate {
    /// Only prompts since then: a time, or how long ago ("14d")
    #[arg(long, value_name = "TIME", value_parser = parse::time)]
    since: Option<Timestamp>,
    /// Say what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
}

/// What calibrating does.
#[derive(Debug, Serialize)]
struct Calibration {
    n_prompts: usize,
    n_bad_lines: usize,
    boundary: Boundary,
    main_pct_before: f64,
    main_pct_after: f64,
    written: bool,
}

impl Calibrate {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let config = context.config()?;
        let dir = DataDir::read(&config.server.data_dir)?;
        // Taken first: whoever cannot write need not wait for the reading.
        let owned = if self.dry_run { None } else { Some(own(&config)?) };
        let (mut scores, n_bad_lines) = scores(&dir, self.since)?;
        // Damaged knots are replaced like any others.
        let before = knots::stored(&dir).unwrap_or_default().unwrap_or_else(Knots::golden);
        let after = Knots::from_raw_scores(&mut scores).map_err(too_little)?;
        if let Some(owned) = &owned {
            owned.write_knots(&serde_json::to_string(&after)?)?;
        }
        let boundary = config.routing.split.control_boundary;
        let done = Calibration {
            n_prompts: scores.len(),
            n_bad_lines,
            boundary,
            main_pct_before: main_pct(&scores, &before, boundary),
            main_pct_after: main_pct(&scores, &after, boundary),
            written: owned.is_some(),
        };
        if context.json {
            output::json(out, &done)?
        } else {
            done.print(out)?
        }
        if config.routing.profile == ProfileChoice::Golden {
            say("note: routing.profile is \"golden\", which does not use these knots");
        }
        if n_bad_lines > 0 {
            say(format_args!("incomplete: bad lines in the event log: {n_bad_lines}"));
            return Ok(Exit::Incomplete);
        }
        Ok(Exit::Done)
    }
}

impl Calibration {
    fn print(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        let Self { n_prompts, boundary, main_pct_before, main_pct_after, .. } = self;
        writeln!(out, "prompts: {n_prompts}")?;
        writeln!(
            out,
            "to main at boundary {boundary}: {main_pct_before:.1} % before, {main_pct_after:.1} % after"
        )?;
        writeln!(out, "{}", if self.written { "written" } else { "not written (--dry-run)" })?;
        Ok(())
    }
}

/// The data directory, to write to.
fn own(config: &Config) -> anyhow::Result<DataDir> {
    DataDir::open(&config.server.data_dir).map_err(|error| match error {
        StoreError::Locked { .. } => {
            let hint = format!(
                "stop the server first, or let it learn by itself: it does after {} prompts; --dry-run needs no lock",
                config.routing.traffic_after
            );
            Failure::new("cannot write the traffic knots", hint).because(error).into()
        }
        error => error.into(),
    })
}

/// Raw scores of the newest prompts, and how many lines could not be read.
fn scores(dir: &DataDir, since: Option<Timestamp>) -> anyhow::Result<(Vec<f64>, usize)> {
    let filter = Filter { since, newest_first: true, ..Filter::default() };
    let (mut scores, mut n_bad) = (Vec::new(), 0);
    for found in aios_store::query(dir, &filter)? {
        match found {
            Ok(line) => scores.extend(prompt(&line.event).map(|text| score(text).raw)),
            Err(ReadError::Bad(_)) => n_bad += 1,
            Err(error @ ReadError::Io { .. }) => return Err(error.into()),
        }
        if scores.len() == PROMPTS_MAX {
            break;
        }
    }
    Ok((scores, n_bad))
}

/// The question of a request that can be routed by it.
fn prompt(event: &Event) -> Option<&str> {
    let event = event.response()?;
    let routed = event.operation != Operation::Embeddings && event.weight.is_some();
    Some(event.question.as_str()).filter(|text| routed && !text.is_empty())
}

fn too_little(error: KnotsError) -> Failure {
    let hint = "serve more traffic first, or take more of the log with an earlier --since";
    Failure::new("the event log is too little to calibrate on", hint).because(error)
}

fn main_pct(scores: &[f64], knots: &Knots, boundary: Boundary) -> f64 {
    let n_main = scores.iter().filter(|raw| knots.weight(**raw).get() >= boundary.get()).count();
    n_main as f64 * 100.0 / scores.len() as f64
}
