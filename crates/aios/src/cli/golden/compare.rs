//! `aios golden compare`.

use std::io::Write;
use std::path::PathBuf;

use aios_core::Clock as _;
use aios_eval::{GoldenSet, Report, Status, check_drift};
use aios_server::golden::{self, About, Run};
use aios_store::GoldenPaths;
use clap::Args;

use super::outputs::Outputs;
use super::target::Target;
use super::{files, shown};
use crate::cli::context::Context;
use crate::cli::net;
use crate::cli::output::{self, Exit, Failure};
use crate::cli::progress::Bar;
use crate::clock::SystemClock;

/// Compare the answers of today with those of the baseline
///
/// Ends with PASS, FAIL (exit code 2) or ERROR (exit code 1: too little was answered to tell). What one run
/// suggests is asked again before it is believed. With --json: the report.
#[derive(Debug, Args)]
pub(super) struct Compare {
    /// Golden set; without it that of the data directory
    #[arg(long, value_name = "FILE")]
    set: Option<PathBuf>,
    /// Baseline; without it that of the data directory
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// How much slower, or how much of routing elsewhere, is too much: 0.25 is a quarter; without it canary.golden_threshold
    #[arg(long, value_name = "SHARE", value_parser = threshold)]
    threshold: Option<f64>,
    /// Where the report goes, with the directories on the way; without it the data directory
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// How often each question is asked
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=100))]
    repeat: u64,
    /// Compare what both know where cases were changed or removed since the baseline
    #[arg(long)]
    allow_set_drift: bool,
    #[command(flatten)]
    outputs: Outputs,
    #[command(flatten)]
    target: Target,
}

impl Compare {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let config = context.config()?;
        let own = GoldenPaths::of(&config.server.data_dir);
        let set_path = self.set.as_ref().unwrap_or(&own.set);
        let path = self.baseline.as_ref().unwrap_or(&own.baseline);
        for file in self.out.as_deref().into_iter().chain(self.outputs.files()) {
            files::must_not_replace(file, &[set_path, path], &config.server.data_dir)?;
        }
        let set = files::set(set_path, &own, true)?;
        let baseline = files::trusted(path, files::What::Baseline)?;
        self.check(&baseline, &set)?;
        let asker = self.target.asker(context, &config)?;
        let bar = Bar::of_questions();
        let mut run = Run::new(set, asker, self.target.concurrency(Some(&baseline)), &bar);
        let repeat = usize::try_from(self.repeat).unwrap_or(1);
        let threshold = self.threshold.unwrap_or(config.canary.golden_threshold);
        net::runtime()?.block_on(run.ask_until_sure(repeat, &baseline, threshold));
        let about = About {
            redactor: &config.privacy.redactor(),
            now: SystemClock.now(),
            fingerprint: self.target.fingerprint(&config),
        };
        let report = golden::compared(&run, &baseline, threshold, &about);
        let report = files::write_report(self.out.as_ref().unwrap_or(&own.report), report)?;
        self.outputs.write(&report, Some(&baseline))?;
        if context.json {
            output::json(out, &report)?;
        } else {
            shown::print(out, &report, Some(&baseline))?;
        }
        self.outputs.annotate(&report, out)?;
        Ok(match report.status {
            Status::Pass => Exit::Done,
            Status::Fail => Exit::Violation,
            Status::Error => Exit::Failed,
        })
    }

    fn check(&self, baseline: &Report, set: &GoldenSet) -> anyhow::Result<()> {
        match check_drift(baseline, set) {
            Err(error) if !self.allow_set_drift => {
                let message = "the baseline is not of this golden set";
                let hint = "name the right baseline, record it anew, or compare what both know with --allow-set-drift";
                Err(Failure::new(message, hint).because(error).into())
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

fn threshold(text: &str) -> Result<f64, &'static str> {
    let share = text.parse().ok().filter(|share: &f64| *share > 0.0 && *share <= 10.0);
    share.ok_or("expected a number above 0, such as 0.25 for a quarter")
}
