//! `aios canary simulate`.

use std::io::Write;
use std::num::NonZero;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use aios_control::simulate::{Judging, P95_MS, Rollout, Scenario, Simulation, Tally, bars};
use aios_server::CanarySettings;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::cli::context::Context;
use crate::cli::output::{self, Exit};
use crate::cli::{parse, table};

/// From the guide's own scale to a busy service.
const REQUESTS_PER_CHECK: [u32; 3] = [100, 1_000, 10_000];

/// Most looks at one rollout.
const CHECKS_MAX: u32 = 1_000;

/// Simulate thousands of rollouts: how often is harm promoted, and what is equal rolled back?
///
/// The judge and the planner are the real ones, with the stages, counts and margins of `[canary]` and the objectives of `[slo]`. Beside them stands what one would write first:
/// the service levels as thresholds on the treatment's last window.
///
/// With --json: {"seed", "runs", "checks_max", "cells": [{"requests_per_check", "scenario", "judging",
/// "promoted_pct", "rolled_back_pct", "open_pct", "checks_median", "treatment_pct_mean",
/// "bars": [{"figure", "most", "found", "kept"}]}]}. A bar that is not kept is exit code 2.
#[derive(Debug, Args)]
pub(super) struct Simulate {
    /// What chance begins with: the same seed gives the same figures again
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(..=u64::from(u32::MAX)))]
    seed: u64,
    /// Rollouts of each kind
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    runs: u32,
    /// Requests between two looks, in both buckets together; without it 100, 1000 and 10000
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    requests_per_check: Option<u32>,
    /// How treatment differs; without it every scenario
    #[arg(long, value_parser = parse::one_of(&Scenario::ALL, Scenario::name))]
    scenario: Option<Scenario>,
}

#[derive(Debug, Serialize)]
struct Simulated {
    seed: u64,
    runs: u32,
    checks_max: u32,
    cells: Vec<Cell>,
}

#[derive(Debug, Serialize)]
struct Cell {
    requests_per_check: u32,
    scenario: &'static str,
    #[serde(skip)]
    told: &'static str,
    judging: &'static str,
    promoted_pct: f64,
    rolled_back_pct: f64,
    open_pct: f64,
    checks_median: Option<u32>,
    treatment_pct_mean: f64,
    bars: Vec<ShownBar>,
}

#[derive(Debug, Serialize)]
struct ShownBar {
    figure: &'static str,
    most: f64,
    found: Option<f64>,
    kept: bool,
}

impl Simulate {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let simulations = self.simulations(&context.config()?.control().canary);
        let progress = progress(simulations.len() as u64 * u64::from(self.runs));
        let cells: Vec<Cell> =
            simulations.iter().map(|simulation| self.cell(simulation, &progress)).collect();
        progress.finish_and_clear();
        let simulated =
            Simulated { seed: self.seed, runs: self.runs, checks_max: CHECKS_MAX, cells };
        if context.json {
            output::json(out, &simulated)?
        } else {
            simulated.print(out)?
        }
        let is_kept = simulated.cells.iter().flat_map(|cell| &cell.bars).all(|bar| bar.kept);
        Ok(if is_kept { Exit::Done } else { Exit::Violation })
    }

    fn simulations(&self, settings: &CanarySettings) -> Vec<Simulation> {
        let sizes = self.requests_per_check.map_or(REQUESTS_PER_CHECK.to_vec(), |n| vec![n]);
        let scenarios = self.scenario.map_or(Scenario::ALL.to_vec(), |scenario| vec![scenario]);
        let mut simulations = Vec::new();
        for requests_per_check in sizes {
            for &scenario in &scenarios {
                simulations.extend(Judging::ALL.map(|judging| Simulation {
                    seed: self.seed,
                    scenario,
                    judging,
                    policy: settings.policy,
                    asked: settings.judge_policy(P95_MS),
                    requests_per_check,
                    checks_max: CHECKS_MAX,
                }));
            }
        }
        simulations
    }

    fn cell(&self, simulation: &Simulation, progress: &ProgressBar) -> Cell {
        let mut tally = Tally::default();
        rollouts(simulation, self.runs, progress).iter().for_each(|rollout| tally.add(rollout));
        let bars = match simulation.judging {
            Judging::Evidence => bars(simulation, &tally),
            // It is there to be compared with, and is held to nothing.
            Judging::Thresholds => Vec::new(),
        };
        Cell {
            requests_per_check: simulation.requests_per_check,
            scenario: simulation.scenario.name(),
            told: simulation.scenario.told(),
            judging: simulation.judging.name(),
            promoted_pct: tally.promoted_pct(),
            rolled_back_pct: tally.rolled_back_pct(),
            open_pct: tally.open_pct(),
            checks_median: tally.checks_median(),
            treatment_pct_mean: tally.treatment_pct_mean(),
            bars: bars
                .iter()
                .map(|bar| ShownBar {
                    figure: bar.figure,
                    most: bar.most,
                    found: bar.found,
                    kept: bar.is_kept(),
                })
                .collect(),
        }
    }
}

/// In the order of their numbers. Each has its own chance by its number, whichever thread runs it.
fn rollouts(simulation: &Simulation, runs: u32, progress: &ProgressBar) -> Vec<Rollout> {
    let next = AtomicU32::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let n = next.fetch_add(1, Ordering::Relaxed);
            if n >= runs {
                return done;
            }
            done.push((n, simulation.rollout(n)));
            progress.inc(1);
        }
    };
    let n_threads = thread::available_parallelism().map_or(1, NonZero::get);
    let mut numbered: Vec<(u32, Rollout)> = thread::scope(|scope| {
        let threads: Vec<_> = (0..n_threads).map(|_| scope.spawn(work)).collect();
        let done = threads.into_iter().map(|thread| thread.join().expect("rollouts do not panic"));
        done.flatten().collect()
    });
    // Sums of fractions depend on their order, in the last digit.
    numbered.sort_unstable_by_key(|(n, _)| *n);
    numbered.into_iter().map(|(_, rollout)| rollout).collect()
}

/// Shown only where a terminal listens.
fn progress(n: u64) -> ProgressBar {
    let bar = ProgressBar::new(n);
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} rollouts, {eta} left");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

impl Simulated {
    fn print(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        let head = [
            "requests",
            "treatment",
            "judged by",
            "promoted",
            "rolled back",
            "open",
            "looks",
            "bar",
        ];
        let mut rows = vec![head.map(str::to_owned).to_vec()];
        rows.extend(self.cells.iter().map(Cell::row));
        table::print(out, &rows)?;
        writeln!(
            out,
            "{} rollouts of each kind, at most {} looks, seed {}",
            self.runs, self.checks_max, self.seed
        )?;
        Ok(())
    }
}

impl Cell {
    fn row(&self) -> Vec<String> {
        let pct = |value: f64| format!("{value:.1} %");
        let looks = self.checks_median.map_or_else(|| "-".to_owned(), |median| median.to_string());
        let bars: Vec<String> = self.bars.iter().map(ShownBar::told).collect();
        vec![
            self.requests_per_check.to_string(),
            self.told.to_owned(),
            self.judging.to_owned(),
            pct(self.promoted_pct),
            pct(self.rolled_back_pct),
            pct(self.open_pct),
            looks,
            bars.join(", "),
        ]
    }
}

impl ShownBar {
    fn told(&self) -> String {
        let word = if self.kept { "ok" } else { "MISSED" };
        format!("{} <= {} {word}", self.figure, self.most)
    }
}
