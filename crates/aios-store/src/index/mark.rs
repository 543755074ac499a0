//! Tells the index from a copy of it that somebody has put in its place.
//!
//! Whoever copies a backup over the file while it is open changes pages under SQLite, which does not look: what was erased since would be
//! back, and what is read a mixture. So the file's header holds a number that is drawn anew each time that the index is opened, and whenever
//! something was forgotten. A copy from before has another one. It is read from the file itself, since SQLite answers from its cache.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};

use rusqlite::Connection;

use crate::{DataDir, regular};

/// Where SQLite keeps the application's number in a file, and in how many bytes (its file format, 1.3).
const AT: u64 = 68;

/// The number of an open index.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    number: i32,
    /// Whether it is in the file, and not only in the journal beside it, because somebody reads that.
    is_in_file: bool,
}

impl Mark {
    /// Draws another and has the journal folded into the file, which overwrites what was deleted there as well.
    pub(super) fn renew(database: &Connection) -> rusqlite::Result<Self> {
        let mut bytes = [0; 4];
        if let Err(error) = getrandom::fill(&mut bytes) {
            tracing::warn!(%error, "nothing can be drawn at random; a copy of the index in its place may not be noticed");
        }
        let number = i32::from_be_bytes(bytes);
        database.pragma_update(None, "application_id", number)?;
        Ok(Self { number, is_in_file: fold(database)? })
    }

    /// Whether the file that has the name is the one that this is the mark of.
    pub(super) fn is_that_of(&mut self, dir: &DataDir, database: &Connection) -> bool {
        if !self.is_in_file {
            self.is_in_file = fold(database).unwrap_or(false);
        }
        !self.is_in_file || in_file(dir) == Some(self.number)
    }
}

/// Whether all of the journal is in the file now.
fn fold(database: &Connection) -> rusqlite::Result<bool> {
    let is_busy = |row: &rusqlite::Row<'_>| row.get::<_, i64>(0);
    Ok(database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], is_busy)? == 0)
}

fn in_file(dir: &DataDir) -> Option<i32> {
    let mut file: File = regular::open(&dir.index_path()).ok()?;
    let mut bytes = [0; 4];
    file.seek(SeekFrom::Start(AT)).and_then(|_| file.read_exact(&mut bytes)).ok()?;
    Some(i32::from_be_bytes(bytes))
}
