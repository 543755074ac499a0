//! How a server is: its memory, handles, threads and tasks.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aios_privacy::Secret;
use aios_upstream::{Fetch as _, HttpFetch};
use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use hyper::Method;

/// One look.
#[derive(Debug, Clone, Copy)]
pub(super) struct Vitals {
    /// When.
    pub(super) at: Duration,
    pub(super) rss_mib: f64,
    pub(super) n_handles: f64,
    pub(super) n_threads: f64,
    /// Of the data plane's runtime.
    pub(super) n_tasks: f64,
}

impl fmt::Display for Vitals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, rss_mib, n_handles, n_threads, n_tasks } = self;
        let s = at.as_secs();
        write!(
            f,
            "{s:>5} s  {rss_mib:.1} MiB, {n_handles} handles, {n_threads} threads, {n_tasks} tasks"
        )
    }
}

/// Looks at one process, by `/proc` and by its own metrics.
pub(super) struct Vitality {
    proc: PathBuf,
    metrics: String,
    fetch: HttpFetch,
}

impl Vitality {
    pub(super) fn new(pid: u32, admin: &str, token: Option<Secret>) -> Self {
        Self {
            proc: PathBuf::from(format!("/proc/{pid}")),
            metrics: format!("{admin}/metrics"),
            fetch: HttpFetch::new().with_bearer(token),
        }
    }

    /// # Errors
    /// Where there is no `/proc`, or the server does not answer.
    pub(super) async fn look(&self, at: Duration) -> Result<Vitals> {
        let status = fs::read_to_string(self.proc.join("status"))
            .context("a process can be looked at on Linux only")?;
        let page = self.fetch.fetch(Method::GET, &self.metrics, Bytes::new()).await;
        let (code, page) = page.context("the server's metrics do not answer")?;
        ensure!(code == 200, "the server's metrics answer with status {code}");
        let page = String::from_utf8_lossy(&page);
        let tasks = figure(&page, "aios_tasks_alive ").context("the server counts no tasks")?;
        Ok(Vitals {
            at,
            rss_mib: figure(&status, "VmRSS:").context("there is no VmRSS")? / 1024.0,
            n_handles: n_entries(&self.proc.join("fd"))?,
            n_threads: figure(&status, "Threads:").context("there is no count of threads")?,
            n_tasks: tasks,
        })
    }
}

/// The number behind `name` at the beginning of a line.
fn figure(text: &str, name: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

fn n_entries(dir: &Path) -> Result<f64> {
    let entries = fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))?;
    Ok(entries.count() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_stand_behind_their_names() {
        let status = "Name:\tx\nVmRSS:\t    2048 kB\nThreads:\t7\n";
        assert_eq!(figure(status, "VmRSS:"), Some(2048.0));
        assert_eq!(figure(status, "Threads:"), Some(7.0));
        assert_eq!(
            figure("# HELP aios_tasks_alive x\naios_tasks_alive 12\n", "aios_tasks_alive "),
            Some(12.0)
        );
        assert_eq!(figure(status, "VmHWM:"), None);
    }
}
