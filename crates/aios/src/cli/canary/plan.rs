//! `aios canary plan`.

use std::collections::HashSet;
use std::io::Write;
use std::time::Duration;

use aios_control::{Expected, Forecast, Row, StagePlan, forecast};
use aios_core::Clock as _;
use aios_server::{CanarySettings, judging};
use clap::Args;
use serde::Serialize;

use crate::cli::context::Context;
use crate::cli::output::{self, Exit};
use crate::cli::{slo, table};
use crate::clock::SystemClock;
use crate::config::Config;

/// How far back traffic is looked at.
const DAY: Duration = Duration::from_secs(86_400);

/// Fewer requests say nothing of rates.
const REQUESTS_MIN: u64 = 100;

/// What is expected where nothing is measured: the guide's own scale and error rate.
const UNMEASURED: Expected =
    Expected { requests_per_check: 100.0, error_rate: 0.01, miss_rate: None };

/// Foretell how long a rollout takes, and what it can catch
///
/// For a treatment that is equal, by the traffic of the last day or what is given. With --json:
/// {"requests_per_check", "error_rate", "miss_rate", "measured", "check_every_s", "stages": [{"treatment_pct", "next_pct",
/// "error_margin", "blocks", "checks_median", "checks_p90"}], "checks_median", "errors_caught", "misses_caught"}.
#[derive(Debug, Args)]
pub(super) struct Plan {
    /// Conversations between two looks, in both buckets together
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    requests_per_check: Option<u32>,
    /// Share of requests that fail
    #[arg(long, value_name = "SHARE", value_parser = share)]
    error_rate: Option<f64>,
    /// Share of answers that are not good enough
    #[arg(long, value_name = "SHARE", value_parser = share)]
    miss_rate: Option<f64>,
}

impl Plan {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let config = context.config()?;
        let settings = config.control().canary;
        let measured = measured(&config, &settings)?;
        let expected = self.expected(measured.unwrap_or(UNMEASURED));
        // Where slow begins does not matter for how long it takes.
        let forecast = forecast(&settings.judge_policy(1.0), &settings.policy, &expected);
        let check_every_s = settings.check_every.as_secs_f64();
        let shown = Shown { expected, measured: measured.is_some(), check_every_s, forecast };
        if context.json {
            output::json(out, &shown)?;
        } else {
            shown.print(out, &settings)?;
        }
        Ok(Exit::Done)
    }

    fn expected(&self, otherwise: Expected) -> Expected {
        Expected {
            requests_per_check: self
                .requests_per_check
                .map_or(otherwise.requests_per_check, f64::from),
            error_rate: self.error_rate.unwrap_or(otherwise.error_rate),
            miss_rate: self.miss_rate.or(otherwise.miss_rate),
        }
    }
}

/// What the last day was like; none if it says too little.
fn measured(config: &Config, settings: &CanarySettings) -> anyhow::Result<Option<Expected>> {
    let Some(index) = slo::index(&config.server.data_dir)? else { return Ok(None) };
    let now = SystemClock.now();
    let since = now.minus(DAY);
    let mut day = Day { quality_min: settings.quality_min, ..Day::default() };
    judging::each_row(&index, since..now, |row| day.add(&row))?;
    let n_turns = DAY.as_secs_f64() / settings.check_every.as_secs_f64();
    Ok(day.expected(n_turns))
}

/// What a day was like. A conversation speaks once, as it does at a stage.
#[derive(Debug, Default)]
struct Day {
    quality_min: f64,
    spoken: HashSet<u64>,
    n: u64,
    n_failed: u64,
    n_scored: u64,
    n_missed: u64,
}

impl Day {
    fn add(&mut self, row: &Row) {
        let Some(failed) = row.failed().filter(|_| row.weight.is_some()) else { return };
        if !self.spoken.insert(row.conversation) {
            return;
        }
        self.n += 1;
        self.n_failed += u64::from(failed);
        self.n_scored += u64::from(row.quality.is_some());
        let missed = row.quality.is_some_and(|quality| quality < self.quality_min);
        self.n_missed += u64::from(missed);
    }

    fn expected(&self, n_turns: f64) -> Option<Expected> {
        // Where nothing went badly, the next one may.
        let share = |n_bad: u64, n: u64| n_bad.max(1) as f64 / n as f64;
        (self.n >= REQUESTS_MIN).then(|| Expected {
            requests_per_check: self.n as f64 / n_turns,
            error_rate: share(self.n_failed, self.n),
            miss_rate: (self.n_scored >= REQUESTS_MIN).then(|| share(self.n_missed, self.n_scored)),
        })
    }
}

/// What is foretold, and by what.
#[derive(Debug, Serialize)]
struct Shown {
    #[serde(flatten)]
    expected: Expected,
    measured: bool,
    check_every_s: f64,
    #[serde(flatten)]
    forecast: Forecast,
}

impl Shown {
    fn print(&self, out: &mut dyn Write, settings: &CanarySettings) -> anyhow::Result<()> {
        let Self { expected, measured, check_every_s, forecast } = self;
        let points = |share: f64| format!("{:.1} points", 100.0 * share);
        let quality = expected.miss_rate.map(|it| format!(", {:.1} % not good enough", 100.0 * it));
        writeln!(
            out,
            "{:.0} conversations a look, {:.2} % failed{} ({})",
            expected.requests_per_check,
            100.0 * expected.error_rate,
            quality.unwrap_or_default(),
            if *measured { "as in the last day" } else { "assumed: too little traffic" }
        )?;
        let head = ["stage", "to", "errors may rise by", "blocks", "looks, half", "looks, 9 of 10"];
        let mut rows = vec![head.map(str::to_owned).to_vec()];
        rows.extend(forecast.stages.iter().map(row));
        table::print(out, &rows)?;
        let (looks, hours) =
            (forecast.checks_median, forecast.checks_median * check_every_s / 3_600.0);
        writeln!(
            out,
            "an equal treatment reaches everybody in {looks:.0} looks, {hours:.1} hours, in half of all rollouts"
        )?;
        let misses = forecast.misses_caught.map(|rise| format!(", quality -{}", points(rise)));
        writeln!(
            out,
            "smallest regression that is probably rolled back on the way: errors +{}{}",
            points(forecast.errors_caught),
            misses.unwrap_or_default()
        )?;
        writeln!(
            out,
            "never promoted, but for a chance of 5 %: errors +{}, quality -{}, p95 +{:.0} %",
            points(settings.error_margin),
            points(settings.quality_margin),
            100.0 * settings.latency_margin
        )?;
        Ok(())
    }
}

fn row(stage: &StagePlan) -> Vec<String> {
    vec![
        format!("{} %", stage.treatment_pct),
        format!("{} %", stage.next_pct),
        format!("{:.1} points", 100.0 * stage.error_margin),
        format!("{:.0}", stage.blocks),
        format!("{:.0}", stage.checks_median),
        format!("{:.0}", stage.checks_p90),
    ]
}

fn share(text: &str) -> Result<f64, &'static str> {
    let share = text.parse().ok().filter(|share: &f64| *share > 0.0 && *share < 1.0);
    share.ok_or("expected a share between 0 and 1, such as 0.01")
}
