//! The memory, measured by `aios-bench memory`.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::Options;
use crate::{EXIT_FOUND, cargo, workspace};

/// Measures, prints the figures; true where every bar is met.
pub(super) fn run(options: &Options) -> Result<bool> {
    println!("building (release)");
    cargo::run(&["build", "--quiet", "--release", "-p", "aios-bench"])?;
    let dir = workspace::fresh_dir("bench-memory")?;
    let mut command = Command::new(workspace::program("release", "aios-bench"));
    command.args(["memory", "--dir"]).arg(&dir);
    if options.quick {
        command.arg("--quick");
    }
    let status = command.status().context("failed to run aios-bench")?;
    fs::remove_dir_all(&dir).with_context(|| format!("failed to remove {}", dir.display()))?;
    match status.code() {
        Some(0) => Ok(true),
        Some(code) if code == i32::from(EXIT_FOUND) => Ok(false),
        _ => bail!("aios-bench ended with {status}"),
    }
}
