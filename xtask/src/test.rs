//! `cargo xtask test`: every check, in the order in which they fail soonest.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::lack::is_lack;
use crate::{cargo, dashboard, process, sdk, sim, workflows};

struct Step {
    name: &'static str,
    run: fn() -> Result<()>,
}

/// What a step came to.
enum Done {
    Passed,
    /// Something that it needs is missing here, and was named.
    Skipped(String),
}

const STEPS: &[Step] = &[
    Step { name: "format", run: || cargo::run(&["fmt", "--all", "--check"]) },
    // Before anything is compiled, so that what is compiled has it inside.
    Step { name: "page", run: dashboard::page },
    Step {
        name: "lint",
        run: || cargo::run(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]),
    },
    Step { name: "tests", run: || cargo::run(&["test", "--workspace"]) },
    Step { name: "crashes", run: crashes },
    Step { name: "simulation", run: sim::step },
    Step { name: "features", run: features },
    Step { name: "docs", run: docs },
    Step { name: "dashboard", run: dashboard::run_browser },
    Step { name: "workflows", run: workflows::lint },
    Step { name: "sdk (python)", run: sdk::python },
    Step { name: "sdk (node)", run: sdk::node },
];

/// Runs steps in order; stops at the first that fails.
fn run_each(steps: &[&Step]) -> Result<()> {
    let started = Instant::now();
    let mut summary = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        println!("\n== {}/{} {} ==", index + 1, steps.len(), step.name);
        let step_started = Instant::now();
        let result = settle((step.run)(), is_ci());
        summary.push(line(step.name, &result, step_started.elapsed()));
        if let Err(error) = result {
            print_summary(&summary, started.elapsed());
            return Err(error.context(format!("step `{}` failed", step.name)));
        }
    }
    print_summary(&summary, started.elapsed());
    Ok(())
}

/// A machine without a tool may go on; CI runs every check.
fn settle(result: Result<()>, is_ci: bool) -> Result<Done> {
    match result {
        Ok(()) => Ok(Done::Passed),
        Err(error) if !is_ci && is_lack(&error) => {
            println!("skipped: {error:#}");
            let why = error.to_string();
            Ok(Done::Skipped(why.lines().next().unwrap_or_default().to_owned()))
        }
        Err(error) => Err(error),
    }
}

fn is_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false")
}

/// The command: all steps, or those whose names begin with one of the arguments.
pub(crate) fn run_command(args: &[String]) -> Result<ExitCode> {
    let named = |arg: &String| STEPS.iter().any(|step| step.name.starts_with(arg.as_str()));
    if let Some(arg) = args.iter().find(|arg| !named(arg)) {
        let names = STEPS.iter().map(|step| step.name).collect::<Vec<_>>().join(", ");
        bail!(crate::Usage(format!("there is no step `{arg}`; steps are {names}")));
    }
    let wanted = |step: &&Step| {
        args.is_empty() || args.iter().any(|arg| step.name.starts_with(arg.as_str()))
    };
    run_each(&STEPS.iter().filter(wanted).collect::<Vec<_>>()).map(|()| ExitCode::SUCCESS)
}

/// Kills the store at every point at which it could be broken off.
fn crashes() -> Result<()> {
    const FEATURE: [&str; 4] = ["-p", "aios-store", "--features", "fail-points"];
    cargo::run(&[&["clippy"][..], &FEATURE, &["--all-targets", "--", "-D", "warnings"]].concat())?;
    cargo::run(&[&["test"][..], &FEATURE, &["--test", "crash"]].concat())
}

/// What stands behind features of the program, which the steps before leave out; both in one build.
fn features() -> Result<()> {
    const AIOS: [&str; 4] = ["-p", "aios", "--features", "otel,local-embeddings"];
    let of_aios = |first: &[&str], last: &[&str]| cargo::run(&[first, &AIOS, last].concat());
    of_aios(&["clippy"], &["--all-targets", "--", "-D", "warnings"])?;
    of_aios(&["test"], &["--", "otel", "traces", "recall::local"])
}

fn docs() -> Result<()> {
    let mut command = cargo::cargo(&["doc", "--no-deps", "--workspace"]);
    process::run(command.env("RUSTDOCFLAGS", "-D warnings"))
}

fn line(name: &str, result: &Result<Done>, took: Duration) -> String {
    let took = format!("{:>7.1} s", took.as_secs_f64());
    match result {
        Ok(Done::Passed) => format!("{name:<14} ok      {took}"),
        Ok(Done::Skipped(why)) => format!("{name:<14} skipped {took}  {why}"),
        Err(_) => format!("{name:<14} FAILED  {took}"),
    }
}

fn print_summary(summary: &[String], took: Duration) {
    println!("\n== summary ==\n{}", summary.join("\n"));
    println!("{:<14}         {:>7.1} s", "all", took.as_secs_f64());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lack::Lack;

    #[test]
    fn what_is_missing_skips_a_step_but_not_in_ci() {
        let lack = || anyhow::Error::new(Lack::new("node 18 is too old", "install another"));
        let skipped = settle(Err(lack().context("of the page")), false).unwrap();
        assert!(matches!(skipped, Done::Skipped(_)));
        let error = settle(Err(lack()), true).err().unwrap();
        assert!(format!("{error:#}").contains("hint: install another"), "{error:#}");
        assert!(settle(Err(anyhow::anyhow!("a test has failed")), false).is_err());
        assert!(matches!(settle(Ok(()), true), Ok(Done::Passed)));
    }
}
