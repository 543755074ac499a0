//! The page in a browser, with a day of a million requests behind it.

use std::fs;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};

use super::Options;
use crate::{cargo, dashboard, process, workspace};

const EVENTS: u64 = 1_000_000;
const EVENTS_QUICK: u64 = 50_000;

/// Measures, prints each figure beside its bar; true where every bar is met.
pub(super) fn run(options: &Options) -> Result<bool> {
    dashboard::build()?;
    println!("building");
    cargo::run(&["build", "--quiet", "--profile", "quick", "-p", "aios", "-p", "aios-bench"])?;
    let dir = workspace::fresh_dir("bench-dashboard")?;
    let n = if options.quick { EVENTS_QUICK } else { EVENTS };
    // The server makes its keys while there is nothing that was made under others.
    dashboard::make_keys(&dir, "day", "quick")?;
    println!("{n} events");
    let mut fill = Command::new(workspace::program("quick", "aios-bench"));
    let until = now_s()?.to_string();
    fill.args(["day", "--events", &n.to_string(), "--until-s", &until, "--dir"]);
    process::run(fill.arg(dir.join("day")))?;
    let met = dashboard::measure(&dir, "day", "quick")?;
    fs::remove_dir_all(&dir).with_context(|| format!("failed to remove {}", dir.display()))?;
    Ok(met)
}

#[expect(clippy::disallowed_methods, reason = "the page shows the last day by the real clock")]
fn now_s() -> Result<u64> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH).context("the clock is before 1970")?.as_secs())
}
