//! How a server is: its memory, what it has open, its threads and tasks.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aios_privacy::Secret;
use aios_upstream::{Fetch as _, HttpFetch};
use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use hyper::Method;
use serde::{Serialize, Serializer};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::Plan;
use super::handles::{self, Handles};

/// Longest wait for the server's metrics.
const METRICS_MAX: Duration = Duration::from_secs(30);

/// One look.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Vitals {
    /// When.
    #[serde(rename = "at_s", serialize_with = "seconds")]
    pub(super) at: Duration,
    pub(super) rss_mib: f64,
    /// Handles that are no sockets; sockets that are neither of the load's connections nor of those to models.
    pub(super) n_files: f64,
    pub(super) n_sockets: f64,
    /// Connections of the load, and those to models.
    pub(super) n_clients: f64,
    pub(super) n_models: f64,
    pub(super) n_threads: f64,
    /// Of the data plane's runtime, and of the control plane's.
    pub(super) n_tasks: f64,
    pub(super) n_control_tasks: f64,
}

fn seconds<S: Serializer>(at: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(at.as_secs_f64())
}

impl fmt::Display for Vitals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, rss_mib, n_files, n_sockets, n_clients, n_models, .. } = self;
        let Self { n_threads, n_tasks, n_control_tasks, .. } = self;
        let s = at.as_secs();
        write!(
            f,
            "{s:>5} s  {rss_mib:.1} MiB, {n_files} files, {n_sockets} sockets, {n_clients} connections of clients, {n_models} to models, {n_threads} threads, {n_tasks} + {n_control_tasks} tasks"
        )
    }
}

/// Looks at one process, by `/proc` and by its own metrics.
pub(super) struct Vitality {
    proc: PathBuf,
    /// Where it listens.
    listens: [u16; 2],
    metrics: String,
    fetch: HttpFetch,
}

impl Vitality {
    pub(super) fn new(plan: &Plan, token: Option<Secret>) -> Self {
        let Plan { to, admin, pid, .. } = plan;
        Self {
            proc: PathBuf::from(format!("/proc/{pid}")),
            listens: [to.port(), admin.port()],
            metrics: format!("http://{admin}/metrics"),
            fetch: HttpFetch::new().with_bearer(token),
        }
    }

    /// # Errors
    /// Where there is no `/proc`, the server has ended, or it does not answer.
    pub(super) async fn look(&self, at: Duration) -> Result<Vitals> {
        let status = fs::read_to_string(self.proc.join("status"))
            .context("there is no such process, or this is not Linux")?;
        // One that has ended and that nobody has waited for has no memory.
        let rss_kib = figure(&status, "VmRSS:").context("the process has ended")?;
        let page = self.fetch.fetch(Method::GET, &self.metrics, Bytes::new());
        let page = timeout(METRICS_MAX, page).await.ok().flatten();
        let (code, page) = page.context("the server's metrics do not answer")?;
        ensure!(code == 200, "the server's metrics answer with status {code}");
        let page = String::from_utf8_lossy(&page);
        let tasks = |of: &str| {
            let name = format!("aios_tasks_alive{{runtime=\"{of}\"}} ");
            figure(&page, &name).with_context(|| format!("the server counts no tasks of {of}"))
        };
        // The table of connections is long, and clients do not wait for it.
        let (server, listens) = (self.proc.clone(), self.listens);
        let handles = move || handles::count(&server, Path::new("/proc/self"), listens);
        let Handles { n_files, n_sockets, n_clients, n_models } = spawn_blocking(handles).await??;
        Ok(Vitals {
            at,
            rss_mib: rss_kib / 1024.0,
            n_files: n_files as f64,
            n_sockets: n_sockets as f64,
            n_clients: n_clients as f64,
            n_models: n_models as f64,
            n_threads: figure(&status, "Threads:").context("there is no count of threads")?,
            n_tasks: tasks("data")?,
            n_control_tasks: tasks("control")?,
        })
    }
}

/// The number behind `name` at the beginning of a line.
fn figure(text: &str, name: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_ascii_whitespace().next()?.parse().ok()
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
            figure("# HELP aios_tasks x\naios_tasks{a=\"b\"} 12\n", "aios_tasks{a=\"b\"} "),
            Some(12.0)
        );
        assert_eq!(figure(status, "VmHWM:"), None);
    }
}
