//! `aios golden compare`.

use std::io::Write;
use std::path::PathBuf;

use aios_eval::{
    BaselineRef, Comparison, GoldenSet, Kind, Report, Status, check_drift, unanswered,
};
use aios_store::GoldenPaths;
use clap::Args;

use super::outputs::Outputs;
use super::record::Draft;
use super::runner::Run;
use super::target::Target;
use super::{files, measure, shown};
use crate::cli::context::Context;
use crate::cli::net;
use crate::cli::output::{self, Exit, Failure};

/// How often doubts are followed up. Each time more is asked, so that an end comes well before.
const ROUNDS_MAX: usize = 8;

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
    /// How much slower, or how much of routing elsewhere, is too much: 0.25 is a quarter
    #[arg(long, value_name = "SHARE", default_value_t = 0.25, value_parser = threshold)]
    threshold: f64,
    /// Where the report goes; without it the data directory
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
        let set = files::set(self.set.as_ref().unwrap_or(&own.set), &own, true)?;
        let path = self.baseline.as_ref().unwrap_or(&own.baseline);
        let baseline = files::required_report(path, "baseline")?;
        self.check(&baseline, &set)?;
        let asker = self.target.asker(context, &config)?;
        let mut run = Run::new(set, asker.clone(), self.target.concurrency(Some(&baseline)));
        net::runtime()?.block_on(self.ask(&mut run, &baseline));
        let tests = run.tests();
        let comparison = Comparison::new(&baseline, &tests, self.threshold);
        let draft =
            Draft { run: &run, config: &config, target: &self.target, kind: Kind::Comparison };
        let report = draft.report(Some(&comparison), measure::judge_name(&asker));
        let report = self.judged(report, &baseline, &comparison, |text| {
            config.privacy.redactor().redact(text).text.as_str().to_owned()
        });
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

    /// Asks, and asks again what is doubted.
    async fn ask(&self, run: &mut Run, baseline: &Report) {
        run.ask_all(usize::try_from(self.repeat).unwrap_or(1)).await;
        for _ in 0..ROUNDS_MAX {
            let tests = run.tests();
            let doubts = Comparison::new(baseline, &tests, self.threshold).doubts();
            // Where nobody answers, asking again tells nothing.
            if doubts.is_empty() || unanswered(&tests).is_some() {
                return;
            }
            run.ask_again(&doubts).await;
        }
    }

    fn judged(
        &self,
        report: Report,
        baseline: &Report,
        comparison: &Comparison<'_>,
        kept: impl Fn(&str) -> String,
    ) -> Report {
        let mut outcome = comparison.outcome();
        for change in outcome.regressions.iter_mut().chain(&mut outcome.improvements) {
            change.detail = kept(&change.detail);
        }
        let mut notes = outcome.notes;
        notes.extend(differences(&report, baseline));
        Report {
            baseline_timestamp: Some(baseline.timestamp),
            regression_threshold: self.threshold,
            status: outcome.status,
            error: outcome.error.as_deref().map(kept),
            baseline: Some(BaselineRef { sha256: baseline.report_id.clone() }),
            regressions_detected: outcome.regressions,
            improvements_detected: outcome.improvements,
            notes,
            ..report
        }
        .sealed()
    }
}

/// What makes a comparison less than fair.
fn differences(report: &Report, baseline: &Report) -> Vec<String> {
    let mut notes = Vec::new();
    if report.concurrency != baseline.concurrency {
        notes.push(format!(
            "{} questions were under way at once, {} in the baseline: latencies differ by that alone",
            report.concurrency, baseline.concurrency
        ));
    }
    if report.judge != baseline.judge {
        notes.push("answers were judged by another judge than in the baseline".to_owned());
    }
    if (report.summary.simulated_runs > 0) != (baseline.summary.simulated_runs > 0) {
        notes.push("simulated models answered in one of the two runs only".to_owned());
    }
    notes
}

fn threshold(text: &str) -> Result<f64, &'static str> {
    let share = text.parse().ok().filter(|share: &f64| *share > 0.0 && *share <= 10.0);
    share.ok_or("expected a number above 0, such as 0.25 for a quarter")
}
