//! Rows in packs: some dozens in a blob that fills a page of the database, so that putting one in and reading it costs
//! a small part of what a row of a table does.
//!
//! A pack is of one segment and of one hour. A request that is answered late stands behind others that came after
//! it, so packs overlap in time; whoever reads puts the rows in order again.

use std::ops::Range;

use aios_core::Timestamp;
use rusqlite::{CachedStatement, Connection, OptionalExtension as _, Transaction, params};

use super::entry::Entry;

/// With its other columns a pack is one page of 4,096 bytes and never two: what is looked for byte by byte, such as
/// somebody who was erased, is not broken by where a page ends.
const BYTES_MAX: usize = 4_000;

const HOUR: i64 = 3_600_000_000;

const LAST: &str =
    "SELECT pack, first_ts, last_ts, rows FROM packs WHERE seg = ?1 ORDER BY pack DESC LIMIT 1";

const ASCENDING: &str = "SELECT seg, first_ts, rows FROM packs
    WHERE first_ts >= ?1 AND first_ts < ?2 AND last_ts >= ?3 ORDER BY first_ts";

const DESCENDING: &str = "SELECT seg, last_ts, rows FROM packs
    WHERE last_ts >= ?1 AND last_ts <= ?2 AND first_ts <= ?3 ORDER BY last_ts DESC";

/// A row's place in the order of arrival: when, in which segment by its number, where in it.
pub(super) type Place = (i64, i64, i64);

/// Packs the rows of a segment.
pub(super) struct Packer<'a> {
    seg: i64,
    open: Pack,
    put: CachedStatement<'a>,
}

/// What is being packed.
#[derive(Debug, Default)]
struct Pack {
    /// Its number, if a part of it is in the table.
    number: Option<i64>,
    times: Option<(i64, i64)>,
    rows: Vec<u8>,
}

impl<'a> Packer<'a> {
    /// Goes on in the last pack of a segment.
    pub(super) fn of(changes: &'a Transaction<'_>, seg: i64) -> rusqlite::Result<Self> {
        let last = changes.prepare_cached(LAST)?.query_row([seg], |row| {
            let times = Some((row.get(1)?, row.get(2)?));
            Ok(Pack { number: Some(row.get(0)?), times, rows: row.get(3)? })
        });
        let put =
            changes.prepare_cached("INSERT OR REPLACE INTO packs VALUES (?1, ?2, ?3, ?4, ?5)")?;
        Ok(Self { seg, open: last.optional()?.unwrap_or_default(), put })
    }

    /// Takes one in.
    pub(super) fn take(&mut self, entry: &Entry<'_>) -> rusqlite::Result<()> {
        let of_hour = |ts: i64| ts.div_euclid(HOUR);
        if self.open.times.is_some_and(|(first, _)| of_hour(first) != of_hour(entry.ts)) {
            self.keep()?;
        }
        let before = self.open.rows.len();
        let mut rows = entry.pack(std::mem::take(&mut self.open.rows))?;
        if rows.len() > BYTES_MAX && before > 0 {
            let row = rows.split_off(before);
            self.open.rows = rows;
            self.keep()?;
            rows = row;
        }
        let (first, last) = self.open.times.unwrap_or((entry.ts, entry.ts));
        self.open.times = Some((first.min(entry.ts), last.max(entry.ts)));
        self.open.rows = rows;
        Ok(())
    }

    /// Puts what is packed into the table, and begins the next pack.
    pub(super) fn keep(&mut self) -> rusqlite::Result<()> {
        let Pack { number, times, mut rows } = std::mem::take(&mut self.open);
        if let Some((first, last)) = times {
            self.put.execute(params![number, self.seg, first, last, rows])?;
        }
        rows.clear();
        self.open.rows = rows;
        Ok(())
    }
}

/// Gives out what `read` makes of the rows of a time, in the order of arrival.
pub(super) fn ascending<T>(
    database: &Connection,
    times: &Range<Timestamp>,
    read: impl Fn(i64, &Entry<'_>) -> rusqlite::Result<Option<T>>,
    mut take: impl FnMut(T),
) -> rusqlite::Result<()> {
    let (from, until) = (times.start.as_micros(), times.end.as_micros());
    let mut statement = database.prepare_cached(ASCENDING)?;
    let mut packs = statement.query([hour_start(from), until, from])?;
    let mut waiting: Vec<(Place, T)> = Vec::new();
    while let Some(pack) = packs.next()? {
        let (seg, first): (i64, i64) = (pack.get(0)?, pack.get(1)?);
        // What is older than all packs to come.
        give(&mut waiting, first, &mut take);
        for entry in Entry::all(pack.get_ref(2)?.as_blob()?) {
            let entry = entry?;
            if (from..until).contains(&entry.ts)
                && let Some(read) = read(seg, &entry)?
            {
                waiting.push((place(seg, &entry), read));
            }
        }
    }
    give(&mut waiting, i64::MAX, &mut take);
    Ok(())
}

fn give<T>(waiting: &mut Vec<(Place, T)>, until: i64, take: &mut impl FnMut(T)) {
    waiting.sort_by_key(|(place, _)| *place);
    let n = waiting.partition_point(|((ts, _, _), _)| *ts < until);
    waiting.drain(..n).for_each(|(_, one)| take(one));
}

/// Gives out what `read` makes of the rows before a place and since a time, the newest first, until `take` wants no more.
pub(super) fn descending<T>(
    database: &Connection,
    before: Place,
    since: i64,
    read: impl Fn(i64, &Entry<'_>) -> rusqlite::Result<T>,
    mut take: impl FnMut(Place, T) -> bool,
) -> rusqlite::Result<()> {
    let mut statement = database.prepare_cached(DESCENDING)?;
    let newest = before.0;
    let hour_end = hour_start(newest).saturating_add(HOUR);
    let mut packs = statement.query([since, hour_end, newest])?;
    let mut waiting: Vec<(Place, T)> = Vec::new();
    loop {
        let pack = packs.next()?;
        let last = pack.map(|pack| pack.get::<_, i64>(1)).transpose()?;
        // What is newer than all packs to come.
        while let Some((at, one)) =
            waiting.pop_if(|((ts, ..), _)| last.is_none_or(|last| *ts > last))
        {
            if !take(at, one) {
                return Ok(());
            }
        }
        let Some(pack) = pack else { return Ok(()) };
        let seg = pack.get(0)?;
        for entry in Entry::all(pack.get_ref(2)?.as_blob()?) {
            let entry = entry?;
            let at = place(seg, &entry);
            if at < before && entry.ts >= since {
                waiting.push((at, read(seg, &entry)?));
            }
        }
        waiting.sort_by_key(|(place, _)| *place);
    }
}

fn place(seg: i64, entry: &Entry<'_>) -> Place {
    (entry.ts, seg, i64::try_from(entry.offset).unwrap_or(i64::MAX))
}

/// A pack is of one hour, so none that begins before holds anything of later.
fn hour_start(ts: i64) -> i64 {
    ts.div_euclid(HOUR).saturating_mul(HOUR)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::index::database::TABLES;

    fn entry<'a>(ts: i64, offset: u64, conv: &'a [u8]) -> Entry<'a> {
        Entry {
            ts,
            offset,
            event_id: [7; 16],
            conv,
            subject: None,
            operation: 0,
            tier: 0,
            source: Some(0),
            bucket: 0,
            boundary: 0.5,
            weight: Some(0.25),
            outcome: 0,
            status: 200,
            latency_ms: 12.5,
            first_ms: None,
            input_tokens: Some(300),
            output_tokens: Some(70),
            cost_usd: None,
            simulated: false,
            memory: None,
            purpose: 0,
            previous_ms: None,
            asked_again: false,
        }
    }

    fn database() -> Connection {
        let database = Connection::open_in_memory().unwrap();
        database.execute_batch(TABLES).unwrap();
        database
    }

    /// Puts rows of these times into segment `seg`, so many at once.
    fn fill(database: &mut Connection, seg: i64, times: &[i64], at_once: usize) {
        for (n, some) in times.chunks(at_once).enumerate() {
            let changes = database.transaction().unwrap();
            let mut packer = Packer::of(&changes, seg).unwrap();
            for (place, ts) in some.iter().enumerate() {
                packer
                    .take(&entry(*ts, (n * at_once + place) as u64, b"c1_0123456789abcdef"))
                    .unwrap();
            }
            packer.keep().unwrap();
            drop(packer);
            changes.commit().unwrap();
        }
    }

    fn newest_first(database: &Connection, before: Place, since: i64, n: usize) -> Vec<Place> {
        let mut found = Vec::new();
        let take = |place, ()| {
            found.push(place);
            found.len() < n
        };
        descending(database, before, since, |_, _| Ok(()), take).unwrap();
        found
    }

    proptest! {
        /// Answers that came late stand behind others, in packs and segments that overlap.
        #[test]
        fn rows_come_in_their_order_wherever_they_stand(
            first in proptest::collection::vec(0..3 * HOUR, 0..300),
            second in proptest::collection::vec(-HOUR..2 * HOUR, 0..100),
            at_once in 1_usize..50,
            (a, b) in (-HOUR..3 * HOUR, -HOUR..3 * HOUR),
        ) {
            let mut database = database();
            fill(&mut database, 1, &first, at_once);
            fill(&mut database, 2, &second, at_once);
            let places = |seg: i64, times: &[i64]| -> Vec<Place> {
                times.iter().enumerate().map(|(n, ts)| (*ts, seg, n as i64)).collect()
            };
            let mut all = [places(1, &first), places(2, &second)].concat();
            all.sort_unstable();
            let (from, until) = (a.min(b), a.max(b));
            let expect: Vec<_> =
                all.iter().filter(|place| (from..until).contains(&place.0)).copied().collect();
            let times = Timestamp::from_micros(from)..Timestamp::from_micros(until);
            let mut found = Vec::new();
            let read = |seg, entry: &Entry<'_>| Ok(Some(place(seg, entry)));
            ascending(&database, &times, read, |place| found.push(place)).unwrap();
            prop_assert_eq!(&found, &expect);
            // Backwards from the middle of it, and no more than is wanted.
            let before = expect.get(expect.len() / 2).copied().unwrap_or((until, 0, 0));
            let older = all.iter().rev().filter(|place| **place < before && place.0 >= from);
            let older: Vec<_> = older.copied().collect();
            prop_assert_eq!(newest_first(&database, before, from, usize::MAX), &older[..]);
            let some = older.len().min(7);
            prop_assert_eq!(newest_first(&database, before, from, 7), &older[..some]);
        }
    }

    /// Otherwise whoever was erased could not be looked for in the file.
    #[test]
    fn no_name_is_broken_by_the_end_of_a_page() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut database = Connection::open(file.path()).unwrap();
        database.execute_batch(TABLES).unwrap();
        let name = |n: usize| format!("c1_{:016x}", n * 7_919);
        let changes = database.transaction().unwrap();
        let mut packer = Packer::of(&changes, 1).unwrap();
        for n in 0..2_000 {
            packer.take(&entry(n as i64 * 1_000, n as u64, name(n).as_bytes())).unwrap();
        }
        packer.keep().unwrap();
        drop(packer);
        changes.commit().unwrap();
        let n_packs = "SELECT count(*) FROM packs";
        let n_packs: usize = database.query_row(n_packs, [], |row| row.get(0)).unwrap();
        assert!((2_000 / 60..2_000 / 25).contains(&n_packs), "{n_packs}");
        let bytes = std::fs::read(file.path()).unwrap();
        for n in 0..2_000 {
            assert!(memchr::memmem::find(&bytes, name(n).as_bytes()).is_some(), "{n}");
        }
    }

    #[test]
    fn a_pack_is_gone_on_with_until_it_is_full() {
        let mut database = database();
        let times: Vec<_> = (0..100).collect();
        fill(&mut database, 1, &times, 1);
        let packs: (i64, i64) = database
            .query_row("SELECT count(*), max(length(rows)) FROM packs", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .unwrap();
        assert!(packs.0 < 5 && packs.1 <= BYTES_MAX as i64, "{packs:?}");
    }
}
