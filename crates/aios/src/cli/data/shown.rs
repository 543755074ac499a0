//! How what was found is shown.

use std::io::Write;

use aios_store::{Census, Left, Stays, StoreCount};

use crate::cli::output::{Exit, say};
use crate::cli::table;

/// The first line of every answer about somebody.
pub(super) fn events(out: &mut dyn Write, n: u64) -> anyhow::Result<()> {
    Ok(writeln!(out, "Events found: {n}")?)
}

/// What each store holds.
pub(super) fn stores(out: &mut dyn Write, stores: &[StoreCount]) -> anyhow::Result<()> {
    let head = ["store", "records", "bytes", "mentions", "files read", "bytes read"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for count in stores {
        let records = count.n_records + count.n_files_naming;
        let cells = [records, count.n_bytes_held, count.n_mentions, count.n_files, count.n_bytes];
        let cells = cells.iter().map(u64::to_string);
        rows.push(std::iter::once(count.store.to_owned()).chain(cells).collect());
    }
    table::print(out, &rows)
}

/// What an operator should know of it besides the numbers.
pub(super) fn remarks(census: &Census) {
    stays(&census.stays());
    others(census);
    left(&census.unknown);
    left(&census.names);
    left(&census.unreadable);
}

/// What an erasure leaves on purpose, in the words of its receipt.
pub(super) fn stays(all: &[Stays]) {
    for Stays { store, n, why } in all {
        say(format_args!("left by rule: {n} in {store}: {why}"));
    }
}

/// Whom it is about besides, and who keeps it.
pub(super) fn others(census: &Census) {
    if census.n_others > 0 {
        say(format_args!(
            "{} other conversations or subjects stand on the same lines",
            census.n_others
        ));
    }
    for hold in &census.held_by {
        say(format_args!(
            "held by {} of {} until {}: {}",
            hold.id, hold.owner, hold.expires_at, hold.reason
        ));
    }
}

/// Files that need a person.
pub(super) fn left(files: &[Left]) {
    for file in files {
        say(format_args!("{}: {}", file.file.display(), file.why));
    }
}

/// Whether everything could be read.
pub(super) fn exit(census: &Census) -> Exit {
    if census.is_complete() { Exit::Done } else { Exit::Incomplete }
}
