//! `cargo xtask fuzz [TARGET…] [--seconds 60]`: feeds strange bytes to every parser of outside bytes.
//!
//! libFuzzer, driven directly: what it asks of the compiler is coverage counters, which a stable compiler
//! has. Address sanitizers would need a nightly one, and there is no `unsafe` here for them to watch.
//! What was found interesting is kept in `fuzz/corpus` for the next run; an input that crashes is kept
//! in `fuzz/artifacts`, and belongs into a test.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};

use crate::{Usage, cargo, process, workspace};

const SECONDS: u64 = 60;

/// Where Linux keeps files in memory. Targets that write some run twenty times as often there, since what
/// they force to disk is there at once.
const IN_MEMORY: &str = "/dev/shm";

/// Longest input, in bytes.
const INPUT_MAX: &str = "-max_len=4096";

/// A single input that takes longer than this is a finding: hostile text must not be slow.
const SLOW_S: &str = "-timeout=5";

/// Counters for each edge of the control flow, and the operands of comparisons.
const FLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 -Cdebug-assertions --cfg=fuzzing";

/// The command.
pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    if cfg!(windows) {
        bail!("libFuzzer needs Linux or macOS");
    }
    let known = targets()?;
    let (wanted, seconds) = read_args(args, &known)?;
    let triple = cargo::host()?;
    build(&triple)?;
    let mut failed = Vec::new();
    for target in &wanted {
        if !fuzz(&triple, target, seconds)? {
            failed.push(target.as_str());
        }
    }
    if failed.is_empty() {
        println!("fuzz: {} targets, {seconds} s each, nothing found", wanted.len());
        return Ok(ExitCode::SUCCESS);
    }
    println!("fuzz: FOUND something in {}; the inputs are in fuzz/artifacts", failed.join(", "));
    Ok(ExitCode::from(crate::EXIT_FOUND))
}

/// One program for each file of `fuzz/fuzz_targets`.
fn targets() -> Result<Vec<String>> {
    let dir = home().join("fuzz_targets");
    let files = fs::read_dir(&dir).with_context(|| format!("failed to read {}", dir.display()))?;
    let mut names: Vec<String> = files
        .filter_map(|file| Some(file.ok()?.path().file_stem()?.to_str()?.to_owned()))
        .collect();
    names.sort();
    Ok(names)
}

fn read_args(args: &[String], known: &[String]) -> Result<(Vec<String>, u64)> {
    let (mut wanted, mut seconds) = (Vec::new(), SECONDS);
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        if arg == "--seconds" {
            let number = args.next().and_then(|text| text.parse().ok());
            seconds = number.ok_or_else(|| Usage("--seconds needs a whole number".to_owned()))?;
        } else if known.contains(arg) {
            wanted.push(arg.clone());
        } else {
            bail!(Usage(format!("there is no target `{arg}`; targets are {}", known.join(", "))));
        }
    }
    Ok((if wanted.is_empty() { known.to_vec() } else { wanted }, seconds))
}

fn build(triple: &str) -> Result<()> {
    println!("building (release, with coverage; libFuzzer needs a C++ compiler)");
    let mut command = cargo::cargo(&["build", "--quiet", "--release", "--target", triple]);
    command.current_dir(home()).env("RUSTFLAGS", FLAGS).env("CARGO_TARGET_DIR", target_dir());
    process::run(&mut command)
}

/// False where an input was found that must not be.
fn fuzz(triple: &str, target: &str, seconds: u64) -> Result<bool> {
    let corpus = home().join("corpus").join(target);
    let artifacts = home().join("artifacts").join(target);
    for dir in [&corpus, &artifacts] {
        fs::create_dir_all(dir).with_context(|| format!("failed to make {}", dir.display()))?;
    }
    let log = target_dir().join(format!("{target}.log"));
    let mut command = Command::new(target_dir().join(triple).join("release").join(target));
    command.arg(&corpus).args(seeds(target)).args([INPUT_MAX, SLOW_S, "-verbosity=0"]);
    command.arg(format!("-max_total_time={seconds}")).arg("-print_final_stats=1");
    command.arg(format!("-artifact_prefix={}{}", artifacts.display(), std::path::MAIN_SEPARATOR));
    if Path::new(IN_MEMORY).is_dir() {
        command.env("TMPDIR", IN_MEMORY);
    }
    command
        .stderr(File::create(&log).with_context(|| format!("failed to make {}", log.display()))?);
    let passed = command.status().with_context(|| format!("failed to start {target}"))?.success();
    let said = fs::read_to_string(&log).unwrap_or_default();
    let n_inputs = fs::read_dir(&corpus).map_or(0, Iterator::count);
    let verdict = if passed { "ok" } else { "FOUND" };
    let n_runs = stat(&said, "number_of_executed_units");
    println!("{target:<10} {verdict:<6} {n_runs:>10} runs  {n_inputs:>6} inputs kept");
    if !passed {
        println!("{said}");
    }
    Ok(passed)
}

/// A figure that libFuzzer prints at its end.
fn stat(said: &str, name: &str) -> u64 {
    let value = |line: &str| {
        line.strip_prefix("stat::")?.strip_prefix(name)?.strip_prefix(':')?.trim().parse().ok()
    };
    said.lines().find_map(value).unwrap_or_default()
}

/// Inputs to begin with, if the target has any.
fn seeds(target: &str) -> Option<PathBuf> {
    Some(home().join("seeds").join(target)).filter(|dir| dir.is_dir())
}

fn home() -> PathBuf {
    workspace::root().join("fuzz")
}

fn target_dir() -> PathBuf {
    workspace::target().join(Path::new("fuzz"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_and_time_are_read_and_strange_ones_refused() {
        let known = ["sse", "event"].map(str::to_owned);
        let read = |line: &str| {
            read_args(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>(), &known)
        };
        assert_eq!(read("").unwrap(), (known.to_vec(), SECONDS));
        assert_eq!(read("event --seconds 5").unwrap(), (vec!["event".to_owned()], 5));
        for line in ["ssee", "--seconds", "--seconds x"] {
            assert!(read(line).unwrap_err().is::<Usage>(), "{line}");
        }
    }

    #[test]
    fn figures_are_read_by_their_whole_name() {
        let said = "x\nstat::number_of_executed_units: 3630\nstat::peak_rss_mb: 31\n";
        assert_eq!(stat(said, "number_of_executed_units"), 3630);
        assert_eq!(stat(said, "number"), 0);
    }

    #[test]
    fn every_target_is_built() {
        let manifest = fs::read_to_string(home().join("Cargo.toml")).unwrap();
        for target in targets().unwrap() {
            assert!(manifest.contains(&format!("name = \"{target}\"")), "{target}");
        }
    }
}
