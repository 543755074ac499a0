//! `aios serve`: puts the parts together, runs them, and takes them down in order.
//!
//! Up: sockets, data directory, event log, endpoints, server. Down: no new connections, requests under
//! way finish, the event log is written out. A reload changes what can be changed at once and leaves
//! the rest to the next start.

mod banner;
pub(crate) mod endpoints;
mod log;
mod parts;
mod reload;
mod rotation;
mod signals;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aios_server::{Handle, Stopped};
use aios_store::FileEventLog;
use anyhow::Context;

use crate::config::{self, Config, FileStamp, Sources};
use crate::otel::{self, Traces};

/// Longest wait for the event log to be written out at the end.
const LOG_CLOSE_TIMEOUT: Duration = Duration::from_secs(10);

/// Serves until told to stop, or until standard input ends where that is asked for.
///
/// # Errors
/// When the configuration is wrong, a port or the data directory is in use, or nothing can be served.
pub fn run(sources: Sources, until_stdin_ends: bool) -> anyhow::Result<ExitCode> {
    // Looked at before it is read, so that a change in between is not taken for what was read.
    let seen = sources.stamp();
    let config = config::load(&sources)?;
    log::start(&config);
    aios_server::watch_panics();
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    let runtime = runtime()?;
    let ended = runtime.block_on(serve(config, sources, seen, until_stdin_ends));
    // A thread that hangs, on a dead network drive for example, must not keep the process.
    runtime.shutdown_background();
    ended
}

/// One thread where there is one processor: what is shared by none needs no waking across threads.
fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    let n_processors = std::thread::available_parallelism().map_or(1, usize::from);
    let mut builder = match n_processors {
        1 => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    builder.enable_all().build().context("cannot start the runtime")
}

async fn serve(
    config: Config,
    sources: Sources,
    seen: Option<FileStamp>,
    until_stdin_ends: bool,
) -> anyhow::Result<ExitCode> {
    let mut signals = signals::Signals::listen(until_stdin_ends)?;
    let traces = otel::start(config.otlp.as_ref())?;
    let parts::Started { handle, store, rotator, routing, fill } =
        parts::start(&config, traces.as_ref()).await?;
    let upstreams = Arc::clone(&handle.live().upstreams);
    banner::show(&config, &handle, upstreams.config());
    let preparing = tokio::spawn(async move { upstreams.prepare().await });
    let rotation = tokio::spawn(rotation::run(rotator));
    let data_dir = Arc::clone(&routing.data_dir);
    let reloader = reload::Reloader::new(config, fill, sources, seen, routing);
    reloader.run_until_stopped(&handle, &mut signals).await;
    preparing.abort();
    rotation.abort();
    let ended = stop(handle, store, traces, signals).await;
    if let Err(error) = data_dir.withdraw_admin_address() {
        tracing::debug!(%error, "the next owner of the directory removes the address");
    }
    ended
}

/// For so long after the first signal another one is the same wish. A terminal's Ctrl-C reaches the whole group, and who
/// started us may pass it on.
const ECHO: Duration = Duration::from_secs(1);

/// Lets requests finish, then writes the log out. A second signal cuts what is under way, and nothing else.
async fn stop(
    handle: Handle,
    store: Arc<FileEventLog>,
    traces: Option<Traces>,
    mut signals: signals::Signals,
) -> anyhow::Result<ExitCode> {
    tracing::info!(
        "stopping: requests under way may finish; once more, after a second, to cut them"
    );
    let asked_at = Instant::now();
    let hurry = async {
        signals.stop().await;
        while asked_at.elapsed() < ECHO {
            signals.stop().await;
        }
    };
    let stopped = handle.stop(hurry).await;
    let report = store.close(LOG_CLOSE_TIMEOUT).await;
    if let Some(traces) = traces {
        traces.stop().await;
    }
    match stopped {
        Stopped { n_cut, at_once: true } => {
            tracing::warn!(n = n_cut, "stopped at once: requests under way were cut");
        }
        Stopped { n_cut: 0, .. } => {}
        Stopped { n_cut, .. } => {
            tracing::warn!(n = n_cut, "connections were still busy at the deadline and were cut")
        }
    }
    tracing::info!(written = report.written, lost = report.lost, "the event log is closed");
    let is_whole = report.complete && report.lost == 0 && !stopped.at_once;
    Ok(if is_whole { ExitCode::SUCCESS } else { ExitCode::from(3) })
}
