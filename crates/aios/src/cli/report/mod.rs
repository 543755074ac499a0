//! `aios report`.

mod measure;
mod page;
mod plot;

use std::io::Write;

use aios_core::Timestamp;
use aios_server::judging::Hours;
use clap::{Args, ValueEnum};
use serde::Serialize;

use super::context::Context;
use super::output::{self, Exit};
use super::table;

/// Hold the last days against the guide's success metrics of the first week
///
/// Exit code 0 if all six pass, 2 if one fails, 3 if one has no data. With --json: {"days", "from", "until", "verdict",
/// "metrics": [{"name", "target", "figure", "verdict"}], "hours": [{"slo", "hours": [{"from", "n", "n_bad", "is_broken"}]}],
/// "stages": [{"from", "pct"}]}.
#[derive(Debug, Args)]
pub(super) struct Command {
    /// Days up to now
    #[arg(long, default_value_t = 7, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=30))]
    days: u16,
    /// How it is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// How a report is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
    Markdown,
    Html,
}

/// How a metric came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    Pass,
    Fail,
    NoData,
}

impl Outcome {
    const fn name(self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::Fail => "FAIL",
            Self::NoData => "NODATA",
        }
    }
}

/// One of the guide's metrics.
#[derive(Debug, Serialize)]
struct Metric {
    name: &'static str,
    target: &'static str,
    figure: String,
    verdict: Outcome,
}

/// All of them.
#[derive(Debug, Serialize)]
struct Report {
    days: u16,
    from: Timestamp,
    until: Timestamp,
    verdict: Outcome,
    metrics: Vec<Metric>,
    hours: Vec<Hours>,
    stages: Vec<Stage>,
}

/// The share in treatment from a time on.
#[derive(Debug, Serialize)]
struct Stage {
    from: Timestamp,
    pct: f64,
}

impl Command {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let report = measure::report(&context.config()?, self.days)?;
        let format = if context.json { Format::Json } else { self.format };
        match format {
            Format::Json => output::json(out, &report)?,
            Format::Markdown => out.write_all(page::markdown(&report).as_bytes())?,
            Format::Html => out.write_all(page::html(&report).as_bytes())?,
            Format::Text => print(out, &report)?,
        }
        Ok(match report.verdict {
            Outcome::Pass => Exit::Done,
            Outcome::Fail => Exit::Violation,
            Outcome::NoData => Exit::Incomplete,
        })
    }
}

fn print(out: &mut dyn Write, report: &Report) -> anyhow::Result<()> {
    let rows = report.metrics.iter().map(|metric| {
        let verdict = metric.verdict.name().to_owned();
        vec![verdict, metric.name.to_owned(), metric.target.to_owned(), metric.figure.clone()]
    });
    table::print(out, &rows.collect::<Vec<_>>())?;
    writeln!(out, "{} {} to {}", report.verdict.name(), report.from, report.until)?;
    Ok(())
}
