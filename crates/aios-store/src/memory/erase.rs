//! Takes what is somebody's out of the memory, down to the bytes.

use std::collections::BTreeSet;

use aios_core::Timestamp;
use aios_privacy::Pseudonym;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::MemoryStore;
use super::database::failed;
use crate::erase::cut_questions;
use crate::{DataDir, StoreError, fail};

/// Rows of somebody.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Rows {
    pub(crate) n: u64,
    pub(crate) n_bytes: u64,
    /// Those that were said up to the time that was asked for.
    pub(crate) n_then: u64,
    pub(crate) n_bytes_then: u64,
}

impl MemoryStore {
    /// Refuses what is theirs from now on. A memory that is opened later reads the ledger.
    pub(crate) fn fence_in(dir: &DataDir, whose: &[Pseudonym]) -> Result<(), StoreError> {
        if let Some(shared) = dir.open_memory()?.upgrade() {
            shared.fence.add(whose);
        }
        Ok(())
    }

    /// Erases from a directory's memory, if it has one.
    ///
    /// # Errors
    /// As for [`MemoryStore::erase`].
    pub(crate) fn erase_from(dir: &DataDir, whose: &[Pseudonym]) -> Result<u64, StoreError> {
        // One that was removed while it was open is still read from until it is let go of.
        let is_open = dir.open_memory()?.upgrade().is_some();
        if !is_open && !dir.memory_path().exists() {
            return Ok(0);
        }
        Self::open(dir)?.erase(whose)
    }
}

/// Cuts the questions that ask for them, deletes rows, has what is kept ready forgotten, and empties the write-ahead log. SQLite overwrites what
/// is deleted, and the log is where older bytes of a page live on.
pub(super) fn erase(
    dir: &DataDir,
    database: &mut Connection,
    whose: &[Pseudonym],
    forget: impl Fn(),
) -> Result<u64, StoreError> {
    // First, as nobody knows whose an id was when its row is gone.
    let ids = || ids_of(database, whose).map_err(|error| failed(dir, "read", error));
    let n_asked = cut_questions(dir, ids)?;
    let n = delete(database, whose).map_err(|error| failed(dir, "erase from", error))?;
    forget();
    fail::point("memory.before_checkpoint");
    let checkpoint = |row: &rusqlite::Row<'_>| row.get::<_, i64>(0);
    let is_busy = database
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], checkpoint)
        .map_err(|error| failed(dir, "empty the log of", error))?;
    if is_busy != 0 {
        let why = std::io::Error::other("a reader has not ended; it is done again");
        return Err(failed(dir, "empty the log of", why));
    }
    fail::point("memory.checkpointed");
    Ok(n_asked + n)
}

/// What these people's fragments are called, and nobody else's is.
fn ids_of(database: &Connection, whose: &[Pseudonym]) -> rusqlite::Result<BTreeSet<String>> {
    let sql = "WITH whose AS (SELECT s.id FROM scope s JOIN json_each(?1) w ON w.value = s.name),
        theirs AS MATERIALIZED (SELECT id FROM fragment WHERE home IN whose OR subject IN whose),
        called AS (SELECT id, 'm' || id AS name FROM fragment
            UNION ALL SELECT id, name FROM fragment WHERE name IS NOT NULL
            UNION ALL SELECT fragment, name FROM alias)
        SELECT name FROM called WHERE id IN theirs EXCEPT SELECT name FROM called WHERE id NOT IN theirs";
    let whose: Vec<&str> = whose.iter().map(Pseudonym::as_str).collect();
    let whose = serde_json::to_string(&whose).unwrap_or_default();
    database.prepare(sql)?.query_map([whose], |row| row.get(0))?.collect()
}

fn delete(database: &mut Connection, whose: &[Pseudonym]) -> rusqlite::Result<u64> {
    let making = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut n = 0;
    for one in whose {
        let ids = "(SELECT id FROM scope WHERE name = ?1)";
        let sql = format!("DELETE FROM fragment WHERE home IN {ids} OR subject IN {ids}");
        n += making.execute(&sql, [one.as_str()])? as u64;
        making.execute("DELETE FROM scope WHERE name = ?1", [one.as_str()])?;
    }
    // Whom nothing is left of need not be known by name.
    making.execute(
        "DELETE FROM scope WHERE NOT EXISTS (SELECT 1 FROM fragment WHERE home = scope.id)
            AND NOT EXISTS (SELECT 1 FROM fragment WHERE subject = scope.id)",
        [],
    )?;
    fail::point("memory.before_erase");
    making.commit()?;
    fail::point("memory.erased");
    Ok(n)
}

/// Counts rows of somebody.
pub(crate) fn rows_of(
    dir: &DataDir,
    whose: &[Pseudonym],
    then: Timestamp,
) -> Result<Rows, StoreError> {
    let count = || {
        let database = connect(dir)?;
        let mut rows = Rows::default();
        let ids = "(SELECT id FROM scope WHERE name = ?1)";
        let sql = format!(
            "SELECT id, length(CAST(text AS BLOB)), ts FROM fragment WHERE home IN {ids} OR subject IN {ids}"
        );
        let mut ours = database.prepare(&sql)?;
        let mut seen = std::collections::BTreeSet::new();
        for one in whose {
            let mut all = ours.query([one.as_str()])?;
            while let Some(row) = all.next()? {
                if !seen.insert(row.get::<_, i64>(0)?) {
                    continue;
                }
                let n_bytes: u64 = row.get(1)?;
                rows.n += 1;
                rows.n_bytes += n_bytes;
                if row.get::<_, i64>(2)? <= then.as_micros() {
                    rows.n_then += 1;
                    rows.n_bytes_then += n_bytes;
                }
            }
        }
        Ok(rows)
    };
    count().map_err(|error: rusqlite::Error| failed(dir, "read", error))
}

/// Counts rows in whose texts something stands.
pub(crate) fn rows_with(dir: &DataDir, is_in: impl Fn(&[u8]) -> bool) -> Result<u64, StoreError> {
    let count = || {
        let database = connect(dir)?;
        let mut all = database.prepare("SELECT text, speaker, name FROM fragment")?;
        let mut all = all.query([])?;
        let mut n = 0;
        while let Some(row) = all.next()? {
            let mut is_found = false;
            for at in 0..3 {
                let text = row.get_ref(at)?.as_str_or_null()?;
                is_found |= text.is_some_and(|text| is_in(text.as_bytes()));
            }
            n += u64::from(is_found);
        }
        Ok(n)
    };
    count().map_err(|error: rusqlite::Error| failed(dir, "read", error))
}

fn connect(dir: &DataDir) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let database = Connection::open_with_flags(dir.memory_path(), flags)?;
    database.busy_timeout(super::database::BUSY_MAX)?;
    Ok(database)
}
