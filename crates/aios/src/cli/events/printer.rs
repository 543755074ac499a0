//! Prints events and keeps count of lines that are none.

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
}

impl<'a> Printer<'a> {
    pub(super) fn new(out: &'a mut dyn Write, json: bool) -> Self {
        Self { out, json, n_events: 0, n_bad: 0 }
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
            Err(error @ ReadError::Io { .. }) => Err(error.into()),
        }
    }

    /// Hands over what is buffered.
    pub(super) fn flush(&mut self) -> anyhow::Result<()> {
        Ok(self.out.flush()?)
    }

    /// Says what was missed.
    pub(super) fn end(self) -> Exit {
        if self.n_bad == 0 {
            return Exit::Done;
        }
        say(format_args!("incomplete: events shown: {}, bad lines: {}", self.n_events, self.n_bad));
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
