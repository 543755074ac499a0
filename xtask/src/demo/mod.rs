//! `cargo xtask demo`: AIOS on simulated models under live traffic.

mod ticker;
mod traffic;

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::process::{READY, Server};
use crate::{Usage, cargo, dashboard, http, process, workspace};
use ticker::Ticker;
use traffic::{Seen, Traffic};

const TICK: Duration = Duration::from_millis(500);
/// The addresses that users know; taken where they are free.
const GATEWAY: &str = "127.0.0.1:8500";
const ADMIN: &str = "127.0.0.1:8501";

/// Nothing is probed: the demo must not send its made-up traffic to somebody's real models.
const CONFIG: &str = "\
[discovery]
enabled = false

[tiers.main]
endpoints = [{ url = \"sim://main\", model = \"sim-main\" }]

[tiers.embedder]
endpoints = [{ url = \"sim://embedder\", model = \"sim-embedder\" }]
";

/// A first request to try.
const BODY: &str =
    r#"{"model":"aios-auto","messages":[{"role":"user","content":"Explain tides."}]}"#;

/// The command: runs until Ctrl-C, or for `--seconds N`.
pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    let seconds = seconds(args)?;
    cargo::announce_quick();
    dashboard::build_if_possible();
    cargo::build_quick(&["aios"])?;
    let dir = workspace::fresh_dir("demo")?;
    let (gateway, admin) = (free_or(GATEWAY)?, free_or(ADMIN)?);
    let mut server = start(&dir, &gateway, &admin)?;
    introduce(&gateway, &admin, &dir)?;
    let traffic = Traffic::start(&gateway);
    let mut ticker = Ticker::new();
    let until = seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    while until.is_none_or(|until| Instant::now() < until) {
        if !server.is_running() {
            bail!("AIOS has ended; its log is {}", dir.join("aios.log").display());
        }
        process::pause(TICK);
        ticker.show(&traffic.seen());
    }
    ticker.end();
    traffic.stop();
    settle(stop(server, &dir)?, &traffic.seen()).map(|()| ExitCode::SUCCESS)
}

/// Says how it went; fails where a request failed or left no event.
fn settle(n_events: usize, seen: &Seen) -> Result<()> {
    println!("stopped; {} requests, {} failed, {n_events} events", seen.n_requests, seen.n_errors);
    // Windows cannot ask a process to end, so the last events may be missing there.
    if cfg!(unix) && n_events < seen.n_requests {
        bail!("{} requests left only {n_events} events", seen.n_requests);
    }
    if seen.n_errors > 0 || seen.n_requests == 0 {
        bail!("{} of {} requests failed", seen.n_errors, seen.n_requests);
    }
    Ok(())
}

fn seconds(args: &[String]) -> Result<Option<u64>> {
    match args {
        [] => Ok(None),
        [flag, value] if flag == "--seconds" => match value.parse() {
            Ok(seconds) => Ok(Some(seconds)),
            Err(_) => bail!(Usage(format!("--seconds: `{value}` is no number"))),
        },
        _ => bail!(Usage("usage: cargo xtask demo [--seconds N]".to_owned())),
    }
}

fn free_or(preferred: &str) -> Result<String> {
    match std::net::TcpListener::bind(preferred) {
        Ok(_) => Ok(preferred.to_owned()),
        Err(_) => http::free_address(),
    }
}

fn start(dir: &Path, gateway: &str, admin: &str) -> Result<Server> {
    let config = dir.join("aios.toml");
    fs::write(&config, CONFIG).context("failed to write the demo's configuration")?;
    let mut command = Command::new(workspace::program("quick", "aios"));
    command.args(["serve", "--listen", gateway, "--admin-listen", admin]);
    command.arg("--data-dir").arg(dir.join("data")).arg("--config").arg(config);
    let mut server = Server::start(command, &dir.join("aios.log"))?;
    server.wait_ready(gateway, "/readyz", READY)?;
    Ok(server)
}

fn introduce(gateway: &str, admin: &str, dir: &Path) -> Result<()> {
    let data = dir.join("data");
    let events = data.join("analytics").join("hypotheses.ndjson");
    println!(
        "
AIOS runs on simulated models.

  dashboard    {}
  OpenAI API   http://{gateway}/v1
  metrics      http://{admin}/metrics
  status       http://{admin}/status
  events       {}

  curl http://{gateway}/v1/chat/completions -H \"content-type: application/json\" -d '{BODY}'

Live traffic follows. Ctrl-C stops everything.
",
        login_link(admin, &data)?,
        events.display()
    );
    Ok(())
}

/// A link that opens one session with the dashboard.
fn login_link(admin: &str, data: &Path) -> Result<String> {
    let file = data.join("keys").join("admin.token");
    let token =
        fs::read_to_string(&file).with_context(|| format!("failed to read {}", file.display()))?;
    let headers = [format!("authorization: Bearer {}", token.trim())];
    let reply = http::post(admin, "/admin/v1/login-links", &headers, "{}")?;
    let path = reply.body.split('"').find(|part| part.starts_with("/?token="));
    let path = path.with_context(|| format!("no link in the answer: {}", reply.body))?;
    Ok(format!("http://{admin}{path}"))
}

/// Stops the server and counts what it has written.
fn stop(server: Server, dir: &Path) -> Result<usize> {
    server.stop()?;
    let file = dir.join("data").join("analytics").join("hypotheses.ndjson");
    let text =
        fs::read_to_string(&file).with_context(|| format!("failed to read {}", file.display()))?;
    Ok(text.lines().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_time_can_be_said() {
        let read =
            |line: &[&str]| seconds(&line.iter().map(|&arg| arg.to_owned()).collect::<Vec<_>>());
        assert_eq!(read(&[]).unwrap(), None);
        assert_eq!(read(&["--seconds", "5"]).unwrap(), Some(5));
        assert!(read(&["--seconds"]).is_err() && read(&["--seconds", "x"]).is_err());
    }
}
