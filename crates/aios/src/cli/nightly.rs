//! `aios nightly`.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use aios_core::Clock as _;
use aios_server::{Night, NightReport, StepReport, StepState, run_night, step_names};
use aios_store::{AuditLog, DataDir, Eraser, FileEventLog, Rotator, actor};
use clap::Args;
use clap::builder::PossibleValuesParser;
use serde_json::json;

use super::context::Context;
use super::net;
use super::output::{self, Exit, Failure, say};
use super::owner::{self, Owner};
use crate::clock::SystemClock;
use crate::config::Config;
use crate::keys;

/// Longest wait for the event log to be written out at the end.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(10);

/// Do at once what a server does each night, a line for each step
///
/// A step that fails does not stop those behind it. With less than 500 MiB free only the log is rotated, which makes room. Exit code 1 if one failed, 2 if one found what should
/// not be. With --json: {"started_at", "dry_run", "steps": [{"step", "state", "detail"}]}, states are
/// "done", "skipped", "violation" and "failed".
#[derive(Debug, Args)]
pub(super) struct Command {
    /// Only say what would be done
    #[arg(long)]
    dry_run: bool,
    /// Only this step
    #[arg(long, value_name = "STEP", value_parser = PossibleValuesParser::new(step_names()))]
    only: Option<String>,
}

impl Command {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let config = context.config()?;
        let report = match Owner::of(&config)? {
            Owner::Us(dir) => ours(&config, dir, self.dry_run, self.only)?,
            Owner::Server => {
                let asked = json!({ "dry_run": self.dry_run, "only": self.only });
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

fn ours(
    config: &Config,
    dir: DataDir,
    dry_run: bool,
    only: Option<String>,
) -> anyhow::Result<NightReport> {
    let data_dir = Arc::new(dir);
    let store = Arc::new(FileEventLog::open(&data_dir, config.events.log)?);
    let audit = AuditLog::offline(&data_dir, config.audit.clone(), SystemClock.now())?;
    let audit = Arc::new(audit);
    let clock = Arc::new(SystemClock);
    let eraser = Eraser::open(&data_dir, Arc::clone(&store) as _, Arc::clone(&audit), clock)?;
    let rotator = Rotator::new(Arc::clone(&store) as _, Arc::clone(&audit))
        .with_eraser(Arc::new(eraser), &config.events.log.retention);
    let rotator = Arc::new(rotator);
    let night = Night {
        store: Arc::clone(&store) as _,
        rotator,
        audit: Arc::clone(&audit),
        actor: actor::OPERATOR.to_owned(),
        keyring: keys::live(&data_dir)?.map(Arc::new),
        free_bytes: data_dir.free_bytes().ok(),
        data_dir,
        scanner: Arc::new(config.privacy.redactor()),
        objectives: Arc::new(config.objectives.clone()),
        work: config.nightly.work.clone(),
        served: None,
        now: SystemClock.now(),
        dry_run,
        progress: Arc::new(()),
        only,
    };
    let report =
        run_night(&night, |step| tracing::info!(step = step.step, state = step.state.name()));
    drop(night);
    let closed = net::runtime()?.block_on(store.close(CLOSE_TIMEOUT));
    audit.close(SystemClock.now())?;
    if !closed.complete {
        let hint = "look at the disk, then run it again";
        return Err(
            Failure::new("what was found could not be written to the event log", hint).into()
        );
    }
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
