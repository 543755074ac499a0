//! `aios replay`.

use std::io::Write;

use aios_control::replay::{Replayed, replay};
use aios_control::{Canary, CanaryPolicy, ControlEvent, JudgePolicy};
use aios_core::{Decision, Percent, Timestamp, Verdict, VerdictReason};
use aios_store::{ControlHistory, DataDir, Kept};
use clap::Args;
use serde::Serialize;

use super::context::Context;
use super::output::{self, Exit, Failure, say};
use super::table;
use crate::config::Config;

/// Judge every verdict that was kept once more, under the policy in force or another one
///
/// What is changed here is asked of the same requests: a stage that would have been reached earlier has no others. Where
/// latencies were measured cannot be changed afterwards. Exit code 2 if any verdict, any decision that followed, or where the
/// canary stood then would be another, 3 if no verdict is kept. With --json: {"n_verdicts", "n_other", "verdicts": [{"ts", "treatment_pct", "kept",
/// "kept_reason", "kept_decision", "kept_pct", "verdict", "reason", "decision", "replayed_pct", "other"}]}.
#[derive(Debug, Args)]
pub(super) struct Command {
    /// Verdicts in a row before the next stage
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000))]
    passes: Option<u32>,
    /// Verdicts in a row that roll back
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000))]
    failures: Option<u32>,
    /// By how much more often treatment may fail, as a share
    #[arg(long, value_name = "SHARE", value_parser = margin)]
    error_margin: Option<f64>,
    /// By how much more often its answers may miss, as a share
    #[arg(long, value_name = "SHARE", value_parser = margin)]
    quality_margin: Option<f64>,
}

#[derive(Debug, Serialize)]
struct Shown {
    n_verdicts: usize,
    n_other: usize,
    verdicts: Vec<One>,
}

#[derive(Debug, Serialize)]
struct One {
    ts: Timestamp,
    treatment_pct: Percent,
    kept: Verdict,
    kept_reason: VerdictReason,
    kept_decision: Option<Decision>,
    kept_pct: Percent,
    verdict: Verdict,
    reason: VerdictReason,
    decision: Option<Decision>,
    replayed_pct: Percent,
    other: bool,
}

/// The lines, of which none may be missing: what follows from a part of them is another history.
fn sound(history: ControlHistory<ControlEvent>) -> Result<Vec<Kept<ControlEvent>>, Failure> {
    match history.fault {
        None => Ok(history.lines),
        Some(fault) => {
            let hint =
                "`aios canary verify` tells more; `aios canary reset` puts the damaged file aside";
            Err(Failure::new("cannot replay what is damaged", hint).because(fault))
        }
    }
}

impl Command {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let config = context.config()?;
        let dir = DataDir::read(&config.server.data_dir)?;
        let lines = sound(ControlHistory::read(&dir)?)?;
        let start = Canary::at(config.routing.split.treatment_pct);
        let events = lines.iter().map(|kept| &kept.record);
        let replayed = replay(start, events, &self.policy(&config), |asked| self.asked(asked));
        let verdicts: Vec<One> = replayed.iter().map(One::from).collect();
        let n_other = verdicts.iter().filter(|one| one.other).count();
        let n_verdicts = verdicts.len();
        let shown = Shown { n_verdicts, n_other, verdicts };
        if context.json {
            output::json(out, &shown)?
        } else {
            shown.print(out)?
        }
        Ok(match (n_verdicts, n_other) {
            (0, _) => {
                say("NODATA: no verdict is kept, so that nothing was judged again");
                Exit::Incomplete
            }
            (_, 0) => Exit::Done,
            (_, _) => Exit::Violation,
        })
    }

    fn policy(&self, config: &Config) -> CanaryPolicy {
        let in_force = config.canary.policy;
        CanaryPolicy {
            passes: self.passes.unwrap_or(in_force.passes),
            failures: self.failures.unwrap_or(in_force.failures),
            ..in_force
        }
    }

    fn asked(&self, mut asked: JudgePolicy) -> JudgePolicy {
        asked.error_margin = self.error_margin.unwrap_or(asked.error_margin);
        asked.quality_margin = self.quality_margin.unwrap_or(asked.quality_margin);
        asked
    }
}

impl From<&Replayed<'_>> for One {
    fn from(replayed: &Replayed<'_>) -> Self {
        Self {
            ts: replayed.kept.ts,
            treatment_pct: replayed.kept.treatment_pct,
            kept: replayed.kept.verdict,
            kept_reason: replayed.kept.reason,
            kept_decision: replayed.was.decision,
            kept_pct: replayed.was.canary.treatment_pct,
            verdict: replayed.verdict,
            reason: replayed.reason,
            decision: replayed.would_be.decision,
            replayed_pct: replayed.would_be.canary.treatment_pct,
            other: replayed.is_other(),
        }
    }
}

impl Shown {
    fn print(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        let head =
            ["time", "treatment", "was", "decided", "then at", "would be", "decided", "then at"];
        let mut rows = vec![head.map(str::to_owned).to_vec()];
        rows.extend(self.verdicts.iter().map(|one| {
            let told = |decision: Option<Decision>| {
                decision.map(|decision| decision.to_string()).unwrap_or_default()
            };
            vec![
                one.ts.to_string(),
                format!("{} %", one.treatment_pct),
                format!("{} ({})", one.kept, one.kept_reason),
                told(one.kept_decision),
                format!("{} %", one.kept_pct),
                format!("{} ({})", one.verdict, one.reason),
                told(one.decision),
                format!("{} %", one.replayed_pct),
            ]
        }));
        table::print(out, &rows)?;
        writeln!(out, "{} verdicts, {} would be other ones", self.n_verdicts, self.n_other)?;
        Ok(())
    }
}

fn margin(text: &str) -> Result<f64, &'static str> {
    let share = text.parse().ok().filter(|share: &f64| *share > 0.0 && *share <= 0.1);
    share.ok_or("expected a share above 0, at most 0.1")
}
