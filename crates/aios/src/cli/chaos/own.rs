//! A server of our own: started, killed, and never left behind.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

use crate::cli::output::Failure;

/// Longest wait for a server to say where it is.
const START_MAX: Duration = Duration::from_secs(60);

/// What half a line that a crash has left is told by. That is no complaint: nobody was told that it is kept.
const TORN: [&str; 2] = ["a torn end of the event log was moved aside", "half a line was cut"];

/// A server of our own. It ends when this is dropped.
pub(super) struct OwnServer {
    child: Process,
    /// Where its API is, and its admin API.
    pub(super) api: String,
    pub(super) admin: String,
    complaints: Complaints,
    /// Reads its stderr; ends with that.
    reader: Option<JoinHandle<()>>,
}

/// What it has warned of.
type Complaints = Arc<Mutex<Vec<String>>>;

/// A process that ends with this.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

impl OwnServer {
    /// Starts one on what is in this place. Who does not wait for its end leaves no process.
    pub(super) async fn start(place: &Path) -> anyhow::Result<Self> {
        Self::spawn(&mut command(place)?).await
    }

    async fn spawn(command: &mut Command) -> anyhow::Result<Self> {
        let mut child = Process(command.spawn().context("cannot start a server")?);
        let complaints = Complaints::default();
        let stderr = child.0.stderr.take().context("stderr is piped")?;
        let (mut addresses, reader) = listen(stderr, Arc::clone(&complaints));
        let both = async { Some((addresses.recv().await?, addresses.recv().await?)) };
        let Some((api, admin)) = timeout(START_MAX, both).await.ok().flatten() else {
            let hint = "`aios serve` on its own says why";
            return Err(Failure::new("the server did not start", hint).into());
        };
        Ok(Self { child, api, admin, complaints, reader: Some(reader) })
    }

    /// Kills it as the system would, without any warning.
    pub(super) fn kill(&mut self) -> anyhow::Result<()> {
        self.child.0.kill().context("cannot kill the server")?;
        self.child.0.wait().context("cannot wait for the server's end")?;
        // What it said last may still be on its way.
        if self.reader.take().is_some_and(|reader| reader.join().is_err()) {
            bail!("what the server said could not be read");
        }
        Ok(())
    }

    /// Whether it has ended.
    pub(super) fn has_ended(&mut self) -> bool {
        !matches!(self.child.0.try_wait(), Ok(None))
    }

    /// What it has complained of since this was asked last.
    pub(super) fn complaints(&self) -> Vec<String> {
        std::mem::take(&mut *self.complaints.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes over what the one before it has complained of.
    pub(super) fn complained(&self, before: Vec<String>) {
        self.complaints.lock().unwrap_or_else(PoisonError::into_inner).extend(before);
    }
}

fn command(place: &Path) -> anyhow::Result<Command> {
    let program = std::env::current_exe().context("cannot find this program")?;
    let mut command = Command::new(program);
    let names = std::env::vars_os().map(|(name, _)| name);
    for name in names.filter(|name| name.to_str().is_some_and(is_setting)) {
        command.env_remove(name);
    }
    command
        .current_dir(place)
        .args(["serve", "--config", "aios.toml", "--data-dir", "data"])
        .args(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
        // It ends with us, also where nobody can stop it any more.
        .arg("--until-stdin-ends")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    Ok(command)
}

/// What stands in the way of a trial, or wakes people: a server of our own does without. `cargo xtask soak`, which is
/// built of nothing of ours, goes by the same rule.
fn is_setting(name: &str) -> bool {
    name.starts_with("AIOS_") || name.ends_with("_WEBHOOK_URL")
}

/// The addresses of API and admin in what a server says; its stderr is read to its end, so that it never waits for us.
fn listen(
    stderr: ChildStderr,
    complaints: Complaints,
) -> (UnboundedReceiver<String>, JoinHandle<()>) {
    let (tell, told) = unbounded_channel();
    let reader = std::thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            for name in ["OpenAI API", "admin "] {
                let url = line.trim().strip_prefix(name).map(str::trim);
                if let Some(url) = url.filter(|url| url.starts_with("http://")) {
                    // Whoever has heard both listens no more.
                    drop(tell.send(url.trim_end_matches("/v1").to_owned()));
                }
            }
            if is_complaint(&line) {
                complaints.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            }
        }
    });
    (told, reader)
}

/// Whether a line of its log tells of something that is not as it should be: of index, ledger, audit trail or anything.
fn is_complaint(line: &str) -> bool {
    // Before there is a log, and without one, a panic is a line without time and level.
    if line.contains("panicked at ") {
        return true;
    }
    // A time, then the level.
    match line.split_ascii_whitespace().nth(1) {
        Some("ERROR") => true,
        Some("WARN") => !TORN.iter().any(|torn| line.contains(torn)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_torn_by_a_crash_is_no_complaint() {
        for (line, expect) in [
            ("2026-11-28T20:00:00.1Z  INFO the event log is being written again", false),
            (
                "2026-11-28T20:00:00.1Z  WARN a torn end of the event log was moved aside bytes=7",
                false,
            ),
            (
                "2026-11-28T20:00:00.1Z  WARN half a line was cut from the audit trail n_torn=7",
                false,
            ),
            ("2026-11-28T20:00:00.1Z  WARN the index cannot be kept up; it is tried again", true),
            ("2026-11-28T20:00:00.1Z ERROR the register of segments is gone", true),
            ("thread 'data-1' panicked at crates/aios-server/src/gateway/mod.rs:7:5:", true),
            ("thread 'main' (71) panicked at src/main.rs:7:5:", true),
            ("  admin   http://127.0.0.1:8501", false),
        ] {
            assert_eq!(is_complaint(line), expect, "{line}");
        }
    }

    /// Whoever is told to end while a server starts ends at once, and so does the server.
    #[cfg(unix)]
    #[tokio::test]
    async fn a_start_can_be_given_up() {
        use std::io::Read as _;
        let (mut held, holds) = std::io::pipe().unwrap();
        // It says nothing until its input ends.
        let mut cat = Command::new("cat");
        cat.stdin(Stdio::piped()).stdout(holds).stderr(Stdio::piped());
        let began = std::time::Instant::now();
        let start = timeout(Duration::from_millis(50), OwnServer::spawn(&mut cat)).await;
        assert!(start.is_err() && began.elapsed() < START_MAX / 2);
        drop(cat);
        assert_eq!(held.read(&mut [0]).unwrap(), 0);
    }
}
