//! What commands look at: the log, with or without a running server, and a golden report.

use std::path::Path;

use aios_control::slo::check::Goldens;
use aios_core::{Timestamp, Unread};
use aios_server::judging::{Objectives, goldens};
use aios_store::{DataDir, Index};
use anyhow::Context as _;

use crate::cli::output::{Exit, Failure, say};
use crate::cli::routing::open;

/// Most bytes of a report.
const REPORT_MAX: u64 = 16 * 1024 * 1024;

/// The index as of now; `None` where there is no data directory yet.
pub(in crate::cli) fn index(path: &Path) -> anyhow::Result<Option<Index>> {
    let dir = open(path)?;
    dir.map(|dir| Index::snapshot(&dir).context("cannot read the event log")).transpose()
}

/// What was not read may say anything, so nothing that rests on the rest is known to be good.
pub(in crate::cli) const fn exit_of(unread: &Unread) -> Exit {
    if unread.is_none() { Exit::Done } else { Exit::Violation }
}

/// Names the first line that could not be read, and how to see the others.
pub(in crate::cli) fn tell_unread(unread: &Unread) {
    if unread.is_none() {
        return;
    }
    let why = unread.first.as_ref().map_or("", |first| &first.why);
    say(format_args!("{unread}: {why}; `aios logs verify` names every one"));
}

/// The figures of the report in `file`, else of the last one in the data directory. What says nothing is
/// told.
pub(in crate::cli) fn report(
    file: Option<&Path>,
    data_dir: &Path,
    objectives: &Objectives,
    now: Timestamp,
) -> anyhow::Result<Option<Goldens>> {
    let (name, text) = match file {
        Some(file) => (file.display().to_string(), Some(read(file)?)),
        None => {
            let dir = open(data_dir)?;
            let text = dir.as_ref().map(DataDir::read_golden_report).transpose()?.flatten();
            ("goldens/last_report.json".to_owned(), text)
        }
    };
    let Some(text) = text else {
        say(
            "there is no golden report: make one with `aios golden compare`, or name one with --report",
        );
        return Ok(None);
    };
    let read = goldens(&text, objectives, now).map_err(|error| {
        let hint = "name a report of `aios golden compare` or a baseline of `aios golden record` with --report";
        Failure::new(format!("cannot use the golden report {name}"), hint).because(error)
    })?;
    Ok(match read {
        Ok(goldens) => Some(goldens),
        Err(why) => {
            say(format_args!("the golden report {name} says nothing: {why}"));
            None
        }
    })
}

fn read(file: &Path) -> anyhow::Result<String> {
    let failed = || {
        Failure::new(
            format!("cannot read the report {}", file.display()),
            "name an existing file with --report",
        )
    };
    let length = std::fs::metadata(file).map_err(|error| failed().because(error))?.len();
    if length > REPORT_MAX {
        return Err(failed().because(format!("it is larger than {REPORT_MAX} bytes")).into());
    }
    Ok(std::fs::read_to_string(file).map_err(|error| failed().because(error))?)
}
