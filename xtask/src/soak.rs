//! `cargo xtask soak`: the real server under everything at once, for as long as is wanted.

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};

use crate::model::{self, Model};
use crate::process::{self, READY, Server};
use crate::{EXIT_FOUND, EXIT_NO_DATA, Usage, cargo, http, workspace};

/// What the bar is about.
const MINUTES: f64 = 30.0;
const RATE: f64 = 500.0;

/// How it is soaked.
#[derive(Debug, PartialEq)]
struct Options {
    minutes: f64,
    rate: f64,
    json: Option<String>,
}

/// The command.
pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    let options = options(args)?;
    cargo::announce_quick();
    cargo::build_quick(&["aios", "aios-bench"])?;
    let dir = workspace::fresh_dir("soak")?;
    let model = Model::start(bench("upstream"), &dir.join("model.log"))?;
    let config = dir.join("aios.toml");
    fs::write(&config, model.config() + model::QUIET)
        .context("failed to write the configuration")?;
    let (gateway, admin) = (http::free_address()?, http::free_address()?);
    let mut server = Server::start(serve(&dir, &gateway, &admin), &dir.join("aios.log"))?;
    server.wait_ready(&gateway, "/readyz", READY)?;
    println!("{} minutes at {} requests/s", options.minutes, options.rate);
    let mut soak = bench("soak");
    let pid = server.id().to_string();
    soak.args(["--to", &gateway, "--admin", &admin, "--pid", &pid]);
    soak.arg("--dir").arg(dir.join("data")).arg("--config").arg(&config);
    soak.args(["--rate", &options.rate.to_string()]);
    soak.args(["--seconds", &format!("{:.0}", options.minutes * 60.0)]);
    if let Some(json) = &options.json {
        soak.args(["--json", json]);
    }
    let status = soak.status().context("failed to start the load")?;
    let ended = match server.stop() {
        Ok(ended) if ended.success() => None,
        Ok(ended) => Some(format!("the server ended with {ended}")),
        Err(error) => Some(format!("{error:#}")),
    };
    if let Some(why) = &ended {
        eprintln!("{why}; its log is in {}", dir.display());
    }
    let log =
        fs::read_to_string(dir.join("aios.log")).context("failed to read the server's log")?;
    let complaints: Vec<_> = log.lines().filter(|line| is_complaint(line)).collect();
    if !complaints.is_empty() {
        eprintln!("FAIL  the server has said:\n{}", complaints.join("\n"));
    }
    let Some(code) = exit(status.code(), ended.is_none() && complaints.is_empty()) else {
        bail!("the soak could not be made: {status}; the server's log is in {}", dir.display());
    };
    Ok(ExitCode::from(code))
}

/// Whether a line of the server's log is one that no load may bring about: an error or a panic.
fn is_complaint(line: &str) -> bool {
    line.split_whitespace().nth(1) == Some("ERROR") || line.contains("panicked at")
}

/// What came of it; none where it could not be made. A server that does not end as it should, or that has told of an
/// error, is found, too.
fn exit(load: Option<i32>, ended_well: bool) -> Option<u8> {
    let code = u8::try_from(load?).ok()?;
    let is_verdict = [0, EXIT_FOUND, EXIT_NO_DATA].contains(&code);
    is_verdict.then_some(if ended_well { code } else { EXIT_FOUND })
}

fn bench(what: &str) -> Command {
    let mut command = Command::new(workspace::program("quick", "aios-bench"));
    command.arg(what);
    command
}

fn serve(dir: &Path, gateway: &str, admin: &str) -> Command {
    let mut command = Command::new(workspace::program("quick", "aios"));
    command.args(["serve", "--listen", gateway, "--admin-listen", admin]);
    command.arg("--data-dir").arg(dir.join("data")).arg("--config").arg(dir.join("aios.toml"));
    process::without_settings(&mut command);
    command
}

fn options(args: &[String]) -> Result<Options> {
    let mut options = Options { minutes: MINUTES, rate: RATE, json: None };
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let value = args.next().ok_or_else(|| Usage(format!("{arg} needs a value")))?;
        let number = || {
            let number = value.parse::<f64>().ok().filter(|n| *n > 0.0 && n.is_finite());
            number.ok_or_else(|| Usage(format!("{arg}: `{value}` is no number above 0")))
        };
        match arg.as_str() {
            "--minutes" => options.minutes = number()?,
            "--rate" => options.rate = number()?,
            "--json" => options.json = Some(value.clone()),
            _ => bail!(Usage(format!("`{arg}` is not understood"))),
        }
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_ends_badly_is_found_and_a_load_that_breaks_is_an_error() {
        assert_eq!([0, 2, 3].map(|load| exit(Some(load), true)), [Some(0), Some(2), Some(3)]);
        assert_eq!([0, 2, 3].map(|load| exit(Some(load), false)), [Some(2); 3]);
        assert_eq!([Some(1), None, Some(-1)].map(|load| exit(load, true)), [None; 3]);
    }

    #[test]
    fn errors_and_panics_of_the_server_are_found_and_what_is_only_remarkable_is_not() {
        for line in [
            "2026-11-29T01:04:44.112289Z ERROR an erasure is not whole id=\"e1\"",
            "thread 'aios-control' panicked at crates/aios-server/src/alerts/watch.rs:120:9:",
        ] {
            assert!(is_complaint(line), "{line}");
        }
        for line in
            ["2026-11-29T01:04:44Z  WARN an alert begins detail=\"ERROR\"", "AIOS 0.1.0", ""]
        {
            assert!(!is_complaint(line), "{line}");
        }
    }

    #[test]
    fn options_are_read_and_strange_ones_refused() {
        let read = |line: &str| options(&line.split(' ').map(str::to_owned).collect::<Vec<_>>());
        let all = read("--minutes 3 --rate 50.5 --json out.json").unwrap();
        assert_eq!(all, Options { minutes: 3.0, rate: 50.5, json: Some("out.json".to_owned()) });
        assert_eq!(options(&[]).unwrap(), Options { minutes: 30.0, rate: 500.0, json: None });
        for wrong in ["--json", "--rate x", "--minutes 0", "--loud 1"] {
            assert!(read(wrong).unwrap_err().is::<Usage>(), "{wrong}");
        }
    }
}
