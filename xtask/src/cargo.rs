//! Calling cargo.

use std::io::IsTerminal as _;
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

/// Says that programs of the quick profile are about to be built, and what that takes.
pub(crate) fn announce_quick() {
    println!("{}", announcement(workspace::program("quick", "aios").exists()));
}

fn announcement(is_built_before: bool) -> &'static str {
    if is_built_before { "building AIOS" } else { "building AIOS; the first build takes minutes" }
}

/// Builds programs in the quick profile. Where somebody watches, cargo shows how far it is.
pub(crate) fn build_quick(packages: &[&str]) -> Result<()> {
    run(&quick(packages, std::io::stderr().is_terminal()))
}

fn quick<'a>(packages: &[&'a str], is_watched: bool) -> Vec<&'a str> {
    let quiet = if is_watched { None } else { Some("--quiet") };
    let packages = packages.iter().flat_map(|package| ["-p", package]);
    ["build", "--profile", "quick"].into_iter().chain(quiet).chain(packages).collect()
}

/// The platform built for.
pub(crate) fn host() -> Result<String> {
    let version =
        process::output(Command::new("rustc").arg("-vV")).context("rustc does not run")?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc does not tell its host")?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_watches_a_build_sees_how_far_it_is() {
        let build = ["build", "--profile", "quick"];
        assert_eq!(quick(&["aios"], true), [&build[..], &["-p", "aios"]].concat());
        let silent = [&build[..], &["--quiet", "-p", "aios", "-p", "aios-bench"]].concat();
        assert_eq!(quick(&["aios", "aios-bench"], false), silent);
        assert!(announcement(false).ends_with("takes minutes"));
        assert!(!announcement(true).contains("minutes"));
    }
}
