//! `cargo xtask sim`: scripts by the seed against the real pipeline, controller and store.

use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Result, bail};

use crate::{EXIT_FOUND, cargo, workspace};

/// Seeds that every run of the checks goes through, and seeds that no run has seen before.
const FIXED: u64 = 120;
const FRESH: u64 = 60;

/// The command: whatever it is told goes to the program.
pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match simulate(&args)? {
        Some(0) => Ok(ExitCode::SUCCESS),
        Some(code) => Ok(u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from)),
        None => bail!("the simulation was killed"),
    }
}

/// A step of the checks: a few seeds that are always the same, and a few fresh ones, which are said.
pub(crate) fn step() -> Result<()> {
    let fresh = fresh_seed().to_string();
    for (from, n_seeds) in [("0", FIXED), (fresh.as_str(), FRESH)] {
        println!("{n_seeds} seeds from {from}");
        match simulate(&["--from", from, "--seeds", &n_seeds.to_string()])? {
            Some(0) => {}
            Some(code) if code == i32::from(EXIT_FOUND) => bail!("a seed has broken something"),
            _ => bail!("the simulation could not be run"),
        }
    }
    Ok(())
}

fn simulate(args: &[&str]) -> Result<Option<i32>> {
    cargo::run(&["build", "--quiet", "-p", "aios-sim"])?;
    let status = std::process::Command::new(workspace::program("debug", "aios-sim"))
        .args(args)
        .current_dir(workspace::root())
        .status()?;
    Ok(status.code())
}

/// Another one with each second, far from the fixed ones.
#[expect(clippy::disallowed_methods, reason = "fresh seeds are meant to differ from run to run")]
fn fresh_seed() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    now.as_secs() * 1_000
}
