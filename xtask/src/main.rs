//! The project's own commands, in Rust so that they run wherever the project builds.
//!
//! Standard library and `anyhow` only (and SHA-256 for the digests of test keys): what builds
//! everything else must itself build in seconds.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "these commands talk to a terminal")]

mod bench;
mod cargo;
mod dashboard;
mod demo;
mod dist;
mod fuzz;
mod guard;
mod http;
mod lack;
mod model;
mod npm;
mod ports;
mod process;
mod sdk;
mod sim;
mod soak;
mod test;
mod workflows;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;

/// One command: a line in the list, a function in a file of its name.
struct Command {
    name: &'static str,
    about: &'static str,
    run: fn(&[String]) -> Result<ExitCode>,
}

const COMMANDS: &[Command] = &[
    Command {
        name: "demo",
        about: "start AIOS on simulated models under live traffic",
        run: demo::run,
    },
    Command {
        name: "dashboard",
        about: "build the page that the admin address serves",
        run: dashboard::run,
    },
    Command { name: "test", about: "run every check", run: test::run_command },
    Command { name: "ci", about: "the same, as CI calls it", run: test::run_command },
    Command { name: "bench", about: "measure; without a name it lists what", run: bench::run },
    Command {
        name: "dist",
        about: "build the program as it is shipped: laid out by what it does under load",
        run: dist::run,
    },
    Command {
        name: "sim",
        about: "scripts by the seed against the real parts [--seeds 200] [--from S] [--seed S]",
        run: sim::run,
    },
    Command {
        name: "soak",
        about: "everything at once, for long: what grows, what is lost [--minutes 30] [--rate 500] [--json FILE]",
        run: soak::run,
    },
    Command {
        name: "fuzz",
        about: "feed strange bytes to every parser [TARGET…] [--seconds 60]",
        run: fuzz::run,
    },
];

/// Exit code for a violation that was found.
const EXIT_FOUND: u8 = 2;

/// Exit code where nothing is proven.
const EXIT_NO_DATA: u8 = 3;

/// Exit code for wrong usage.
const EXIT_USAGE: u8 = 64;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let Some((name, rest)) = args.split_first() else {
        usage();
        return ExitCode::from(EXIT_USAGE);
    };
    if name == guard::NAME {
        return guard::run();
    }
    let Some(command) = COMMANDS.iter().find(|command| command.name == name) else {
        eprintln!("error: there is no command `{name}`\n");
        usage();
        return ExitCode::from(EXIT_USAGE);
    };
    (command.run)(rest).unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        if error.is::<Usage>() { ExitCode::from(EXIT_USAGE) } else { ExitCode::FAILURE }
    })
}

fn usage() {
    eprintln!("usage: cargo xtask <command>\n");
    for command in COMMANDS {
        eprintln!("  {:<9} {}", command.name, command.about);
    }
}

/// A command line that was not understood.
#[derive(Debug)]
struct Usage(String);

impl std::fmt::Display for Usage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Usage {}
