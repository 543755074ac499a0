//! Calling cargo.

use std::process::Command;

use anyhow::Result;

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
