//! `cargo xtask bench`: measurements with bars. A bar that is missed is said so: exit code 2.

mod bars;
mod control;
mod dashboard;
mod erase;
mod gateway;
mod memory;
mod pii;
mod safety;
pub(crate) mod stand;
mod store;
mod tabs;
mod talk;
mod views;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::Usage;

struct Bench {
    name: &'static str,
    about: &'static str,
    run: fn(&Options) -> Result<bool>,
}

const BENCHES: &[Bench] = &[
    Bench {
        name: "gateway",
        about: "the gateway as it is shipped beside a bare proxy [--plain | --program FILE] [--quick] [--json FILE]",
        run: gateway::run,
    },
    Bench {
        name: "control",
        about: "what control costs the gateway, the kill switch, a look at a million events [--quick] [--json FILE]",
        run: control::run,
    },
    Bench {
        name: "dashboard",
        about: "the page with a million events: first paint, memory, scrolling [--quick]",
        run: dashboard::run,
    },
    Bench {
        name: "erase",
        about: "one conversation out of a growing log [--quick] [--json FILE]",
        run: erase::run,
    },
    Bench {
        name: "memory",
        about: "what was said, found again: speed, copies, erasure, leaks, in the gateway [--quick] [--embeddings URL]",
        run: memory::run,
    },
    Bench {
        name: "safety",
        about: "the memory under a million strange calls and two thousand deaths: nothing leaks or is lost [--quick]",
        run: safety::run,
    },
    Bench {
        name: "pii",
        about: "the scanner for personal data: quality, speed, hostile text [--quick]",
        run: pii::run,
    },
    Bench {
        name: "store",
        about: "the event log on its own [--quick] [--json FILE]",
        run: store::run,
    },
    Bench {
        name: "tabs",
        about: "what the page costs the gateway, open in ten tabs [--quick] [--json FILE]",
        run: tabs::run,
    },
    Bench {
        name: "views",
        about: "what the page asks of the index of 10 million events [--quick] [--json FILE]",
        run: views::run,
    },
];

/// What all benches understand.
#[derive(Debug, Default)]
struct Options {
    /// One short repeat: shows that it works, measures little.
    quick: bool,
    /// Measured is the plain release, and not what is shipped.
    plain: bool,
    /// Measured is this program: another build, beside what was measured before.
    program: Option<PathBuf>,
    /// Where the figures go as JSON.
    json: Option<String>,
    /// Where vectors are asked for, with which the memory's recall is measured too.
    embeddings: Option<String>,
}

/// The command.
pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    let Some((name, rest)) = args.split_first() else {
        println!("cargo xtask bench <name>\n");
        for bench in BENCHES {
            println!("  {:<9} {}", bench.name, bench.about);
        }
        return Ok(ExitCode::SUCCESS);
    };
    let Some(bench) = BENCHES.iter().find(|bench| bench.name == name) else {
        bail!(Usage(format!("there is no bench `{name}`; `cargo xtask bench` lists them")));
    };
    let met = (bench.run)(&options(rest)?)?;
    Ok(if met { ExitCode::SUCCESS } else { ExitCode::from(crate::EXIT_FOUND) })
}

fn options(args: &[String]) -> Result<Options> {
    let mut options = Options::default();
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let mut value =
            || args.next().cloned().ok_or_else(|| Usage(format!("{arg} needs a value")));
        match arg.as_str() {
            "--quick" => options.quick = true,
            "--plain" => options.plain = true,
            "--program" => options.program = Some(value()?.into()),
            "--json" => options.json = Some(value()?),
            "--embeddings" => options.embeddings = Some(value()?),
            _ => bail!(Usage(format!("`{arg}` is not understood"))),
        }
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_and_strange_ones_refused() {
        let read = |line: &str| options(&line.split(' ').map(str::to_owned).collect::<Vec<_>>());
        let all = read("--quick --plain --json out.json").unwrap();
        assert_eq!((all.quick, all.plain, all.json.as_deref()), (true, true, Some("out.json")));
        for wrong in ["--json", "--loud"] {
            assert!(read(wrong).unwrap_err().is::<Usage>(), "{wrong}");
        }
    }
}
