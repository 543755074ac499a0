//! What commands look at: the log, with or without a running server, and a golden report.

use std::path::Path;

use aios_control::slo::check::Goldens;
use aios_core::{Timestamp, Unread};
use aios_server::judging::{Objectives, goldens};
use aios_store::{DataDir, Index};
use anyhow::Context as _;

use crate::cli::golden::files::named_text;
use crate::cli::output::{Exit, Failure, say};
use crate::cli::routing::open;

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

/// The figures of the report in `file`, else of the last one in the data directory. The last one may say nothing, which is
/// told: then live traffic may speak. One that was named is what somebody wants to know of, and must say something.
pub(in crate::cli) fn report(
    file: Option<&Path>,
    data_dir: &Path,
    objectives: &Objectives,
    now: Timestamp,
) -> anyhow::Result<Option<Goldens>> {
    let (name, text) = match file {
        Some(file) => (file.display().to_string(), Some(named_text(file)?)),
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
    let unusable = || {
        let hint = "name a report of `aios golden compare` or a baseline of `aios golden record` with --report";
        Failure::new(format!("cannot use the golden report {name}"), hint)
    };
    let read =
        goldens(&text, objectives, data_dir, now).map_err(|error| unusable().because(error))?;
    if file.is_some() {
        // Alone it would be taken for all that is known of live traffic, too.
        DataDir::read(data_dir)?;
    }
    match read {
        Ok(goldens) => Ok(Some(goldens)),
        Err(why) if file.is_some() => Err(unusable().because(why).into()),
        Err(why) => {
            say(format_args!("the golden report {name} says nothing: {why}"));
            Ok(None)
        }
    }
}
