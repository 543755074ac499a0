//! `cargo xtask test`: every check, in the order in which they fail soonest.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::{cargo, dashboard, process, sdk, sim, workflows};

/// What a step came to.
pub(crate) enum Done {
    /// It ran and passed.
    Passed,
    /// It could not run here.
    Skipped(String),
}

/// A machine without the tool may go on; CI may not.
pub(crate) fn missing(tool: &str) -> Result<Done> {
    let why = format!("{tool} was not found");
    if std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false") {
        bail!("{why}, and CI runs every check");
    }
    println!("skipped: {why}");
    Ok(Done::Skipped(why))
}

struct Step {
    name: &'static str,
    run: fn() -> Result<Done>,
}

const STEPS: &[Step] = &[
    Step { name: "format", run: || run(&["fmt", "--all", "--check"]) },
    // Before anything is compiled, so that what is compiled has it inside.
    Step { name: "page", run: dashboard::page },
    Step {
        name: "lint",
        run: || run(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]),
    },
    Step { name: "tests", run: || run(&["test", "--workspace"]) },
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
        let result = (step.run)();
        summary.push(line(step.name, &result, step_started.elapsed()));
        if let Err(error) = result {
            print_summary(&summary, started.elapsed());
            return Err(error.context(format!("step `{}` failed", step.name)));
        }
    }
    print_summary(&summary, started.elapsed());
    Ok(())
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
fn crashes() -> Result<Done> {
    const FEATURE: [&str; 4] = ["-p", "aios-store", "--features", "fail-points"];
    run(&[&["clippy"][..], &FEATURE, &["--all-targets", "--", "-D", "warnings"]].concat())?;
    run(&[&["test"][..], &FEATURE, &["--test", "crash"]].concat())
}

fn run(args: &[&str]) -> Result<Done> {
    cargo::run(args).map(|()| Done::Passed)
}

/// What stands behind features of the program, which the steps before leave out; both in one build.
fn features() -> Result<Done> {
    const AIOS: [&str; 4] = ["-p", "aios", "--features", "otel,local-embeddings"];
    let of_aios = |first: &[&str], last: &[&str]| run(&[first, &AIOS, last].concat());
    of_aios(&["clippy"], &["--all-targets", "--", "-D", "warnings"])?;
    of_aios(&["test"], &["--", "otel", "traces", "recall::local"])
}

fn docs() -> Result<Done> {
    let mut command = cargo::cargo(&["doc", "--no-deps", "--workspace"]);
    process::run(command.env("RUSTDOCFLAGS", "-D warnings")).map(|()| Done::Passed)
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
