//! Calling out: a runtime for one command, and bounded questions over HTTP.

use std::future::Future;
use std::time::Duration;

use aios_privacy::Secret;
use aios_upstream::{Fetch, HttpFetch};
use anyhow::Context as _;
use bytes::Bytes;
use http::Method;
use tokio::runtime::Runtime;

/// Longest wait for one answer.
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// A runtime on this thread.
pub(super) fn runtime() -> anyhow::Result<Runtime> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().context("cannot start the runtime")
}

/// Status and body of a page; `None` if there was no answer within five seconds.
pub(super) async fn get(url: &str, bearer: Option<Secret>) -> Option<(u16, Bytes)> {
    let fetch = HttpFetch::new().with_bearer(bearer);
    within(fetch.fetch(Method::GET, url, Bytes::new())).await.flatten()
}

/// Status and body of the answer to a request that changes something, which may take its time; `None` if
/// there was none.
pub(super) async fn post(
    url: &str,
    bearer: Option<Secret>,
    json: Vec<u8>,
    at_most: Duration,
) -> Option<(u16, Bytes)> {
    let fetch = HttpFetch::new().with_bearer(bearer);
    let answer = fetch.fetch(Method::POST, url, Bytes::from(json));
    tokio::time::timeout(at_most, answer).await.ok().flatten()
}

/// What a future gives, if it does so within five seconds.
pub(super) async fn within<T>(answer: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(ANSWER_MAX, answer).await.ok()
}

/// Waits for Ctrl-C.
pub(super) async fn interrupted() -> anyhow::Result<()> {
    tokio::signal::ctrl_c().await.context("cannot wait for Ctrl-C")
}

/// Whatever asks this program to end, heard from when this was made: also while nobody waits for it.
pub(super) struct Ending {
    #[cfg(unix)]
    signals: [tokio::signal::unix::Signal; 3],
    #[cfg(windows)]
    signals: (
        tokio::signal::windows::CtrlC,
        tokio::signal::windows::CtrlBreak,
        tokio::signal::windows::CtrlClose,
        tokio::signal::windows::CtrlShutdown,
    ),
}

impl Ending {
    /// To be made on a runtime.
    pub(super) fn new() -> anyhow::Result<Self> {
        let signals = Self::signals().context("cannot listen for signals")?;
        Ok(Self { signals })
    }

    #[cfg(unix)]
    fn signals() -> std::io::Result<[tokio::signal::unix::Signal; 3]> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok([
            signal(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
            signal(SignalKind::hangup())?,
        ])
    }

    #[cfg(windows)]
    fn signals() -> std::io::Result<(
        tokio::signal::windows::CtrlC,
        tokio::signal::windows::CtrlBreak,
        tokio::signal::windows::CtrlClose,
        tokio::signal::windows::CtrlShutdown,
    )> {
        use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close, ctrl_shutdown};
        Ok((ctrl_c()?, ctrl_break()?, ctrl_close()?, ctrl_shutdown()?))
    }

    /// Waits for it.
    #[cfg(unix)]
    pub(super) async fn asked(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.signals;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }

    /// Waits for it.
    #[cfg(windows)]
    pub(super) async fn asked(&mut self) {
        let (c, break_, close, shutdown) = &mut self.signals;
        tokio::select! {
            _ = c.recv() => {}
            _ = break_.recv() => {}
            _ = close.recv() => {}
            _ = shutdown.recv() => {}
        }
    }
}
