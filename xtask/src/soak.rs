//! `cargo xtask soak`: the real server under everything at once, for as long as is wanted.

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};

use crate::model::{self, Model};
use crate::process::{READY, Server};
use crate::{EXIT_FOUND, Usage, cargo, http, workspace};

/// What the bar is about.
const MINUTES: f64 = 30.0;
const RATE: f64 = 500.0;
/// What wakes people: nobody is to be woken by a soak.
const NOT_INHERITED: [&str; 2] = ["SLACK_WEBHOOK_URL", "ALERT_WEBHOOK_URL"];

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
    println!("building AIOS");
    cargo::run(&["build", "--quiet", "--profile", "quick", "-p", "aios", "-p", "aios-bench"])?;
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
    let ended = server.stop()?;
    match status.code() {
        Some(0) if ended.success() => Ok(ExitCode::SUCCESS),
        Some(0) => bail!("the server ended with {ended}; its log is in {}", dir.display()),
        Some(code) if code == i32::from(EXIT_FOUND) => Ok(ExitCode::from(EXIT_FOUND)),
        _ => {
            bail!("the soak could not be made: {status}; the server's log is in {}", dir.display())
        }
    }
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
    for name in NOT_INHERITED {
        command.env_remove(name);
    }
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
