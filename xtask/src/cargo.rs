//! Calling cargo.

use std::process::Command;

use anyhow::{Context, Result};

use crate::{process, workspace};

/// Cargo at the workspace's root: the one that runs us, so that the toolchain is the same.
pub(crate) fn cargo(args: &[&str]) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.args(args).current_dir(workspace::root());
    command
}

/// Runs cargo and fails where it fails.
pub(crate) fn run(args: &[&str]) -> Result<()> {
    process::run(&mut cargo(args))
}

/// The platform built for.
pub(crate) fn host() -> Result<String> {
    let version =
        process::output(Command::new("rustc").arg("-vV")).context("rustc does not run")?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc does not tell its host")?.to_owned())
}
