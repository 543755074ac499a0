//! Events that were written and are in the log no more, by the register of segments: kept with the index, so that whoever
//! judges a time need not look through the segments for it. They count as lines that cannot be read.

use std::ops::Range;

use aios_core::{Timestamp, Unread, UnreadAt};
use rusqlite::{Connection, params};

use super::Index;
use super::database::failed;
use super::unread::{LATE_MAX, shown};
use crate::register::{Shortfall, shortfalls};
use crate::{DataDir, SegmentInfo, StoreError};

const ALL: &str = "SELECT file, n_events, first_ts, last_ts, why FROM missing ORDER BY rowid";

const OF_TIME: &str = "SELECT file, n_events, first_ts, last_ts, why FROM missing
    WHERE (last_ts IS NULL OR last_ts >= ?1) AND (first_ts IS NULL OR first_ts < ?2) ORDER BY rowid";

/// A row of the table.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    file: String,
    n_events: i64,
    first: Option<i64>,
    last: Option<i64>,
    why: String,
}

/// Has readers know what is missing now; `sealed` was listed just before.
pub(super) fn keep(
    dir: &DataDir,
    database: &mut Connection,
    sealed: &[SegmentInfo],
) -> Result<(), StoreError> {
    let short = shortfalls(dir, sealed)?;
    let rows: Vec<_> = short.into_iter().map(|short| Row::of(dir, short)).collect();
    put(database, &rows).map_err(|error| failed(dir, "write", error))
}

/// Nothing is written while nothing changes.
fn put(database: &mut Connection, rows: &[Row]) -> rusqlite::Result<()> {
    if read(database, ALL, &[])? == rows {
        return Ok(());
    }
    let changes = database.transaction()?;
    changes.execute("DELETE FROM missing", [])?;
    for Row { file, n_events, first, last, why } in rows {
        let insert = "INSERT INTO missing VALUES (?1, ?2, ?3, ?4, ?5)";
        changes.execute(insert, params![file, n_events, first, last, why])?;
    }
    changes.commit()
}

fn read(database: &Connection, select: &str, times: &[i64]) -> rusqlite::Result<Vec<Row>> {
    let mut statement = database.prepare(select)?;
    let rows = statement.query_map(rusqlite::params_from_iter(times), |row| {
        Ok(Row {
            file: row.get(0)?,
            n_events: row.get(1)?,
            first: row.get(2)?,
            last: row.get(3)?,
            why: row.get(4)?,
        })
    })?;
    rows.collect()
}

impl Row {
    fn of(dir: &DataDir, short: Shortfall) -> Self {
        Self {
            file: shown(dir, &short.path),
            n_events: i64::try_from(short.n_events).unwrap_or(i64::MAX),
            first: short.first.map(Timestamp::as_micros),
            last: short.last.map(Timestamp::as_micros),
            why: short.why,
        }
    }
}

impl Index {
    pub(super) fn count_missing(
        &self,
        times: &Range<Timestamp>,
        unread: &mut Unread,
    ) -> Result<(), StoreError> {
        let (from, until) = (times.start.minus(LATE_MAX), times.end);
        let times = [from.as_micros(), until.as_micros()];
        let rows = read(&self.database, OF_TIME, &times);
        for row in rows.map_err(|error| failed(&self.dir, "read", error))? {
            unread.n_lines += u64::try_from(row.n_events).unwrap_or(0);
            unread.first.get_or_insert(UnreadAt { file: row.file, line: None, why: row.why });
        }
        Ok(())
    }
}
