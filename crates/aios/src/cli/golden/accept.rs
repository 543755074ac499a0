//! `aios golden accept`.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use aios_eval::{GoldenSet, Kind, Metrics, Report, Status, Summary, TestResult, accepted};
use aios_store::{GoldenPaths, change_document};
use clap::Args;
use serde_json::json;

use super::{files, record};
use crate::cli::context::Context;
use crate::cli::output::{self, Exit, Failure, say};
use crate::cli::parse;

/// Take what the last report saw of cases into the baseline
///
/// The new normal: what these cases did in the report is what later runs are compared with. Candidates decide from
/// then on. A case that did not pass needs --failing. With --json: {"accepted": [ids], "baseline", "report_id"}.
#[derive(Debug, Args)]
pub(super) struct Accept {
    /// The cases
    #[arg(value_name = "ID", required_unless_present = "all", conflicts_with = "all")]
    ids: Vec<String>,
    /// Every case of the report
    #[arg(long)]
    all: bool,
    /// Why, which stands in the baseline
    #[arg(long, value_name = "TEXT", value_parser = parse::words)]
    reason: String,
    /// Cases that did not pass, too
    #[arg(long)]
    failing: bool,
    /// Golden set; without it that of the data directory
    #[arg(long, value_name = "FILE")]
    set: Option<PathBuf>,
    /// Baseline; without it that of the data directory
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Report; without it the last one in the data directory
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

impl Accept {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let config = context.config()?;
        let own = GoldenPaths::of(&config.server.data_dir);
        let set_path = self.set.as_ref().unwrap_or(&own.set);
        let path = self.baseline.as_ref().unwrap_or(&own.baseline);
        let set = files::set(set_path, &own, false)?;
        let report = self.report.as_ref().unwrap_or(&own.report);
        let report = files::trusted(report, files::What::Report)?;
        let baseline = files::trusted(path, files::What::Baseline)?;
        if report.report_id == baseline.report_id {
            let hint = "run `aios golden compare` first, or name its report with --report";
            return Err(Failure::new("the report is the baseline itself", hint).into());
        }
        let taken = self.taken(&report, &set)?;
        let ids: Vec<String> = taken.iter().map(|test| test.id.clone()).collect();
        let new = self.baseline(baseline, taken, &set);
        self.write(set_path, &set, path, &new, &ids)?;
        if context.json {
            let baseline = path.display().to_string();
            output::json(
                out,
                &json!({ "accepted": ids, "baseline": baseline, "report_id": new.report_id }),
            )?;
        } else {
            writeln!(out, "accepted: {}", ids.join(", "))?;
        }
        say(format_args!("the baseline {} has {} cases now", path.display(), new.summary.cases));
        Ok(Exit::Done)
    }

    /// What the report knows of the cases, if all of it can be taken.
    fn taken(&self, report: &Report, set: &GoldenSet) -> anyhow::Result<Vec<TestResult>> {
        let wanted: BTreeSet<&str> = self.ids.iter().map(String::as_str).collect();
        let is_wanted = |test: &&TestResult| self.all || wanted.contains(test.id.as_str());
        let mut taken: Vec<TestResult> = report.tests.iter().filter(is_wanted).cloned().collect();
        if let Some(missing) = wanted.iter().find(|id| !taken.iter().any(|test| test.id == **id)) {
            let hint = "run `aios golden compare` first; it names the cases it saw";
            return Err(Failure::new(format!("the report knows no case {missing:?}"), hint).into());
        }
        for test in &mut taken {
            let known = set.cases().iter().find(|case| case.id == test.id);
            if known.is_none_or(|case| case.sha256 != test.case_sha256) {
                let message = format!("the case {:?} was changed since the report", test.id);
                return Err(Failure::new(message, "run `aios golden compare` again").into());
            }
            if !test.passed && !self.failing {
                let message = format!("the case {:?} did not pass", test.id);
                let hint = "correct what it expects, or accept it all the same with --failing";
                return Err(Failure::new(message, hint).into());
            }
            test.is_candidate = false;
        }
        if taken.is_empty() {
            let hint = "name cases that it saw, or run `aios golden compare` again";
            return Err(Failure::new("there is nothing in the report to accept", hint).into());
        }
        Ok(taken)
    }

    fn baseline(&self, old: Report, taken: Vec<TestResult>, set: &GoldenSet) -> Report {
        let is_replaced = |test: &TestResult| taken.iter().any(|new| new.id == test.id);
        let kept = old.tests.iter().filter(|test| !is_replaced(test)).cloned();
        let tests: Vec<TestResult> = kept.chain(taken.iter().cloned()).collect();
        let summary = Summary::of(&tests, |_| false);
        Report {
            kind: Kind::Baseline,
            status: if summary.failed == 0 { Status::Pass } else { Status::Fail },
            golden_set: aios_eval::SetRef { sha256: set.sha256(), count: set.cases().len() },
            metrics: Metrics::of(&tests),
            summary,
            tests,
            // It is counted anew, so that nothing speaks of what was erased any more.
            erased: 0,
            replaced: record::replacing(old.clone(), &self.reason),
            ..old
        }
        .sealed()
    }

    /// The baseline first: a candidate that decides without a baseline would only be new.
    fn write(
        &self,
        set_path: &Path,
        set: &GoldenSet,
        path: &Path,
        new: &Report,
        ids: &[String],
    ) -> anyhow::Result<()> {
        files::write_report(path, new.clone())?;
        let is_meant =
            |id: &&String| set.cases().iter().any(|case| case.is_candidate && case.id == **id);
        let candidates: Vec<&str> = ids.iter().filter(is_meant).map(String::as_str).collect();
        if candidates.is_empty() {
            return Ok(());
        }
        change_document(set_path, |now| -> anyhow::Result<String> {
            Ok(accepted(now.unwrap_or_default(), &candidates)?)
        })?;
        Ok(())
    }
}
