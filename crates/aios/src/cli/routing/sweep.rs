//! `aios routing sweep`.

use std::io::Write;
use std::path::{Path, PathBuf};

use aios_core::{Bucket, Clock as _, Tier};
use aios_eval::render::sweep_html;
use aios_eval::{BUILT_IN_SET, GoldenSet, Kind, Report, Swept, reached, sweep};
use aios_server::golden::{About, Run, draft};
use aios_store::{GoldenPaths, read_document, write_document};
use clap::Args;
use serde_json::json;

use super::InForce;
use crate::cli::context::Context;
use crate::cli::golden::files::{must_not_replace, named_text};
use crate::cli::golden::target::Target;
use crate::cli::output::{self, Exit, Failure, say};
use crate::cli::progress::Bar;
use crate::cli::{net, table};
use crate::clock::SystemClock;
use crate::config::Config;

/// Boundaries that are looked at, in hundredths: as far as anybody would go by little steps.
const HUNDREDTHS: std::ops::RangeInclusive<u32> = 40..=60;

/// One of so many hundredths.
const STEP: usize = 2;

/// Width of a whole bar, in characters.
const BAR: f64 = 30.0;

/// Show what other boundaries would make of the golden set
///
/// Where each case goes is computed. Pass rate and latencies are of runs that were made: of the baseline, the last
/// report and those named with --report; with --live each case is asked now, once of each tier that it can come to.
/// A case whose tier was never asked is counted as unseen. With --json: {"boundary_in_force", "cases", "reports", "asked",
/// "swept": [{"boundary", "main_share", "n_mismatched", "n_unseen", "pass_rate", "latency_ms_p50", "latency_ms_p95"}]}.
#[derive(Debug, Args)]
pub(super) struct Sweep {
    /// Golden set; without it that of the data directory, else the built-in one
    #[arg(long, value_name = "FILE")]
    set: Option<PathBuf>,
    /// Another golden report or baseline; later ones count before earlier ones
    #[arg(long, value_name = "FILE")]
    report: Vec<PathBuf>,
    /// Ask each case now, of each tier that it can come to
    #[arg(long)]
    live: bool,
    /// Base URL of the API that is asked; without it the server of this configuration
    #[arg(long, value_name = "URL", requires = "live")]
    url: Option<String>,
    /// Environment variable that holds the client key, where keys are required
    #[arg(long, value_name = "NAME", requires = "live")]
    api_key_env: Option<String>,
    /// Questions under way at once
    #[arg(long, value_name = "N", requires = "live", value_parser = clap::value_parser!(u64).range(1..=256))]
    concurrency: Option<u64>,
    /// Write it as one HTML page with plots
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

impl Sweep {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let config = context.config()?;
        let own = GoldenPaths::of(&config.server.data_dir);
        if let Some(path) = &self.html {
            must_not_replace(path, &[], &config.server.data_dir)?;
        }
        let set = self.set(&own)?;
        let mut reports = self.reports(&own)?;
        let InForce { split, policy, .. } = InForce::of(&config)?;
        let weigh =
            |text: &str| aios_route::explain(text, Bucket::Control, &policy, &split).weight.get();
        let boundaries: Vec<f64> =
            HUNDREDTHS.step_by(STEP).map(|hundredths| f64::from(hundredths) / 100.0).collect();
        let n_asked = match self.live {
            true => {
                let asked = self.ask(context, &config, &set, &boundaries, weigh)?;
                let n = asked.iter().flat_map(|report| &report.tests).map(|test| test.runs.len());
                let n = n.sum::<usize>();
                reports.extend(asked);
                n
            }
            false => 0,
        };
        let swept = sweep(&set, &reports, &boundaries, weigh);
        let in_force = split.control_boundary.get();
        if let Some(path) = &self.html {
            write_document(path, &sweep_html(&swept, in_force))?;
        }
        if context.json {
            let all = json!({
                "boundary_in_force": in_force,
                "cases": set.cases().len(),
                "reports": reports.len(),
                "asked": n_asked,
                "swept": swept,
            });
            output::json(out, &all)?;
        } else {
            print(out, &swept)?;
            let asked =
                if self.live { format!(", {n_asked} questions asked") } else { String::new() };
            writeln!(out, "{} cases{asked}; in force: {in_force}", set.cases().len())?;
        }
        if reports.is_empty() {
            say(
                "note: no run is known; --live makes one, as do `aios golden record` and `compare`",
            );
        }
        Ok(Exit::Done)
    }

    /// What each tier makes of the cases that can come to it.
    fn ask(
        &self,
        context: &Context,
        config: &Config,
        set: &GoldenSet,
        boundaries: &[f64],
        weigh: impl Fn(&str) -> f64,
    ) -> anyhow::Result<Vec<Report>> {
        let target = Target::at(self.url.clone(), self.api_key_env.clone());
        let concurrency = self.concurrency.and_then(|n| usize::try_from(n).ok()).unwrap_or(1);
        let redactor = config.privacy.redactor();
        let (runtime, bar) = (net::runtime()?, Bar::of_questions());
        let mut reports = Vec::new();
        for tier in Tier::ALL {
            let asker = target.asker(context, config)?.of_tier(tier);
            let mut run = Run::new(set.clone(), asker, concurrency, &bar);
            runtime.block_on(run.ask(reached(set, boundaries, &weigh, tier)));
            let now = SystemClock.now();
            let about = About { redactor: &redactor, now, fingerprint: None };
            reports.push(draft(&run, Kind::Comparison, &about));
        }
        let runs = || reports.iter().flat_map(|report| &report.tests).flat_map(|test| &test.runs);
        if let Some(failed) = runs().find(|run| !run.is_answered())
            && runs().all(|run| !run.is_answered())
        {
            let why = failed.error.clone().unwrap_or_default();
            let message = format!("nobody answered at {}: {why}", target.url(config));
            let hint = "start the server with `aios serve`, or name another with --url";
            return Err(Failure::new(message, hint).into());
        }
        Ok(reports)
    }

    fn set(&self, own: &GoldenPaths) -> anyhow::Result<GoldenSet> {
        let path = self.set.as_ref().unwrap_or(&own.set);
        let text = match (read_document(path)?, &self.set) {
            (Some(text), _) => text,
            (None, None) => BUILT_IN_SET.to_owned(),
            (None, Some(_)) => return Err(missing(path).into()),
        };
        Ok(GoldenSet::parse(&text).map_err(|error| {
            Failure::new(
                format!("cannot use the golden set {}", path.display()),
                format!("`aios golden lint --set {}` names every fault of it", path.display()),
            )
            .because(error)
        })?)
    }

    fn reports(&self, own: &GoldenPaths) -> anyhow::Result<Vec<Report>> {
        let mut reports = Vec::new();
        for path in [&own.baseline, &own.report] {
            reports.extend(read_document(path)?.map(|text| parsed(path, &text)).transpose()?);
        }
        for path in &self.report {
            let report = parsed(path, &named_text(path)?)?;
            if !report.has_seal() {
                let path = path.display();
                say(format_args!("note: {path} is unsealed: nobody knows who has written it"));
            }
            reports.push(report);
        }
        Ok(reports)
    }
}

fn parsed(path: &Path, text: &str) -> Result<Report, Failure> {
    Report::parse(text).map_err(|error| {
        let hint = "name what `aios golden record` or `compare` wrote";
        Failure::new(format!("cannot use the report {}", path.display()), hint).because(error)
    })
}

fn missing(path: &Path) -> Failure {
    Failure::new(format!("there is no file {}", path.display()), "name one that exists")
}

fn print(out: &mut dyn Write, swept: &[Swept]) -> anyhow::Result<()> {
    let head =
        ["boundary", "to main", "", "other tier than labeled", "pass", "p50", "p95", "unseen"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(swept.iter().map(row));
    table::print(out, &rows)
}

fn row(swept: &Swept) -> Vec<String> {
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let ms = |ms: Option<f64>| or_dash(ms.map(|ms| format!("{ms:.0} ms")));
    vec![
        format!("{:.2}", swept.boundary),
        format!("{:.0} %", 100.0 * swept.main_share),
        "#".repeat((BAR * swept.main_share).round() as usize),
        swept.n_mismatched.to_string(),
        or_dash(swept.pass_rate.map(|share| format!("{:.0} %", 100.0 * share))),
        ms(swept.latency_ms_p50),
        ms(swept.latency_ms_p95),
        swept.n_unseen.to_string(),
    ]
}
