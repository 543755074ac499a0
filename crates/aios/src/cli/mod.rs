//! The command line: `aios <noun> <verb>`.
//!
//! A noun is a file here and a line in `nouns!`; a verb is a file of its own and a line in the noun's
//! `verbs!`. A command parses, calls a library and prints: data on stdout, talk on stderr, as `output.rs`
//! has it.

mod alert;
mod audit;
mod busy;
mod canary;
mod chaos;
mod config;
mod context;
mod dashboard;
mod data;
mod events;
mod golden;
mod hypotheses;
mod init;
mod keys;
mod loadtest;
mod logs;
mod memory;
mod models;
mod net;
mod nightly;
pub(crate) mod output;
mod owner;
mod parse;
mod pii;
mod preflight;
mod progress;
mod replay;
mod report;
mod retrieval;
mod routing;
mod running;
mod serve;
mod sim;
mod slo;
mod status;
mod table;
mod verbs;

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::config::LogLevel;
use context::Context;
use output::{Exit, Stdout};

const AFTER_HELP: &str = "\
Data goes to stdout, everything else to stderr.
Exit codes: 0 done, 1 could not do it, 2 done and a violation was found, 3 incomplete, 64 wrong usage.";

/// Stands between your applications and your models, and routes each message to the model it needs.
#[derive(Debug, Parser)]
#[command(name = "aios", version, max_term_width = 100, after_help = AFTER_HELP)]
struct Cli {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    noun: Noun,
}

/// Flags of every command.
#[derive(Debug, Args)]
struct Globals {
    /// Configuration file; without it AIOS_CONFIG, ./aios.toml or the user's configuration directory
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where AIOS keeps everything it writes
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
    /// Least level that is logged on stderr
    #[arg(long, global = true, value_name = "LEVEL")]
    log_level: Option<LogLevel>,
}

/// The nouns: variant and file of each.
macro_rules! nouns {
    ($($variant:ident => $file:ident,)*) => {
        #[derive(Debug, Subcommand)]
        enum Noun {
            $($variant($file::Command),)*
        }

        impl Noun {
            fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
                match self {
                    $(Self::$variant(command) => command.run(context, out).map(Into::into),)*
                }
            }
        }
    };
}

nouns! {
    Serve => serve,
    Preflight => preflight,
    Config => config,
    Models => models,
    Status => status,
    Routing => routing,
    Canary => canary,
    Slo => slo,
    Alert => alert,
    Golden => golden,
    Hypotheses => hypotheses,
    Report => report,
    Replay => replay,
    Events => events,
    Logs => logs,
    Keys => keys,
    Audit => audit,
    Data => data,
    Memory => memory,
    Retrieval => retrieval,
    Pii => pii,
    Dashboard => dashboard,
    Nightly => nightly,
    Loadtest => loadtest,
    Chaos => chaos,
    Init => init,
    Sim => sim,
}

/// Runs the command that the arguments ask for; the first is the program's name.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => return output::usage(&error),
    };
    match execute(cli) {
        Ok(code) => code,
        Err(error) if output::is_closed_stdout(&error) => Exit::Done.into(),
        Err(error) => {
            output::report(&error, &mut std::io::stderr().lock());
            output::exit_of(&error).into()
        }
    }
}

fn execute(cli: Cli) -> anyhow::Result<ExitCode> {
    // The server sets up its log itself, as its configuration says.
    if !matches!(cli.noun, Noun::Serve(_)) {
        output::log_to_stderr(cli.globals.log_level.unwrap_or(LogLevel::Warn));
    }
    let context = Context::new(cli.globals)?;
    let mut out = Stdout::new();
    let code = cli.noun.run(&context, &mut out)?;
    out.flush()?;
    Ok(code)
}

#[cfg(test)]
mod tests {
    use aios_server::alerts::RUNBOOK;
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    /// What somebody is told to do at night must be what the program does.
    #[test]
    fn every_command_of_an_alerts_steps_is_one() {
        let mut n_commands = 0;
        for step in RUNBOOK.iter().flat_map(|(_, steps)| *steps) {
            for (n, part) in step.split('`').enumerate() {
                if n % 2 == 0 {
                    assert!(!part.contains("aios "), "a command is not marked: {step}");
                } else {
                    Cli::try_parse_from(words(part)).unwrap_or_else(|why| panic!("{step}: {why}"));
                    n_commands += 1;
                }
            }
        }
        assert!(n_commands > 40, "{n_commands}");
    }

    /// What stands between quotes is one word.
    fn words(command: &'static str) -> Vec<&'static str> {
        let parts = command.split('"').enumerate();
        let of = |(n, part): (usize, &'static str)| -> Vec<&'static str> {
            if n % 2 == 0 { part.split_whitespace().collect() } else { vec![part] }
        };
        parts.flat_map(of).collect()
    }
}
