//! The server's own log on stderr: for people, or one JSON object per line.

use std::io::IsTerminal;

use crate::config::{Config, LogFormat};

/// Sets the log up. Does nothing where one is set up already, as in tests.
pub(super) fn start(config: &Config) {
    let level = tracing::Level::from(config.log_level);
    let colors = std::io::stderr().is_terminal();
    let log = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_ansi(colors)
        .with_writer(std::io::stderr);
    let started = match config.log {
        LogFormat::Pretty => log.with_target(false).try_init(),
        LogFormat::Json => log.json().flatten_event(true).try_init(),
    };
    if started.is_err() {
        tracing::trace!("a log is set up already");
    }
}
