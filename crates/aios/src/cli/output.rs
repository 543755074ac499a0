//! How commands speak: data on stdout, errors and hints on stderr, an exit code.

use std::fmt::Display;
use std::io::{self, BufWriter, IsTerminal as _, StdoutLock, Write};
use std::process::ExitCode;

use aios_store::StoreError;
use serde::Serialize;

use crate::config::{ConfigError, LogLevel};

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Done = 0,
    /// It could not be done.
    Failed = 1,
    /// Done, and a violation was found.
    Violation = 2,
    /// Done in part.
    Incomplete = 3,
    /// The command line is wrong.
    Usage = 64,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// An error with advice.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Failure {
    message: String,
    hint: String,
    #[source]
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
    exit: Exit,
}

impl Failure {
    pub(crate) fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: hint.into(), source: None, exit: Exit::Failed }
    }

    /// What was asked for makes no sense, whatever is stored.
    pub(crate) fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, ..Self::new(message, hint) }
    }

    /// The error behind this one.
    pub(crate) fn because(
        self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self { source: Some(source.into()), ..self }
    }
}

/// Buffered stdout. That its reader has gone can be told apart from every other error.
pub(crate) struct Stdout(BufWriter<StdoutLock<'static>>);

/// Whoever read stdout has stopped.
#[derive(Debug, thiserror::Error)]
#[error("stdout is closed")]
struct ClosedStdout;

impl Stdout {
    pub(crate) fn new() -> Self {
        Self(BufWriter::new(io::stdout().lock()))
    }
}

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).map_err(mark_closed)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush().map_err(mark_closed)
    }
}

fn mark_closed(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::BrokenPipe => io::Error::new(io::ErrorKind::BrokenPipe, ClosedStdout),
        _ => error,
    }
}

/// Whether a command ended because nobody reads its output any more, as in `aios … | head`.
pub(crate) fn is_closed_stdout(error: &anyhow::Error) -> bool {
    let marked =
        |error: &io::Error| error.get_ref().is_some_and(|inner| inner.is::<ClosedStdout>());
    error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>()).any(marked)
}

/// Prints help or what is wrong with the command line.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    if error.print().is_err() {
        tracing::trace!("nobody reads the help");
    }
    let exit = if error.use_stderr() { Exit::Usage } else { Exit::Done };
    exit.into()
}

/// Prints a value as one line of JSON.
pub(crate) fn json(out: &mut dyn Write, value: &impl Serialize) -> anyhow::Result<()> {
    serde_json::to_writer(&mut *out, value).map_err(io::Error::from)?;
    writeln!(out)?;
    Ok(())
}

/// Says something to whoever sits at the terminal.
pub(crate) fn say(text: impl Display) {
    // A closed stderr must not end a command that does its work.
    if writeln!(io::stderr().lock(), "{text}").is_err() {
        tracing::trace!("stderr is closed");
    }
}

/// Prints an error: what failed, why, and what to do.
pub(crate) fn report(error: &anyhow::Error, err: &mut dyn Write) {
    if err.write_all(described(error).as_bytes()).is_err() {
        tracing::trace!("stderr is closed");
    }
}

fn described(error: &anyhow::Error) -> String {
    if let Some(wrong) = error.downcast_ref::<ConfigError>() {
        return config_problems(wrong);
    }
    let mut text = format!("error: {error}\n");
    let mut before = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        // Errors that hold their cause's text already need not say it twice.
        if !before.contains(&cause) {
            text.push_str(&format!("caused by: {cause}\n"));
        }
        before = cause;
    }
    if let Some(hint) = hint(error) {
        text.push_str(&format!("hint: {hint}\n"));
    }
    text
}

fn config_problems(error: &ConfigError) -> String {
    let mut text = String::new();
    for problem in &error.problems {
        text.push_str(&format!("error: {}\n", problem.message));
        if let Some(hint) = &problem.hint {
            text.push_str(&format!("hint: {hint}\n"));
        }
    }
    text
}

/// The outermost advice that an error or one of its causes has.
pub(crate) fn hint(error: &anyhow::Error) -> Option<&str> {
    error.chain().find_map(|cause| {
        let of_failure = cause.downcast_ref::<Failure>().map(|failure| failure.hint.as_str());
        of_failure.or_else(|| cause.downcast_ref::<StoreError>().and_then(StoreError::hint))
    })
}

/// How a command ends that failed so.
pub(crate) fn exit_of(error: &anyhow::Error) -> Exit {
    let failure = error.chain().find_map(|cause| cause.downcast_ref::<Failure>());
    failure.map_or(Exit::Failed, |failure| failure.exit)
}

/// Logs to stderr from `level` on.
pub(crate) fn log_to_stderr(level: LogLevel) {
    let level = tracing::Level::from(level);
    let log = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_ansi(io::stderr().is_terminal())
        .with_writer(io::stderr);
    // In tests another one may be there already, which then goes on.
    if log.try_init().is_err() {
        tracing::trace!("a log is set up already");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(error: &anyhow::Error, expect: &str) {
        assert_eq!(described(error), expect);
    }

    #[test]
    fn an_error_is_told_with_its_causes_and_advice() {
        let cause = io::Error::other("disk on fire");
        let failure = Failure::new("cannot read the log", "call the fire brigade").because(cause);
        check(
            &anyhow::Error::new(failure).context("cannot count"),
            "error: cannot count\ncaused by: cannot read the log\ncaused by: disk on fire\n\
             hint: call the fire brigade\n",
        );
    }

    #[test]
    fn a_cause_is_told_once() {
        let error = StoreError::Missing { dir: "nowhere".into() };
        let hint = error.hint().unwrap().to_owned();
        let doubled = anyhow::Error::new(error).context("there is no data directory nowhere");
        check(&doubled, &format!("error: there is no data directory nowhere\nhint: {hint}\n"));
    }

    #[test]
    fn only_a_closed_stdout_is_no_error() {
        let broken = || io::Error::from(io::ErrorKind::BrokenPipe);
        assert!(is_closed_stdout(&anyhow::Error::new(mark_closed(broken())).context("x")));
        assert!(!is_closed_stdout(&anyhow::Error::new(broken())));
        assert!(!is_closed_stdout(&anyhow::anyhow!("x")));
    }
}
