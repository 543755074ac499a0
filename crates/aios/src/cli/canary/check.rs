//! `aios canary check`.

use std::io::Write;
use std::path::PathBuf;

use aios_core::{Clock as _, VerdictReason};
use aios_server::{CanaryError, CanaryKeeper, Checked, Gate, Look, Quiet, Trial};
use aios_store::{DataDir, Index};
use clap::Args;
use serde_json::json;

use super::mover::failure;
use super::told::print;
use crate::cli::context::Context;
use crate::cli::golden::files::named_text;
use crate::cli::output::{self, Exit};
use crate::cli::owner::{self, Owner};
use crate::cli::routing::{InForce, tell_override};
use crate::cli::running;
use crate::clock::SystemClock;
use crate::config::Config;

/// Judge what has come in since the last look, and move the canary if that follows
///
/// The server does it by itself; this does it now. What was judged once is not counted again, however often
/// it is checked. Exit code 2 if there is an override that is not taken, 3 if the buckets cannot be compared, or lines of the window cannot be read that might hold harm. With --json: {"verdict", "reason", "quiet",
/// "window", "golden", "golden_why", "n_golden_cases", "golden_only", "harm_log_e", "n_blocks", "metrics", "differences", "decision",
/// "canary", "version", "candidate", "judged_pct", "next_pct"}.
#[derive(Debug, Args)]
pub(super) struct Check {
    /// A golden report; without it goldens/last_report.json of the data directory
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Only if nothing has changed since this version, which `status` shows
    #[arg(long, value_name = "N")]
    if_version: Option<u64>,
}

impl Check {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let config = context.config()?;
        let report = self.report()?;
        let (checked, refused) = match Owner::of(&config)? {
            Owner::Us(dir) => {
                let in_force = InForce::of(&config)?;
                let refused = in_force.override_error.as_ref().map(ToString::to_string);
                (self.look(&config, &dir, in_force, report)?, refused)
            }
            Owner::Server => {
                let report = report.map(|(path, text)| json!({ "path": path, "text": text }));
                let asked = json!({ "report": report, "if_version": self.if_version });
                let checked = owner::ask(&config, "/admin/v1/canary/check", &asked)?;
                let running = running::owner(&config)?;
                (checked, running.and_then(|running| running.status.override_error))
            }
        };
        if context.json {
            output::json(out, &checked)?;
        } else {
            print(out, &checked, &config.canary.policy)?;
        }
        Ok(match tell_override(refused.as_deref()) {
            // The split in force is not the one that was asked for, whatever was judged of it.
            Exit::Violation => Exit::Violation,
            Exit::Done | Exit::Failed | Exit::Incomplete | Exit::Usage => exit(&checked),
        })
    }

    /// Path and text of the report that was named.
    fn report(&self) -> anyhow::Result<Option<(String, String)>> {
        let Some(path) = &self.report else { return Ok(None) };
        Ok(Some((path.display().to_string(), named_text(path)?)))
    }

    fn look(
        &self,
        config: &Config,
        dir: &DataDir,
        in_force: InForce,
        report: Option<(String, String)>,
    ) -> anyhow::Result<Checked> {
        if !config.canary.enabled {
            return Err(failure(CanaryError::Disabled));
        }
        let (settings, now) = (config.control().canary, SystemClock.now());
        let InForce { split, policy, .. } = in_force;
        let on_trial = (&*config.answers_hash, &split, policy.profile);
        let (threshold, slos) = (settings.golden_threshold, &config.objectives.slos);
        let trial = Trial::new(on_trial, (dir, now), threshold, slos);
        let gate = match report {
            Some((path, text)) => {
                let gate = Gate::of(&text, &path, &trial, now);
                gate.map_err(|error| failure(error.into()))?
            }
            None => Gate::of_last(dir, &trial, now),
        };
        let rows = Index::snapshot(dir)?;
        let look = Look {
            settings: &settings,
            split: &split,
            // Nobody serves: what is kept says since when the canary decides.
            in_force_since: None,
            rows: &rows,
            gate: &gate,
            now,
            if_version: self.if_version,
        };
        let keeper = CanaryKeeper::open(dir, settings.start).map_err(failure)?;
        let before = keeper.standing().rollout.version;
        let checked = keeper.check(&look);
        if keeper.standing().rollout.version > before {
            owner::control_on_record(config, dir)?;
        }
        checked.map_err(failure)
    }
}

const fn exit(checked: &Checked) -> Exit {
    if let Some(Quiet::Unread { .. }) = checked.quiet {
        return Exit::Incomplete;
    }
    match checked.reason {
        VerdictReason::SampleRatioMismatch | VerdictReason::ControlUnhealthy => Exit::Incomplete,
        VerdictReason::WithinMargins
        | VerdictReason::Harm
        | VerdictReason::CriticalHarm
        | VerdictReason::ObjectivesMet
        | VerdictReason::ObjectiveBroken
        | VerdictReason::NoNewData
        | VerdictReason::Inconclusive => Exit::Done,
    }
}
