//! `aios slo check`.

use std::io::Write;
use std::path::PathBuf;

use aios_control::slo::check::{self as checks, Goldens};
use aios_core::{Clock as _, Timestamp, Unread, Verdict};
use aios_server::MemoryMode;
use aios_server::judging::{self, MemoryLook};
use clap::Args;

use super::look;
use crate::cli::context::Context;
use crate::cli::output::{self, Exit};
use crate::cli::routing::InForce;
use crate::clock::SystemClock;
use crate::config::Config;

/// Say in one line whether every objective is kept: QUALITY_OK or QUALITY_ALERT
///
/// Looks at live traffic of the window and at the last golden report, or the one that is named; a recorded
/// baseline will do. Without data an objective is not kept, and where a line of the window cannot be read, none is known
/// to be. Exit code 2 with QUALITY_ALERT, 1 if the report that is named proves nothing or there is no data directory to
/// look at beside it.
/// With --json: {"verdict", "unread": {"n_lines", "first": {"file", "line", "why"}}, "slos": [{"slo", "verdict", "good", "objective", "is_off", "statements":
/// [{"witness", "verdict", "figure", "n", "n_bad", "unproven"}]}]}.
#[derive(Debug, Args)]
pub(super) struct Check {
    /// Golden report or baseline; without it goldens/last_report.json in the data directory
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

impl Check {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let config = context.config()?;
        let now = SystemClock.now();
        let goldens =
            look::report(self.report.as_deref(), &config.server.data_dir, &config.objectives, now)?;
        let check = held(&config, goldens.as_ref(), now)?;
        if context.json {
            output::json(out, &check)?;
        } else {
            writeln!(out, "{check}")?;
            look::tell_unread(&check.unread);
        }
        Ok(match check.verdict {
            Verdict::Met => Exit::Done,
            Verdict::Breached | Verdict::NoData => Exit::Violation,
        })
    }
}

/// Live traffic and a golden report, held against every objective.
pub(in crate::cli) fn held(
    config: &Config,
    goldens: Option<&Goldens>,
    now: Timestamp,
) -> anyhow::Result<checks::Check> {
    let (rows, unread) = rows(config, now)?;
    let split = InForce::of(config)?.split;
    let memory = MemoryLook {
        is_on: config.memory.mode != MemoryMode::Off,
        recall: judging::recall(&config.server.data_dir, &config.objectives, now)?,
    };
    Ok(judging::look(&config.objectives, &rows, goldens, &split, memory, &unread))
}

fn rows(config: &Config, now: Timestamp) -> anyhow::Result<(Vec<aios_control::Row>, Unread)> {
    let Some(index) = look::index(&config.server.data_dir)? else { return Ok(Default::default()) };
    let times = now.minus(config.objectives.window)..now;
    Ok((judging::rows(&index, times.clone())?, index.unread(&times)?))
}
