//! Child processes that cannot outlive us.
//!
//! A [`Server`] dies when it is dropped. Should this process be killed instead, [`crate::guard`] ends it.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::{guard, http};

/// How long a server may take until it answers, on the slowest machine: one that has ended is noticed at once.
pub(crate) const READY: Duration = Duration::from_secs(120);
/// How long a server may take to drain before it is killed. It gives itself ten seconds, and a slow machine needs more.
const DRAIN: Duration = Duration::from_secs(60);
/// Lines of a log that an error repeats.
const LOG_LINES_SHOWN: usize = 20;

/// Runs a command to its end with our own terminal; fails where it fails.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status =
        command.status().with_context(|| format!("failed to start {}", name_of(command)))?;
    if !status.success() {
        bail!("{} ended with {status}", name_of(command));
    }
    Ok(())
}

/// Runs a command to its end and returns what it printed; `None` if it is missing or fails.
pub(crate) fn output(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    output.status.success().then_some(text)
}

fn name_of(command: &Command) -> String {
    let program = Path::new(command.get_program());
    program.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// Takes from what `command` inherits whatever would change how the program is set up (it reads `AIOS_…` before its file)
/// or would wake people.
pub(crate) fn without_settings(command: &mut Command) {
    let names = std::env::vars_os().map(|(name, _)| name);
    for name in names.filter(|name| name.to_str().is_some_and(is_setting)) {
        command.env_remove(name);
    }
}

fn is_setting(name: &str) -> bool {
    name.starts_with("AIOS_") || name.ends_with("_WEBHOOK_URL")
}

/// Waits. The only place that does: everything here waits for other processes, which have no clock of ours.
#[expect(clippy::disallowed_methods, reason = "another process cannot wake us")]
pub(crate) fn pause(time: Duration) {
    thread::sleep(time);
}

/// A process that runs until it is stopped.
pub(crate) struct Server {
    name: String,
    child: Child,
    lines: Receiver<String>,
    log: PathBuf,
}

impl Server {
    /// Starts `command`; its stderr goes to `log`, its stdout can be waited for.
    pub(crate) fn start(mut command: Command, log: &Path) -> Result<Self> {
        let name = name_of(&command);
        let stderr =
            File::create(log).with_context(|| format!("failed to create {}", log.display()))?;
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(stderr);
        let mut child = command.spawn().with_context(|| format!("failed to start {name}"))?;
        guard::watch(child.id())?;
        let stdout = child.stdout.take().context("stdout is piped")?;
        let (sender, lines) = channel();
        thread::spawn(move || {
            // Reads on when nobody listens any more: a full pipe would stop the server.
            BufReader::new(stdout).lines().map_while(Result::ok).for_each(|line| {
                sender.send(line).ok();
            });
        });
        Ok(Self { name, child, lines, log: log.to_path_buf() })
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it still runs.
    pub(crate) fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits for a line on stdout that contains `mark` and returns what follows it.
    pub(crate) fn wait_line(&mut self, mark: &str, deadline: Duration) -> Result<String> {
        let until = Instant::now() + deadline;
        loop {
            match self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    if let Some((_, rest)) = line.split_once(mark) {
                        return Ok(rest.trim().to_owned());
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    bail!(self.failure(&format!("did not print `{mark}`")))
                }
                Err(RecvTimeoutError::Disconnected) => bail!(self.failure("ended early")),
            }
        }
    }

    /// Asks `GET path` of `address` until it answers 200; returns how long that took.
    pub(crate) fn wait_ready(
        &mut self,
        address: &str,
        path: &str,
        deadline: Duration,
    ) -> Result<Duration> {
        let started = Instant::now();
        while started.elapsed() < deadline {
            if http::get(address, path).is_ok_and(|reply| reply.status == 200) {
                return Ok(started.elapsed());
            }
            if !self.is_running() {
                bail!(self.failure("ended early"));
            }
            pause(Duration::from_millis(1));
        }
        bail!(self.failure(&format!("did not answer on {address}{path}")))
    }

    fn failure(&self, what: &str) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let shown = lines.get(lines.len().saturating_sub(LOG_LINES_SHOWN)..).unwrap_or_default();
        format!("{} {what}; its log says:\n{}", self.name, shown.join("\n"))
    }

    /// Asks it to end, waits for the drain, kills it if that takes too long.
    pub(crate) fn stop(mut self) -> Result<ExitStatus> {
        guard::terminate(self.id());
        let until = Instant::now() + DRAIN;
        while Instant::now() < until {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            pause(Duration::from_millis(10));
        }
        bail!(self.failure("did not end when asked to"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only where the process has ended, which is what is wanted.
        self.child.kill().ok();
        self.child.wait().ok();
        guard::release(self.child.id());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_not_inherited_and_the_rest_is() {
        for name in ["AIOS_TIERS__MAIN__ENDPOINTS", "AIOS_CONFIG", "SLACK_WEBHOOK_URL"] {
            assert!(is_setting(name), "{name}");
        }
        for name in ["PATH", "HOME", "RUST_LOG", "MY_AIOS_HOME"] {
            assert!(!is_setting(name), "{name}");
        }
    }
}
