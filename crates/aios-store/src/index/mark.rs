//! Tells the index from a copy of it that somebody has put in its place.
//!
//! Whoever copies a backup over the file while it is open changes pages under SQLite, which does not look: what was erased since would be
//! back, and what is read a mixture. So the file's header holds a number that is drawn anew each time that the index is opened, and whenever
//! something was forgotten. A copy from before has another one. It is read from the file itself, since SQLite answers from its cache.
//!
//! What SQLite folds of its journal into a file has our number, whoever's file it is. So it folds nothing of itself: we do,
//! when the journal is long, and look at the number just before.
//!
//! The file is opened once and stays open for longer than the database: a process that closes any handle to a file lets go of all its
//! locks on it (POSIX `fcntl`), those of SQLite included.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::{Connection, ErrorCode, ffi};

use super::database::failed;
use crate::{DataDir, StoreError, disk, regular};

/// Where SQLite keeps the application's number in a file, and in how many bytes (its file format, 1.3).
const AT: u64 = 68;

/// From this length on the journal is folded, as SQLite would do it: 1000 pages.
pub(super) const JOURNAL_MAX: u64 = 1000 * 4096;

/// The number of an open index.
#[derive(Debug)]
pub(super) struct Mark {
    file: Arc<File>,
    number: i32,
    /// What the file may still have, because the number is in the journal beside it and somebody reads that.
    before: Vec<i32>,
}

impl Mark {
    /// Draws a number for an index that was just opened.
    pub(super) fn of(dir: &DataDir, database: &Connection) -> Result<Self, StoreError> {
        let path = dir.index_path();
        let file = regular::open_for_good(&path).map_err(StoreError::io("open", &path))?;
        let number = in_file(&file).map_err(StoreError::io("read", &path))?;
        let mut mark = Self { file, number, before: Vec::new() };
        mark.renew(database).map_err(|error| failed(dir, "mark", error))?;
        Ok(mark)
    }

    /// Draws another and has the journal folded into the file, which overwrites what was deleted there as well.
    pub(super) fn renew(&mut self, database: &Connection) -> rusqlite::Result<()> {
        let mut bytes = [0; 4];
        if let Err(error) = getrandom::fill(&mut bytes) {
            tracing::warn!(%error, "nothing can be drawn at random; a copy of the index in its place may not be noticed");
        }
        self.before.push(std::mem::replace(&mut self.number, i32::from_be_bytes(bytes)));
        database.pragma_update(None, "application_id", self.number)?;
        let is_busy = |row: &rusqlite::Row<'_>| row.get::<_, i64>(0);
        if database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], is_busy)? == 0 {
            self.before.clear();
        }
        Ok(())
    }

    /// Folds the journal into the file if it has grown long. Call it behind each transaction.
    pub(super) fn fold_long(
        &mut self,
        dir: &DataDir,
        database: &Connection,
    ) -> rusqlite::Result<()> {
        if disk::len(&journal(dir)) < JOURNAL_MAX {
            return Ok(());
        }
        self.must_be_that_of(dir, database)?;
        fold(database);
        Ok(())
    }

    /// As [`renew`](Self::renew), but not of a file that somebody has put in the place of ours.
    pub(super) fn renew_ours(
        &mut self,
        dir: &DataDir,
        database: &Connection,
    ) -> rusqlite::Result<()> {
        self.must_be_that_of(dir, database)?;
        self.renew(database)
    }

    fn must_be_that_of(&mut self, dir: &DataDir, database: &Connection) -> rusqlite::Result<()> {
        if self.is_that_of(dir, database) { Ok(()) } else { Err(replaced()) }
    }

    /// Whether the file that has the name is the one that this is the mark of. That it cannot be read is no sign of another.
    pub(super) fn is_that_of(&mut self, dir: &DataDir, database: &Connection) -> bool {
        if !disk::is_named(&self.file, &dir.index_path()) {
            return false;
        }
        match in_file(&self.file) {
            // Before anything is folded: what is folded has our number.
            Ok(number) if number == self.number => self.before.clear(),
            Ok(number) if self.before.contains(&number) => fold(database),
            Ok(_) => return false,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return false,
            Err(error) => {
                tracing::warn!(%error, "the index's file cannot be looked at; it is tried again");
            }
        }
        true
    }
}

fn journal(dir: &DataDir) -> PathBuf {
    let mut name = dir.index_path().into_os_string();
    name.push("-wal");
    PathBuf::from(name)
}

fn replaced() -> rusqlite::Error {
    let failure =
        ffi::Error { code: ErrorCode::DatabaseCorrupt, extended_code: ffi::SQLITE_CORRUPT };
    let why = "somebody has replaced it or written over it while it was open";
    rusqlite::Error::SqliteFailure(failure, Some(why.to_owned()))
}

/// Brings as much of the journal into the file as can be without waiting for who reads it.
fn fold(database: &Connection) {
    if let Err(error) = database.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())) {
        tracing::debug!(%error, "the index's journal cannot be folded; it is tried again");
    }
}

fn in_file(file: &File) -> io::Result<i32> {
    let mut bytes = [0; 4];
    let n = regular::read_at(file, &mut bytes, AT)?;
    if n < bytes.len() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(i32::from_be_bytes(bytes))
}

// Nothing can be written over an open file where that is locked.
#[cfg(test)]
#[cfg(unix)]
mod tests;
