//! The database file, its tables and its connections.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aios_memory::Language;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _};

use crate::{DataDir, StoreError, disk, regular};

/// Version of the tables.
const VERSION: i64 = 2;

/// A scope is a conversation, a person, or what belongs to nobody. With it goes all that is its own.
/// Numbers are never given again, so that what refers to one cannot come to mean another.
const TABLES: &str = "
    CREATE TABLE meta (key TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
    CREATE TABLE scope (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, last_ts INTEGER NOT NULL);
    CREATE TABLE fragment (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        home INTEGER NOT NULL REFERENCES scope ON DELETE CASCADE,
        subject INTEGER REFERENCES scope ON DELETE CASCADE,
        name TEXT, session INTEGER NOT NULL, kind INTEGER NOT NULL, speaker TEXT, text TEXT NOT NULL,
        ts INTEGER NOT NULL, source TEXT NOT NULL, norm_hash BLOB NOT NULL, terms BLOB NOT NULL,
        n_words INTEGER NOT NULL, guard INTEGER NOT NULL, seen_count INTEGER NOT NULL DEFAULT 1,
        pinned INTEGER NOT NULL DEFAULT 0, archived_at INTEGER,
        superseded_by INTEGER REFERENCES fragment ON DELETE SET NULL, valid_from INTEGER, valid_to INTEGER,
        UNIQUE (home, name)
    );
    CREATE INDEX fragment_by_words ON fragment (home, norm_hash);
    CREATE INDEX fragment_by_subject ON fragment (subject);
    CREATE INDEX fragment_by_successor ON fragment (superseded_by);
    CREATE TABLE alias (
        home INTEGER NOT NULL REFERENCES scope ON DELETE CASCADE, name TEXT NOT NULL,
        fragment INTEGER NOT NULL REFERENCES fragment ON DELETE CASCADE, PRIMARY KEY (home, name)
    ) WITHOUT ROWID;
    CREATE INDEX alias_by_fragment ON alias (fragment);
    CREATE TABLE model (
        id INTEGER PRIMARY KEY, name TEXT NOT NULL, revision TEXT NOT NULL, digest TEXT NOT NULL,
        dim INTEGER NOT NULL, UNIQUE (name, revision, digest, dim)
    );
    CREATE TABLE vector (
        fragment INTEGER NOT NULL REFERENCES fragment ON DELETE CASCADE,
        model INTEGER NOT NULL REFERENCES model, q BLOB NOT NULL, scale REAL NOT NULL,
        PRIMARY KEY (fragment, model)
    ) WITHOUT ROWID;
    CREATE TABLE access (
        fragment INTEGER PRIMARY KEY REFERENCES fragment ON DELETE CASCADE,
        n_injected INTEGER NOT NULL DEFAULT 0, n_confirmed INTEGER NOT NULL DEFAULT 0, confirmed_at INTEGER
    );
    CREATE TABLE link (
        earlier INTEGER NOT NULL REFERENCES fragment ON DELETE CASCADE,
        later INTEGER NOT NULL REFERENCES fragment ON DELETE CASCADE,
        kind TEXT NOT NULL, likeness REAL NOT NULL, PRIMARY KEY (earlier, later)
    ) WITHOUT ROWID;
    CREATE INDEX link_by_later ON link (later);
";

/// What version 1 had not.
const FROM_1: &str = "
    ALTER TABLE fragment ADD COLUMN valid_from INTEGER; ALTER TABLE fragment ADD COLUMN valid_to INTEGER;
";

/// A turn that was acknowledged survives a loss of power, and what is deleted is overwritten.
const SETTINGS: &str = "
    PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;
    PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -32768;
";

/// Longest wait for somebody else.
pub(super) const BUSY_MAX: Duration = Duration::from_secs(5);

/// Connections for reading that are kept.
const KEPT_MAX: usize = 8;

/// The key of the language in `meta`.
const LANGUAGE: &str = "language";

/// Opens the database for writing, and makes it if it is not there.
pub(super) fn open(dir: &DataDir) -> Result<Connection, StoreError> {
    dir.must_own("open the memory for writing")?;
    let path = dir.memory_path();
    for file in regular::database_files(&path) {
        regular::must_not_be_barred(&file).map_err(StoreError::io("open", &file))?;
    }
    if !path.exists() {
        disk::create_dir(path.parent().unwrap_or(dir.path()))?;
        // Made here, so that it is the owner's alone from the start; SQLite's other files take after it.
        disk::create_anew(&path).map_err(StoreError::io("make", &path))?;
    }
    try_open(&path).map_err(|error| failed(dir, "open", error)).and_then(|(database, version)| {
        match version {
            VERSION => Ok(database),
            other => {
                let why = format!("its tables are of version {other}, and this is {VERSION}");
                Err(StoreError::corrupt(&path, why))
            }
        }
    })
}

fn try_open(path: &PathBuf) -> rusqlite::Result<(Connection, i64)> {
    let mut database = Connection::open(path)?;
    database.busy_timeout(BUSY_MAX)?;
    database.execute_batch(SETTINGS)?;
    database.set_prepared_statement_cache_capacity(64);
    let version = database.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let make = match version {
        0 => TABLES,
        1 => FROM_1,
        _ => return Ok((database, version)),
    };
    let making = database.transaction()?;
    making.execute_batch(make)?;
    making.pragma_update(None, "user_version", VERSION)?;
    making.commit()?;
    Ok((database, VERSION))
}

/// Connections for reading.
#[derive(Debug)]
pub(super) struct Pool {
    path: PathBuf,
    free: Mutex<Free>,
}

/// Connections that nobody reads with.
#[derive(Debug, Default)]
struct Free {
    /// Goes up when the file has become another; a connection to the one before is not kept.
    generation: u64,
    kept: Vec<Connection>,
}

impl Pool {
    pub(super) fn new(dir: &DataDir) -> Self {
        Self { path: dir.memory_path(), free: Mutex::default() }
    }

    /// Reads with a connection of its own.
    pub(super) fn with<T>(
        &self,
        operation: &'static str,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let work = || {
            let (generation, kept) = {
                let mut free = self.free();
                (free.generation, free.kept.pop())
            };
            let database = kept.map_or_else(|| self.connect(), Ok)?;
            let read = read(&database)?;
            let mut free = self.free();
            if free.generation == generation && free.kept.len() < KEPT_MAX {
                free.kept.push(database);
            }
            Ok(read)
        };
        work().map_err(|source: rusqlite::Error| StoreError::memory(operation, &self.path, source))
    }

    /// Lets go of every connection: the file is another one.
    pub(super) fn forget(&self) {
        let mut free = self.free();
        free.generation += 1;
        free.kept.clear();
    }

    fn free(&self) -> MutexGuard<'_, Free> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn connect(&self) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let database = Connection::open_with_flags(&self.path, flags)?;
        database.busy_timeout(BUSY_MAX)?;
        database.execute_batch("PRAGMA temp_store = MEMORY")?;
        Ok(database)
    }
}

/// The language whose words the stored terms are.
pub(super) fn language(database: &Connection) -> rusqlite::Result<Option<Language>> {
    let name: Option<String> = meta(database, LANGUAGE)?;
    Ok(name.and_then(|name| Language::of_name(&name)))
}

pub(super) fn set_language(database: &Connection, language: Language) -> rusqlite::Result<()> {
    set_meta(database, LANGUAGE, language.name())
}

pub(super) fn meta<T: rusqlite::types::FromSql>(
    database: &Connection,
    key: &str,
) -> rusqlite::Result<Option<T>> {
    database.query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get(0)).optional()
}

pub(super) fn set_meta(
    database: &Connection,
    key: &str,
    value: impl rusqlite::ToSql,
) -> rusqlite::Result<()> {
    let sql = "INSERT INTO meta VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2";
    database.execute(sql, rusqlite::params![key, value]).map(drop)
}

pub(super) fn failed(
    dir: &DataDir,
    operation: &'static str,
    source: impl std::error::Error + Send + Sync + 'static,
) -> StoreError {
    StoreError::memory(operation, &dir.memory_path(), source)
}
