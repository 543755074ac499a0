//! Goes on in the file that has the database's name, when that is another than the one that is open.
//!
//! Somebody has removed or renamed the file, or put another in its place, as from a backup. SQLite would go on in the one that has no
//! name any more: what is remembered would be lost, and what is erased would stay in the one that has it. So the thread that
//! writes asks before each job; who erases or looks whether something was put back has it ask.
//!
//! Beside a database lies its write-ahead log, which SQLite takes for that of whatever file has the name. So the old one is emptied
//! into the file that it belongs to, and let go of, before the other is opened.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::Connection;

use super::MemoryStore;
use super::database::{self, failed};
use super::rebuild;
use super::writer::Tools;
use crate::{DataDir, StoreError, disk};

/// The open database, and which file that is.
pub(super) struct Home {
    pub(super) database: Connection,
    file: Option<(u64, u64)>,
}

impl Home {
    pub(super) fn of(dir: &DataDir, database: Connection) -> Self {
        Self { database, file: disk::identity(&dir.memory_path()) }
    }

    /// The database that has the name now.
    pub(super) fn follow(&mut self, tools: &Tools) -> Result<&mut Connection, StoreError> {
        let path = tools.dir.memory_path();
        if self.file.is_none() || disk::identity(&path) != self.file {
            self.move_to(&path, tools)?;
        }
        Ok(&mut self.database)
    }

    fn move_to(&mut self, path: &Path, tools: &Tools) -> Result<(), StoreError> {
        // Once for each time that it was replaced, however often moving is tried.
        if self.file.take().is_some() {
            tools.dir.count_memory_replaced();
            tracing::error!(
                path = %path.display(),
                "the memory's file was removed, renamed or replaced while it was open; the file of that name is gone on in"
            );
        }
        tools.pool.forget();
        self.let_go(&tools.dir)?;
        let mut database = database::open(&tools.dir)?;
        let analyzer = rebuild::analyzer_in_force(&tools.dir, &mut database)?;
        tools.set_analyzer(Arc::new(analyzer));
        *self = Self::of(&tools.dir, database);
        // Also what was read while it was opened.
        tools.pool.forget();
        tools.forget_scopes();
        Ok(())
    }

    /// Empties the log into the file that it is of, closes that, and removes what is left beside the name.
    fn let_go(&mut self, dir: &DataDir) -> Result<(), StoreError> {
        let checkpoint = |row: &rusqlite::Row<'_>| row.get::<_, i64>(0);
        let is_busy = self
            .database
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], checkpoint)
            .map_err(|error| failed(dir, "let go of a replaced file of", error))?;
        if is_busy > 0 {
            let why = std::io::Error::other("somebody still reads it; it is tried again");
            return Err(failed(dir, "let go of a replaced file of", why));
        }
        let none = Connection::open_in_memory();
        self.database = none.map_err(|error| failed(dir, "let go of a replaced file of", error))?;
        let beside = |end: &str| PathBuf::from(format!("{}{end}", dir.memory_path().display()));
        // A log with something in it came with the other file.
        let log = beside("-wal");
        if std::fs::metadata(&log).is_ok_and(|log| log.len() == 0) {
            disk::remove(&log)?;
            disk::remove(&beside("-shm"))?;
        }
        Ok(())
    }
}

impl MemoryStore {
    /// Has the memory of a directory, if it is open, go on in the file that has its name now.
    ///
    /// # Errors
    /// When that file cannot be used.
    pub(crate) fn follow_in(dir: &DataDir) -> Result<(), StoreError> {
        // A process that does not own the directory has no memory open for writing.
        let open = dir.open_memory().ok().and_then(|open| open.upgrade());
        match open {
            Some(shared) => Self(shared).writer("look for")?.alone(|_, _| Ok(())),
            None => Ok(()),
        }
    }
}
