//! What tells a server to stop, or to read the configuration again: the operating system, and whoever started it.

use std::io;

use anyhow::Context;
use tokio::sync::oneshot;

/// Signals of this process.
pub(super) struct Signals {
    system: imp::Signals,
    /// Standard input has ended; none if nobody watches it any more.
    stdin: Option<oneshot::Receiver<()>>,
}

impl Signals {
    /// Takes the signals over from their defaults, and watches standard input if its end is one.
    ///
    /// # Errors
    /// When the operating system does not allow it.
    pub(super) fn listen(with_stdin: bool) -> anyhow::Result<Self> {
        let system = imp::Signals::listen().context("cannot listen to signals")?;
        let stdin = with_stdin.then(watch_stdin).transpose();
        Ok(Self { system, stdin: stdin.context("cannot watch standard input")? })
    }

    /// Waits for the next signal. That standard input has ended is told once.
    pub(super) async fn next(&mut self) -> Signal {
        let stdin = &mut self.stdin;
        let ended = async {
            match stdin {
                Some(watch) => watch.await.unwrap_or_default(),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            signal = self.system.next() => signal,
            () = ended => {
                self.stdin = None;
                Signal::Stop
            }
        }
    }

    /// Waits until the process is to stop.
    pub(super) async fn stop(&mut self) {
        while self.next().await != Signal::Stop {}
    }
}

/// Whoever holds the other end of a pipe closes it by ending, by SIGKILL as well. The thread only ends with that or with the
/// process: a read of standard input cannot be broken off.
fn watch_stdin() -> io::Result<oneshot::Receiver<()>> {
    let (tell, told) = oneshot::channel();
    let watch = move || {
        // One that cannot be read has ended, too.
        drop(io::copy(&mut io::stdin().lock(), &mut io::sink()));
        // Who asked may have stopped.
        tell.send(()).unwrap_or_default();
    };
    std::thread::Builder::new().name("stdin".to_owned()).spawn(watch)?;
    Ok(told)
}

/// A signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signal {
    /// Ctrl-C, SIGTERM, or Windows closing the console.
    Stop,
    /// SIGHUP, where there is such a thing: read the configuration again.
    #[cfg_attr(windows, expect(dead_code, reason = "Windows has no SIGHUP"))]
    Reload,
}

#[cfg(unix)]
mod imp {
    use std::io;

    use tokio::signal::unix::{self, SignalKind, signal};

    use super::Signal;

    pub(super) struct Signals {
        interrupt: unix::Signal,
        terminate: unix::Signal,
        hangup: unix::Signal,
    }

    impl Signals {
        pub(super) fn listen() -> io::Result<Self> {
            Ok(Self {
                interrupt: signal(SignalKind::interrupt())?,
                terminate: signal(SignalKind::terminate())?,
                hangup: signal(SignalKind::hangup())?,
            })
        }

        pub(super) async fn next(&mut self) -> Signal {
            tokio::select! {
                _ = self.interrupt.recv() => Signal::Stop,
                _ = self.terminate.recv() => Signal::Stop,
                _ = self.hangup.recv() => Signal::Reload,
            }
        }
    }
}

#[cfg(windows)]
mod imp {
    use std::io;

    use tokio::signal::windows::{
        CtrlBreak, CtrlC, CtrlClose, CtrlShutdown, ctrl_break, ctrl_c, ctrl_close, ctrl_shutdown,
    };

    use super::Signal;

    pub(super) struct Signals {
        c: CtrlC,
        r#break: CtrlBreak,
        close: CtrlClose,
        shutdown: CtrlShutdown,
    }

    impl Signals {
        pub(super) fn listen() -> io::Result<Self> {
            Ok(Self {
                c: ctrl_c()?,
                r#break: ctrl_break()?,
                close: ctrl_close()?,
                shutdown: ctrl_shutdown()?,
            })
        }

        pub(super) async fn next(&mut self) -> Signal {
            tokio::select! {
                _ = self.c.recv() => {}
                _ = self.r#break.recv() => {}
                _ = self.close.recv() => {}
                _ = self.shutdown.recv() => {}
            }
            Signal::Stop
        }
    }
}
