//! The database file and its tables.

use std::time::Duration;

use aios_privacy::Pseudonym;
use rusqlite::backup::Backup;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::replace::remove as remove_file;
use crate::{DataDir, StoreError, disk, regular};

/// Version of the tables and of the codes in them. Another one is another file.
const VERSION: i64 = 9;

/// Events in packs, what was said of them by the time of the event that it is about, which segment names whom, counts
/// by the minute, the hour and the day, what hypotheses were found to be, where lines stand that cannot be read, what is
/// missing that was written, and how far it is behind. All but the packs lie in the order in which they are asked for, so none needs an index of its own.
/// Only what was said lies anywhere before its segment's time, and would have to be searched for whole.
pub(super) const TABLES: &str = "
    CREATE TABLE segments (
        seg INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, position INTEGER NOT NULL, sha256 TEXT,
        n_events INTEGER NOT NULL, n_rows INTEGER NOT NULL, first_ts INTEGER, last_ts INTEGER,
        tail_at INTEGER, tail TEXT
    );
    CREATE TABLE packs (
        pack INTEGER PRIMARY KEY, seg INTEGER NOT NULL, first_ts INTEGER NOT NULL,
        last_ts INTEGER NOT NULL, rows BLOB NOT NULL
    );
    CREATE INDEX packs_in ON packs (seg);
    CREATE INDEX packs_from ON packs (first_ts, last_ts);
    CREATE INDEX packs_to ON packs (last_ts, first_ts);
    CREATE TABLE said (
        about_ms INTEGER NOT NULL, about BLOB NOT NULL, ts INTEGER NOT NULL, seg INTEGER NOT NULL,
        voice INTEGER NOT NULL, score REAL NOT NULL, offset INTEGER NOT NULL,
        PRIMARY KEY (about_ms, about, voice, ts, seg, offset)
    ) WITHOUT ROWID;
    CREATE INDEX said_in ON said (seg);
    CREATE TABLE names (seg INTEGER NOT NULL, name BLOB NOT NULL, PRIMARY KEY (seg, name)) WITHOUT ROWID;
    CREATE TABLE cells (
        span INTEGER NOT NULL, start INTEGER NOT NULL, seg INTEGER NOT NULL, source INTEGER NOT NULL,
        bucket INTEGER NOT NULL, counts BLOB NOT NULL, PRIMARY KEY (span, start, seg, source, bucket)
    ) WITHOUT ROWID;
    CREATE TABLE masked (
        hour INTEGER NOT NULL, seg INTEGER NOT NULL, kind TEXT NOT NULL, n INTEGER NOT NULL,
        PRIMARY KEY (hour, seg, kind)
    ) WITHOUT ROWID;
    CREATE TABLE findings (
        ts INTEGER NOT NULL, seg INTEGER NOT NULL, name TEXT NOT NULL, line TEXT NOT NULL,
        PRIMARY KEY (ts, seg, name)
    ) WITHOUT ROWID;
    CREATE TABLE unread (
        seg INTEGER NOT NULL, offset INTEGER NOT NULL, n_lines INTEGER NOT NULL, until INTEGER,
        PRIMARY KEY (seg, offset)
    ) WITHOUT ROWID;
    CREATE TABLE missing (
        file TEXT NOT NULL, n_events INTEGER NOT NULL, first_ts INTEGER, last_ts INTEGER, why TEXT NOT NULL
    );
    CREATE TABLE behind (n_bytes INTEGER NOT NULL);
    INSERT INTO behind VALUES (0);
";

/// What is deleted is overwritten, so that what was erased does not stay in free pages. Rows come in the
/// order in which they are kept, so a small cache is enough; a large one would be half of what a small server
/// holds. When the journal is folded says [`Mark`](super::mark::Mark), which asks how long it is: so it is cut when it begins anew.
const SETTINGS: &str = "
    PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA secure_delete = ON;
    PRAGMA temp_store = MEMORY; PRAGMA cache_size = -2048;
    PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = 0;
";

/// How values stand in the tables.
pub(super) struct Code;

impl Code {
    /// A pseudonym in few bytes: its kind, its version, its digits.
    pub(super) fn name(text: &str) -> Vec<u8> {
        let mut code = Vec::with_capacity(text.len());
        Self::put_name(text, &mut code);
        code
    }

    /// The same behind what is in `code` already.
    pub(super) fn put_name(text: &str, code: &mut Vec<u8>) {
        let (head, digits) = text.split_once('_').unwrap_or(("", text));
        code.extend_from_slice(head.as_bytes());
        code.push(b'_');
        let (pairs, _) = digits.as_bytes().as_chunks::<2>();
        let digit = |digit: u8| char::from(digit).to_digit(16).unwrap_or(0) as u8;
        code.extend(pairs.iter().map(|[high, low]| digit(*high) << 4 | digit(*low)));
    }

    /// The pseudonym of a code.
    pub(super) fn pseudonym(code: &[u8]) -> Option<Pseudonym> {
        let at = code.iter().position(|byte| *byte == b'_')?;
        let (head, digits) = code.split_at(at);
        let head = std::str::from_utf8(head).ok()?;
        Pseudonym::parse(&format!("{head}_{}", crate::segment::footer::hex(digits.get(1..)?))).ok()
    }

    /// A value of an enum by its place in the list of all.
    pub(super) fn place<T: PartialEq>(all: &[T], value: &T) -> i64 {
        all.iter().position(|it| it == value).and_then(|at| i64::try_from(at).ok()).unwrap_or(-1)
    }

    /// The same in a byte, which is enough for what packs hold.
    pub(super) fn byte<T: PartialEq>(all: &[T], value: &T) -> u8 {
        u8::try_from(Self::place(all, value)).unwrap_or(u8::MAX)
    }

    /// The value at a place.
    pub(super) fn at<T: Copy>(all: &[T], place: i64) -> Option<T> {
        usize::try_from(place).ok().and_then(|at| all.get(at)).copied()
    }
}

/// Opens the database for writing; one that cannot be used is made anew.
pub(super) fn open(dir: &DataDir) -> Result<Connection, StoreError> {
    dir.own_index()?;
    let files = regular::database_files(&dir.index_path());
    if let Some(path) = files.iter().find(|path| regular::is_barred(path)) {
        tracing::warn!(path = %path.display(), "a file of the index is no regular one; it is made anew from the log");
        remove(dir)?;
    }
    match try_open(dir) {
        Ok(Some(database)) => return Ok(database),
        Ok(None) => tracing::info!("the index is of another version; it is made anew from the log"),
        Err(error) if is_damage(&error) => {
            tracing::warn!(%error, "the index is damaged; it is made anew from the log");
        }
        Err(error) => return Err(failed(dir, "open", error)),
    }
    remove(dir)?;
    let opened = try_open(dir).map_err(|error| failed(dir, "make", error))?;
    opened.ok_or_else(|| StoreError::corrupt(&dir.index_path(), "it cannot be made anew"))
}

/// A copy in memory of what is there, to be brought up without the right to write. Where nothing is
/// there that can be used, it is empty.
pub(super) fn copy(dir: &DataDir) -> Result<Connection, StoreError> {
    let copied = try_copy(dir, read(dir)?.as_ref());
    copied.map_err(|error| failed(dir, "copy", error))
}

fn try_copy(dir: &DataDir, from: Option<&Connection>) -> rusqlite::Result<Connection> {
    let mut copy = Connection::open_in_memory()?;
    if let Some(from) = from {
        Backup::new(from, &mut copy)?.run_to_completion(i32::MAX, Duration::ZERO, None)?;
        return Ok(copy);
    }
    tracing::debug!(dir = %dir.path().display(), "there is no index; the log is read");
    copy.execute_batch(TABLES)?;
    Ok(copy)
}

/// Opens the database for reading; `None` if there is none that can be used.
pub(super) fn read(dir: &DataDir) -> Result<Option<Connection>, StoreError> {
    let path = dir.index_path();
    if !regular::is_file(&path) {
        return Ok(None);
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let opened = Connection::open_with_flags(&path, flags).and_then(|database| {
        database.busy_timeout(BUSY_MAX)?;
        Ok((version(&database)? == VERSION).then_some(database))
    });
    match opened {
        Ok(database) => Ok(database),
        Err(error) if is_damage(&error) => Ok(None),
        Err(error) => Err(failed(dir, "open", error)),
    }
}

/// Statements that are kept prepared: all that a turn of catching up uses, and some of the readers'.
const STATEMENTS_KEPT: usize = 48;

/// Longest wait for another process's write.
const BUSY_MAX: Duration = Duration::from_secs(5);

/// Removes the database and what it keeps beside itself.
pub(super) fn remove(dir: &DataDir) -> Result<(), StoreError> {
    for path in regular::database_files(&dir.index_path()) {
        remove_file(&path, "index.before_remove", "index.removed")?;
    }
    Ok(())
}

pub(super) fn failed(
    dir: &DataDir,
    operation: &'static str,
    source: rusqlite::Error,
) -> StoreError {
    StoreError::Index { operation, path: dir.index_path(), source: Box::new(source) }
}

/// Whether the file is not what it should be, so that only a new one helps.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    match error {
        rusqlite::Error::SqliteFailure(failure, _) => {
            matches!(failure.code, ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
        }
        // A table or a column that is not there.
        rusqlite::Error::SqlInputError { .. } | rusqlite::Error::InvalidColumnType(..) => true,
        _ => false,
    }
}

/// `None` if it is of another version.
fn try_open(dir: &DataDir) -> rusqlite::Result<Option<Connection>> {
    let path = dir.index_path();
    // Made here, so that it is the owner's alone from the start; SQLite's other files take after it.
    if !path.exists()
        && let Err(error) = disk::create_anew(&path)
    {
        tracing::debug!(%error, "the index could not be made beforehand");
    }
    let mut database = Connection::open(&path)?;
    database.busy_timeout(BUSY_MAX)?;
    database.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    database.execute_batch(SETTINGS)?;
    match version(&database)? {
        VERSION => return Ok(Some(database)),
        0 => {}
        _ => return Ok(None),
    }
    let making = database.transaction()?;
    making.execute_batch(TABLES)?;
    making.pragma_update(None, "user_version", VERSION)?;
    making.commit()?;
    Ok(Some(database))
}

fn version(database: &Connection) -> rusqlite::Result<i64> {
    database.pragma_query_value(None, "user_version", |row| row.get(0))
}
