//! `aios golden record`.

use std::io::Write;
use std::path::PathBuf;

use aios_core::Clock;
use aios_eval::{GoldenSet, Kind, Replaced, Report, Status, unanswered};
use aios_server::golden::{self, About, Run};
use aios_store::GoldenPaths;
use clap::Args;

use super::target::Target;
use super::{files, shown};
use crate::cli::context::Context;
use crate::cli::net;
use crate::cli::output::{self, Exit, Failure, say};
use crate::cli::parse;
use crate::cli::progress::Bar;
use crate::clock::SystemClock;

/// Record the baseline that later runs are compared with
///
/// Each question is asked three times, so that a case that wavers is known to. A baseline that is there is kept
/// unless --force and --reason are given; it is then named in the new one. With --json: the baseline.
#[derive(Debug, Args)]
pub(super) struct Record {
    /// Golden set; without it that of the data directory
    #[arg(long, value_name = "FILE")]
    set: Option<PathBuf>,
    /// Where the baseline goes, with the directories on the way; without it the data directory
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// How often each question is asked
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=100))]
    repeat: u64,
    /// Replace a baseline that is there
    #[arg(long, requires = "reason")]
    force: bool,
    /// Why it is replaced
    #[arg(long, value_name = "TEXT", value_parser = parse::words)]
    reason: Option<String>,
    #[command(flatten)]
    target: Target,
}

impl Record {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let config = context.config()?;
        let own = GoldenPaths::of(&config.server.data_dir);
        let path = self.out.clone().unwrap_or_else(|| own.baseline.clone());
        let replaced = self.replaced(&path)?;
        let set = files::set(self.set.as_ref().unwrap_or(&own.set), &own, true)?;
        must_decide(&set)?;
        let asker = self.target.asker(context, &config)?;
        let bar = Bar::of_questions();
        let mut run = Run::new(set, asker, self.target.concurrency(None), &bar);
        net::runtime()?.block_on(run.ask_all(usize::try_from(self.repeat).unwrap_or(1)));
        if let Some(why) = unanswered(&run.tests()) {
            let message = format!("nothing was recorded from {}: {why}", self.target.url(&config));
            let hint = "start the server with `aios serve`, or name another with --url";
            return Err(Failure::new(message, hint).into());
        }
        let about = About {
            redactor: &config.privacy.redactor(),
            now: SystemClock.now(),
            fingerprint: self.target.fingerprint(&config),
        };
        let mut report = golden::draft(&run, Kind::Baseline, &about);
        report.replaced = replaced;
        let report = files::write_report(&path, report.sealed())?;
        if context.json {
            output::json(out, &report)?;
        } else {
            shown::print(out, &report, None)?;
        }
        say(format_args!("recorded in {}", path.display()));
        Ok(if report.status == Status::Pass { Exit::Done } else { Exit::Violation })
    }

    /// What the new baseline takes the place of, looked at before anybody is asked.
    fn replaced(&self, path: &std::path::Path) -> anyhow::Result<Vec<Replaced>> {
        let old = match files::baseline(path) {
            Ok(None) => return Ok(Vec::new()),
            Ok(Some(old)) => Some(old),
            // What cannot be read can be replaced, and is not named.
            Err(_) if self.force => None,
            Err(error) => return Err(error),
        };
        let Some(reason) = self.reason.as_ref().filter(|_| self.force) else {
            let message = format!("a baseline is recorded already: {}", path.display());
            let hint = "compare with it, or replace it with --force --reason \"why\"";
            return Err(Failure::new(message, hint).into());
        };
        Ok(old.map_or_else(Vec::new, |old| replacing(old, reason)))
    }
}

/// A baseline of candidates alone would be compared with nothing, and nobody need be asked to know it.
fn must_decide(set: &GoldenSet) -> anyhow::Result<()> {
    if set.cases().iter().any(|case| !case.is_candidate) {
        return Ok(());
    }
    let n = set.cases().len();
    let message = format!(
        "nothing was recorded: all {n} cases of the golden set are candidates, which decide nothing"
    );
    let hint = "look at them, say what you expect, and take `\"status\": \"candidate\"` out of those that should decide";
    Err(Failure::new(message, hint).into())
}

/// The history of a baseline that is replaced by another one.
pub(super) fn replacing(old: Report, reason: &str) -> Vec<Replaced> {
    let last = Replaced {
        report_id: old.report_id,
        timestamp: old.timestamp,
        pass_rate: old.metrics.pass_rate,
        p95_ms: old.metrics.p95_ms,
        reason: reason.to_owned(),
    };
    std::iter::once(last).chain(old.replaced).collect()
}
