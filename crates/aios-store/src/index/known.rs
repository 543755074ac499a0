//! What the index knows of each segment: how far it was read, and which digest it had.

use std::collections::BTreeMap;

use aios_core::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};

use super::cells;
use super::inserts::Taken;
use super::tail::Tail;
use super::unread::Runs;
use crate::{Footer, SegmentId, SegmentInfo};

/// What is known of a segment.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    pub(super) seg: i64,
    /// How far its text was read.
    pub(super) position: u64,
    /// Its digest, once all of it was read.
    pub(super) sha256: Option<String>,
    pub(super) first: Option<Timestamp>,
    pub(super) last: Option<Timestamp>,
    /// The last line that was read.
    pub(super) tail: Option<Tail>,
}

impl Known {
    /// Takes in what a line came to that begins at `offset`; how many events that is.
    pub(super) fn take(&mut self, taken: Taken, offset: u64, runs: &mut Runs) -> u64 {
        match taken {
            Taken::Event(ts) => {
                self.first = Some(self.first.map_or(ts, |first| first.min(ts)));
                self.last = Some(self.last.map_or(ts, |last| last.max(ts)));
                runs.event(ts);
                return 1;
            }
            Taken::Unread => runs.unread(offset),
            Taken::Aside => {}
        }
        0
    }

    /// Whether a sealed segment is not the one that was read: it was rewritten, or cut since.
    pub(super) fn differs_from(&self, info: &SegmentInfo) -> bool {
        let Some(footer) = &info.footer else { return false };
        match &self.sha256 {
            Some(sha256) => *sha256 != footer.sha256,
            None => self.position > footer.bytes,
        }
    }
}

/// All of them.
pub(super) fn all(database: &Connection) -> rusqlite::Result<BTreeMap<SegmentId, Known>> {
    let mut statement = database.prepare_cached(
        "SELECT seg, position, sha256, first_ts, last_ts, tail_at, tail, id FROM segments",
    )?;
    let rows = statement.query_map([], |row| Ok((row.get::<_, String>(7)?, read(row)?)))?;
    let mut known = BTreeMap::new();
    for row in rows {
        let (id, segment) = row?;
        known.extend(SegmentId::parse(&id).map(|id| (id, segment)));
    }
    Ok(known)
}

/// One of them.
pub(super) fn of(database: &Connection, id: SegmentId) -> rusqlite::Result<Option<Known>> {
    let mut statement = database.prepare_cached(
        "SELECT seg, position, sha256, first_ts, last_ts, tail_at, tail FROM segments WHERE id = ?1",
    )?;
    statement.query_row([id.to_string()], read).optional()
}

fn read(row: &Row<'_>) -> rusqlite::Result<Known> {
    let time = |at: Option<i64>| at.map(Timestamp::from_micros);
    let number = |n: i64| u64::try_from(n).unwrap_or(0);
    let (tail_at, tail): (Option<i64>, Option<String>) = (row.get(5)?, row.get(6)?);
    Ok(Known {
        seg: row.get(0)?,
        position: number(row.get(1)?),
        sha256: row.get(2)?,
        first: time(row.get(3)?),
        last: time(row.get(4)?),
        tail: tail_at.zip(tail).map(|(at, sha256)| Tail { at: number(at), sha256 }),
    })
}

/// A sealed segment that is not read to its end, and from where on. One without a footer is just being sealed, or its
/// end is damaged: it is read like one that takes events.
pub(super) fn to_read<'a>(
    info: &'a SegmentInfo,
    known: &BTreeMap<SegmentId, Known>,
) -> Option<(&'a SegmentInfo, Option<&'a Footer>, Known)> {
    let from = known.get(&info.id).cloned().unwrap_or_default();
    from.sha256.is_none().then_some((info, info.footer.as_ref(), from))
}

/// Forgets what came from one.
pub(super) fn forget(database: &mut Connection, old: &Known) -> rusqlite::Result<()> {
    let changes = database.transaction()?;
    if let (Some(first), Some(last)) = (old.first, old.last) {
        cells::forget(&changes, old.seg, (first, last))?;
    }
    changes.execute("DELETE FROM packs WHERE seg = ?1", [old.seg])?;
    changes.execute("DELETE FROM findings WHERE seg = ?1", [old.seg])?;
    changes.execute("DELETE FROM said WHERE seg = ?1", [old.seg])?;
    changes.execute("DELETE FROM names WHERE seg = ?1", [old.seg])?;
    changes.execute("DELETE FROM unread WHERE seg = ?1", [old.seg])?;
    changes.execute("DELETE FROM segments WHERE seg = ?1", [old.seg])?;
    changes.commit()
}

/// The number of a segment, given to it if it has none.
pub(super) fn number(changes: &Transaction<'_>, id: SegmentId) -> rusqlite::Result<i64> {
    let name = id.to_string();
    let find = "SELECT seg FROM segments WHERE id = ?1";
    if let Some(seg) =
        changes.prepare_cached(find)?.query_row([&name], |row| row.get(0)).optional()?
    {
        return Ok(seg);
    }
    changes.execute(
        "INSERT INTO segments (id, position, n_events, n_rows) VALUES (?1, 0, 0, 0)",
        [&name],
    )?;
    Ok(changes.last_insert_rowid())
}

/// How far one was read, and how many events that were.
pub(super) fn progress(changes: &Transaction<'_>, seg: i64) -> rusqlite::Result<(u64, u64)> {
    let select = "SELECT position, n_events FROM segments WHERE seg = ?1";
    let number = |n: i64| u64::try_from(n).unwrap_or(0);
    changes.query_row(select, [seg], |row| Ok((number(row.get(0)?), number(row.get(1)?))))
}

/// Remembers how far it was read.
pub(super) fn note(changes: &Transaction<'_>, at: &Known, n_read: u64) -> rusqlite::Result<()> {
    let count = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let mut note = changes.prepare_cached(
        "UPDATE segments SET position = ?2, sha256 = ?3, n_events = n_events + ?4, first_ts = ?5,
         last_ts = ?6, tail_at = ?7, tail = ?8 WHERE seg = ?1",
    )?;
    let noted = note.execute(params![
        at.seg,
        count(at.position),
        at.sha256,
        count(n_read),
        at.first.map(Timestamp::as_micros),
        at.last.map(Timestamp::as_micros),
        at.tail.as_ref().map(|tail| count(tail.at)),
        at.tail.as_ref().map(|tail| &tail.sha256),
    ]);
    noted.map(drop)
}
