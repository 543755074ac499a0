//! Prints events and keeps count of what could not be read.

use std::io::Write;

use aios_store::{Line, ReadError};

use super::line;
use crate::cli::output::{Exit, say};

/// Prints what was read.
pub(super) struct Printer<'a> {
    out: &'a mut dyn Write,
    json: bool,
    n_events: usize,
    n_bad: usize,
    /// Files that could not be read to their end.
    n_unread: usize,
}

impl<'a> Printer<'a> {
    pub(super) fn new(out: &'a mut dyn Write, json: bool) -> Self {
        Self { out, json, n_events: 0, n_bad: 0, n_unread: 0 }
    }

    /// Prints an event, or says which line is none.
    pub(super) fn take(&mut self, found: Result<Line, ReadError>) -> anyhow::Result<()> {
        match found {
            Ok(line) => self.print(&line),
            Err(ReadError::Bad(bad)) => {
                self.n_bad += 1;
                say(format_args!("not an event: {bad}"));
                Ok(())
            }
            Err(error @ ReadError::Io { .. }) => {
                self.n_unread += 1;
                say(error);
                Ok(())
            }
        }
    }

    /// Hands over what is buffered.
    pub(super) fn flush(&mut self) -> anyhow::Result<()> {
        Ok(self.out.flush()?)
    }

    /// Says what was missed.
    pub(super) fn end(self) -> Exit {
        if self.n_bad == 0 && self.n_unread == 0 {
            return Exit::Done;
        }
        let mut missed = format!("events shown: {}, bad lines: {}", self.n_events, self.n_bad);
        if self.n_unread > 0 {
            missed.push_str(&format!(", files not read to their end: {}", self.n_unread));
        }
        say(format_args!("incomplete: {missed}"));
        Exit::Incomplete
    }

    fn print(&mut self, line: &Line) -> anyhow::Result<()> {
        if self.json {
            writeln!(self.out, "{}", line.raw)?;
        } else {
            if self.n_events == 0 {
                writeln!(self.out, "{}", line::head())?;
            }
            writeln!(self.out, "{}", line::of(&line.event))?;
        }
        self.n_events += 1;
        Ok(())
    }
}
