//! `aios status`.

use std::io::Write;

use aios_store::{DataDir, Unfinished, unfinished};
use clap::Args;

use super::context::Context;
use super::output::{self, Exit};
use super::running::{self, EventLog, Status};
use super::{models, routing, table};
use crate::config::Config;

/// Show the state of the running server
///
/// The directory that --data-dir names must be there: no server has another. Exit code 2 if there is an override that is not taken. With --json: what the server's /status says, as it is.
#[derive(Debug, Args)]
pub(super) struct Command {}

impl Command {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let config = context.config()?;
        context.named_data_dir()?;
        let running = running::required(&config)?;
        if context.json {
            output::json(out, &running.raw)?;
        } else {
            let erasures = erasures_line(&config).map(|erasures| pair("erasures", erasures));
            print(out, &running.status, erasures, routing::hold_row(&config)?)?;
        }
        Ok(routing::tell_override(running.status.override_error.as_deref()))
    }
}

/// A row of the table, if there is anything to tell.
type Row = Option<Vec<String>>;

fn print(out: &mut dyn Write, status: &Status, erasures: Row, hold: Row) -> anyhow::Result<()> {
    let config = &status.config;
    let mut rows = vec![
        pair("version", &status.version),
        pair("started", status.started_at),
        pair("configuration", format_args!("{} (generation {})", config.hash, config.generation)),
        pair("in flight", status.requests_in_flight),
        pair("event log", log_line(&status.event_log)),
    ];
    if let Some(error) = &config.reload_error {
        rows.push(pair("not taken over", error));
    }
    if !config.needs_restart.is_empty() {
        rows.push(pair("after a restart", config.needs_restart.join(", ")));
    }
    if status.memory_replaced > 0 {
        let told = "times its file was removed, renamed or replaced under the server; the one of that name is gone on in";
        rows.push(pair("memory", format_args!("{} {told}", status.memory_replaced)));
    }
    rows.extend(erasures);
    rows.extend(routing::split_rows(&status.split));
    rows.extend(hold);
    rows.extend(routing::profile_rows(status));
    table::print(out, &rows)?;
    writeln!(out)?;
    models::print(out, &status.endpoints)
}

/// The erasures that are decided and not whole, if there are any.
fn erasures_line(config: &Config) -> Option<String> {
    let open = DataDir::read(&config.server.data_dir).and_then(|dir| unfinished(&dir));
    match open {
        Ok(open) if open.is_empty() => None,
        Ok(open) => Some(open.iter().map(erasure).collect::<Vec<_>>().join("; ")),
        Err(error) => Some(format!("nobody knows which are open: {error}")),
    }
}

/// One that is not whole, and what is in its way.
pub(super) fn erasure(one: &Unfinished) -> String {
    let Unfinished { id, state, why, next_try, .. } = one;
    let then = match next_try {
        Some(at) => format!("; tried again at {at}"),
        None => String::new(),
    };
    format!("{id} is {}: {why}{then}", state.name())
}

/// A name and its value.
pub(super) fn pair(name: &str, value: impl std::fmt::Display) -> Vec<String> {
    vec![name.to_owned(), value.to_string()]
}

fn log_line(log: &EventLog) -> String {
    let counts = format!("{} written, {} waiting, {} lost", log.written, log.queue_depth, log.lost);
    let why = [
        (log.taken, "taken out of the log by somebody else"),
        (log.quarantined_lines, "put aside at the start, as they hold no event"),
    ];
    let why = why.iter().filter(|(n, _)| *n > 0).map(|(n, why)| format!("; {n} {why}"));
    let counts = counts + &why.collect::<String>();
    match &log.last_error {
        Some(error) if log.failing => format!("{counts}; failing: {error}"),
        Some(_) | None => counts,
    }
}
