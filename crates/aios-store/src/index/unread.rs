//! Lines in which no event could be read: where they stand and of what time they are, so that whoever judges a time
//! knows what it did not see of it.
//!
//! Only places are kept. What is wrong with a line is found out when somebody asks, from the line itself: it may be
//! anybody's words, and the index must hold none.

use std::io::{self, BufRead, BufReader, Seek as _};
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use aios_core::{Timestamp, Unread, UnreadAt};
use rusqlite::{Connection, Transaction, params};

use super::Index;
use super::database::failed;
use super::open_files::{OpenFile, open_files};
use crate::lines::{Lines, Place, Read, parse, too_long};
use crate::segment::{Layout, Text, facts};
use crate::{DataDir, SegmentId, StoreError};

const PUT: &str = "INSERT OR REPLACE INTO unread VALUES (?1, ?2, ?3, ?4)";

const OF_TIME: &str = "SELECT segments.id, unread.offset, n_lines FROM unread
    JOIN segments ON segments.seg = unread.seg
    WHERE (until IS NULL OR until >= ?1) AND (first_ts IS NULL OR first_ts < ?2)
    ORDER BY segments.id, unread.offset";

/// An event is written when its request ends and is of the time when that began. So a line may be so much younger than
/// the event behind it.
pub(super) const LATE_MAX: Duration = Duration::from_secs(10 * 60);

const START: Place = Place { number: Some(1), offset: 0 };

/// Unread lines of one batch.
#[derive(Debug, Default)]
pub(super) struct Runs {
    runs: Vec<Run>,
    /// The first event of the batch: what was unread before it is no younger.
    first_event: Option<Timestamp>,
}

/// Unread lines with no event between them.
#[derive(Debug)]
struct Run {
    offset: u64,
    n_lines: u64,
    /// When the next event happened; none while none follows.
    until: Option<Timestamp>,
}

impl Runs {
    /// Takes in a line that cannot be read.
    pub(super) fn unread(&mut self, offset: u64) {
        match self.runs.last_mut().filter(|run| run.until.is_none()) {
            Some(run) => run.n_lines += 1,
            None => self.runs.push(Run { offset, n_lines: 1, until: None }),
        }
    }

    /// Takes in that an event was read.
    pub(super) fn event(&mut self, ts: Timestamp) {
        self.first_event.get_or_insert(ts);
        if let Some(run) = self.runs.last_mut().filter(|run| run.until.is_none()) {
            run.until = Some(ts);
        }
    }

    /// Keeps them as those of segment number `seg`.
    pub(super) fn keep(self, changes: &Transaction<'_>, seg: i64) -> rusqlite::Result<()> {
        if let Some(ts) = self.first_event {
            end_at(changes, seg, ts)?;
        }
        self.runs.iter().try_for_each(|run| put(changes, seg, run))
    }
}

/// Nothing follows in the segment any more, and all that is in it is older than this.
pub(super) fn end_at(changes: &Transaction<'_>, seg: i64, ts: Timestamp) -> rusqlite::Result<()> {
    let end = "UPDATE unread SET until = ?2 WHERE seg = ?1 AND until IS NULL";
    changes.prepare_cached(end)?.execute(params![seg, ts.as_micros()]).map(drop)
}

/// What stands from here on is about to be read, perhaps once more.
pub(super) fn forget_from(changes: &Connection, seg: i64, offset: u64) -> rusqlite::Result<()> {
    let forget = "DELETE FROM unread WHERE seg = ?1 AND offset >= ?2";
    changes.prepare_cached(forget)?.execute(params![seg, count(offset)]).map(drop)
}

/// Keeps that lines from here on cannot be read at the moment.
pub(super) fn note(
    changes: &Connection,
    seg: i64,
    offset: u64,
    n_lines: u64,
    until: Option<Timestamp>,
) -> rusqlite::Result<()> {
    put(changes, seg, &Run { offset, n_lines, until })
}

fn put(changes: &Connection, seg: i64, run: &Run) -> rusqlite::Result<()> {
    let until = run.until.map(Timestamp::as_micros);
    changes.execute(PUT, params![seg, count(run.offset), count(run.n_lines), until]).map(drop)
}

fn count(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

impl Index {
    /// What could not be read of a time, as far as the index has come. Where the time of a line is not known for sure,
    /// it counts. A line that is still being written is none.
    ///
    /// # Errors
    /// When the database or a segment that takes events cannot be read.
    pub fn unread(&self, times: &Range<Timestamp>) -> Result<Unread, StoreError> {
        let runs = self.unread_runs(times).map_err(|error| failed(&self.dir, "read", error))?;
        let n_lines = runs.iter().map(|(_, _, n)| n).sum();
        let first = runs.first().map(|(id, offset, _)| named(&self.dir, *id, *offset));
        let mut unread = Unread { n_lines, first: first.transpose()? };
        self.count_missing(times, &mut unread)?;
        for open in open_files(&Layout::of(&self.dir))? {
            if open.extent.is_none() {
                open.count_all(&self.dir, &mut unread)?;
            }
        }
        Ok(unread)
    }

    fn unread_runs(
        &self,
        times: &Range<Timestamp>,
    ) -> rusqlite::Result<Vec<(SegmentId, u64, u64)>> {
        let mut statement = self.database.prepare(OF_TIME)?;
        let (from, until) = (times.start.minus(LATE_MAX), times.end);
        let mut rows = statement.query([from.as_micros(), until.as_micros()])?;
        let mut runs = Vec::new();
        while let Some(row) = rows.next()? {
            let id: String = row.get(0)?;
            let number = |column| row.get::<_, i64>(column).map(|n| u64::try_from(n).unwrap_or(0));
            let (offset, n_lines) = (number(1)?, number(2)?);
            runs.extend(SegmentId::parse(&id).map(|id| (id, offset, n_lines)));
        }
        Ok(runs)
    }
}

impl OpenFile {
    /// Nothing of a file without an event is in the index: it has no name there. So all of it is unread.
    fn count_all(mut self, dir: &DataDir, unread: &mut Unread) -> Result<(), StoreError> {
        let failed = |error| StoreError::io("read", &self.path)(error);
        self.file.rewind().map_err(failed)?;
        let mut lines = Lines::new(BufReader::new(&self.file), START);
        let mut n_lines = 0;
        while let Some(read) = lines.next().map_err(failed)? {
            let is_footer = matches!(read, Read::Line { bytes, .. } if facts::is_footer(bytes));
            n_lines += u64::from(!is_footer);
        }
        n_lines += u64::from(lines.has_scrap());
        drop(lines);
        if n_lines > 0 && unread.first.is_none() {
            self.file.rewind().map_err(failed)?;
            unread.first = Some(at(dir, &self.path, BufReader::new(&self.file), 0));
        }
        unread.n_lines += n_lines;
        Ok(())
    }
}

/// Where the line of a segment stands, as people find it.
fn named(dir: &DataDir, id: SegmentId, offset: u64) -> Result<UnreadAt, StoreError> {
    let layout = Layout::of(dir);
    let mut open = open_files(&layout)?.into_iter();
    if let Some(mut open) = open.find(|open| open.extent.is_some_and(|extent| extent.id == id)) {
        open.file.rewind().map_err(StoreError::io("read", &open.path))?;
        return Ok(at(dir, &open.path, BufReader::new(&open.file), offset));
    }
    Ok(match Text::open(&layout, id)? {
        Some(text) => {
            let path = text.path().to_owned();
            at(dir, &path, text, offset)
        }
        None => UnreadAt {
            file: shown(dir, &layout.hot(id)),
            line: None,
            why: "the segment was removed meanwhile".to_owned(),
        },
    })
}

fn at(dir: &DataDir, path: &Path, text: impl BufRead, offset: u64) -> UnreadAt {
    let (line, why) = match wrong_at(path, text, offset) {
        Ok(found) => found,
        Err(error) => (None, format!("it cannot be read to its end: {error}")),
    };
    UnreadAt { file: shown(dir, path), line, why }
}

/// The line's number, and what is wrong with it.
fn wrong_at(path: &Path, text: impl BufRead, offset: u64) -> io::Result<(Option<u64>, String)> {
    let mut lines = Lines::new(text, START);
    let mut n_before = 0;
    while let Some(read) = lines.next()? {
        let bad = match read {
            Read::Line { place, bytes } if place.offset >= offset => {
                parse(path, place, bytes).err()
            }
            Read::TooLong { place } if place.offset >= offset => Some(too_long(path, place)),
            Read::Line { .. } | Read::TooLong { .. } => {
                n_before += 1;
                continue;
            }
        };
        let why = bad.map_or_else(|| "not an event that is judged".to_owned(), |bad| bad.why);
        return Ok((Some(n_before + 1), why));
    }
    Ok((Some(n_before + 1), "not the beginning of an event".to_owned()))
}

pub(super) fn shown(dir: &DataDir, path: &Path) -> String {
    path.strip_prefix(dir.path()).unwrap_or(path).display().to_string()
}

#[cfg(test)]
mod tests;
