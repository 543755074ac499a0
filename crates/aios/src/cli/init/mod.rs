//! `aios init`: files that tie AIOS to the system around it.

mod github;
mod monitoring;
mod piece;
mod schedule;

use std::io::Write;
use std::path::PathBuf;

use aios_eval::BUILT_IN_SET;
use aios_store::GoldenPaths;
use clap::{ArgGroup, Args};
use serde_json::json;

use super::context::Context;
use super::output::{self, Exit, say};
use piece::Piece;
use schedule::{Job, Scheduler};

/// Write what ties AIOS to its surroundings: a configuration to start from, goldens, a nightly job, monitoring
///
/// Nothing that is there is written over without --force. With --json: {"files": [{"path", "written"}], "next": [TEXT]}.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("what").required(true).args(["config_file", "goldens", "schedule", "github", "grafana", "prometheus"]))]
pub(super) struct Command {
    /// aios.toml with every setting and its default
    #[arg(long = "toml")]
    config_file: bool,
    /// The sample golden set, in the data directory
    #[arg(long, conflicts_with = "out")]
    goldens: bool,
    /// A job that runs `aios nightly` each night, for machines where `aios serve` is not always on
    #[arg(long, value_name = "SCHEDULER")]
    schedule: Option<Scheduler>,
    /// Workflows for GitHub Actions: Quality Gate on pull requests, Quality Alerts every half hour
    #[arg(long)]
    github: bool,
    /// A dashboard for Grafana
    #[arg(long)]
    grafana: bool,
    /// Alert rules for Prometheus
    #[arg(long)]
    prometheus: bool,
    /// Directory that the files go to
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
    /// Path of the program in the job; without it, this one
    #[arg(long, value_name = "PATH", conflicts_with_all = ["config_file", "goldens", "github", "grafana", "prometheus"])]
    program: Option<PathBuf>,
    /// Write over files that are there
    #[arg(long)]
    force: bool,
    /// Print the files and write none
    #[arg(long)]
    dry_run: bool,
}

/// The files to write, and what is left for a person to do.
struct Plan {
    pieces: Vec<Piece>,
    next: Vec<String>,
}

impl Command {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let plan = self.plan(context)?;
        if self.dry_run {
            return show(&plan, context.json, out);
        }
        let written = piece::write_all(&plan.pieces, &self.out, self.force)?;
        let paths = plan.pieces.iter().map(|piece| self.out.join(&piece.path)).zip(written);
        if context.json {
            let files: Vec<_> =
                paths.map(|(path, written)| json!({ "path": path, "written": written })).collect();
            output::json(out, &json!({ "files": files, "next": plan.next }))?;
            return Ok(Exit::Done);
        }
        for (path, written) in paths {
            writeln!(out, "{}", path.display())?;
            if !written {
                say("note: it is there already, and says the same");
            }
        }
        plan.next.iter().for_each(say);
        Ok(Exit::Done)
    }

    fn plan(&self, context: &Context) -> anyhow::Result<Plan> {
        if let Some(scheduler) = self.schedule {
            let job = Job::new(context, self.program.clone())?;
            return Ok(scheduler.plan(&job));
        }
        if self.goldens {
            return goldens(context);
        }
        Ok(match self {
            Self { github: true, .. } => github::plan(),
            Self { grafana: true, .. } => monitoring::grafana(),
            Self { prometheus: true, .. } => monitoring::prometheus(),
            Self { .. } => config_file(),
        })
    }
}

fn config_file() -> Plan {
    let next = "next: fill in [tiers], then `aios config check`".to_owned();
    let piece = Piece::text("aios.toml", crate::config::DEFAULT_TOML);
    Plan { pieces: vec![piece], next: vec![next] }
}

fn goldens(context: &Context) -> anyhow::Result<Plan> {
    let path = GoldenPaths::of(&context.config()?.server.data_dir).set;
    let next =
        "next: `aios golden record` against the running server freezes the baseline".to_owned();
    let piece = Piece::kept(path.display().to_string(), BUILT_IN_SET);
    Ok(Plan { pieces: vec![piece], next: vec![next] })
}

fn show(plan: &Plan, is_json: bool, out: &mut dyn Write) -> anyhow::Result<Exit> {
    if is_json {
        let files = plan.pieces.iter();
        let files: Vec<_> = files
            .map(|piece| json!({ "path": piece.path, "written": false, "text": piece.text }))
            .collect();
        output::json(out, &json!({ "files": files, "next": plan.next }))?;
        return Ok(Exit::Done);
    }
    for piece in &plan.pieces {
        say(format_args!("{}:", piece.path));
        out.write_all(piece.text.as_bytes())?;
    }
    plan.next.iter().for_each(say);
    Ok(Exit::Done)
}
