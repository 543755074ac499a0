//! `aios nightly`.

use std::io::Write;
use std::sync::Arc;

use aios_core::Clock as _;
use aios_server::{Night, NightReport, StepReport, StepState, run_night};
use aios_store::{AuditLog, DataDir, Eraser, FileEventLog, Rotator, actor};
use clap::Args;
use serde_json::json;

use super::context::Context;
use super::output::{self, Exit, say};
use super::owner::{self, Owner};
use crate::clock::SystemClock;
use crate::config::Config;

/// Do at once what a server does each night, a line for each step
///
/// A step that fails does not stop those behind it. Exit code 1 if one failed, 2 if one found what should
/// not be. With --json: {"started_at", "dry_run", "steps": [{"step", "state", "detail"}]}, states are
/// "done", "skipped", "violation" and "failed".
#[derive(Debug, Args)]
pub(super) struct Command {
    /// Only say what would be done
    #[arg(long)]
    dry_run: bool,
}

impl Command {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let config = context.config()?;
        let report = match Owner::of(&config)? {
            Owner::Us(dir) => ours(&config, dir, self.dry_run)?,
            Owner::Server => {
                let asked = json!({ "dry_run": self.dry_run });
                owner::ask(&config, "/admin/v1/nightly", &asked)?
            }
        };
        if context.json {
            output::json(out, &report)?;
        } else {
            report.steps.iter().try_for_each(|step| print(step, out))?;
        }
        say(summary(&report));
        Ok(match report.worst() {
            StepState::Done | StepState::Skipped => Exit::Done,
            StepState::Violation => Exit::Violation,
            StepState::Failed => Exit::Failed,
        })
    }
}

fn ours(config: &Config, dir: DataDir, dry_run: bool) -> anyhow::Result<NightReport> {
    let data_dir = Arc::new(dir);
    let store = Arc::new(FileEventLog::open(&data_dir, config.events.log)?);
    let audit = AuditLog::offline(&data_dir, config.audit.clone(), SystemClock.now())?;
    let audit = Arc::new(audit);
    let clock = Arc::new(SystemClock);
    let eraser = Eraser::open(&data_dir, Arc::clone(&store), Arc::clone(&audit), clock)?;
    let rotator = Rotator::new(store, Arc::clone(&audit))
        .with_eraser(Arc::new(eraser), &config.events.log.retention);
    let rotator = Arc::new(rotator);
    let scanner = Arc::new(config.privacy.redactor());
    let actor = actor::OPERATOR.to_owned();
    let now = SystemClock.now();
    let night =
        Night { rotator, audit: Arc::clone(&audit), actor, data_dir, scanner, now, dry_run };
    let report =
        run_night(&night, |step| tracing::info!(step = step.step, state = step.state.name()));
    audit.close(SystemClock.now())?;
    Ok(report)
}

fn print(step: &StepReport, out: &mut dyn Write) -> anyhow::Result<()> {
    writeln!(out, "{:<10} {:<10} {}", step.step, step.state.name(), step.detail)?;
    Ok(())
}

fn summary(report: &NightReport) -> String {
    let n = |state| report.steps.iter().filter(|step| step.state == state).count();
    let (n_failed, n_violations) = (n(StepState::Failed), n(StepState::Violation));
    let dry = if report.dry_run { " (nothing was changed)" } else { "" };
    let n_steps = report.steps.len();
    format!("{n_steps} steps, {n_failed} failed, {n_violations} with a violation{dry}")
}
