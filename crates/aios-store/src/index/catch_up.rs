//! Brings the index to where the log is.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _, Seek, SeekFrom};
use std::path::Path;

use aios_core::Progress;
use rusqlite::{Connection, Transaction};
use serde::{Deserialize, Serialize};

use super::database::failed;
use super::inserts::Inserts;
use super::known::{self, Known};
use crate::lines::{Lines, Place, Read};
use crate::segment::{Layout, Text, extent};
use crate::{DataDir, Footer, SegmentId, SegmentInfo, Segments, StoreError, regular};

/// Lines that are read in one transaction.
const BATCH: usize = 20_000;

/// Lines that are read in one turn beside other work.
pub(super) const TURN: usize = 500;

/// What catching up came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaughtUp {
    /// Events that were read.
    pub n_events: u64,
    /// Segments that were forgotten, because they are gone or were rewritten.
    pub n_forgotten: usize,
    /// There is more to read.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_behind: bool,
}

/// What there is to read of one segment.
struct Work<'a> {
    id: SegmentId,
    from: Known,
    /// The digest that it has when all is read; none if it still takes events.
    sha256: Option<&'a str>,
}

/// Looks at the sealed segments, too, if `with_sealed`. Reads `lines_max` lines at most. What is shown are the bytes
/// of the text of sealed segments.
pub(super) fn run(
    dir: &DataDir,
    database: &mut Connection,
    with_sealed: bool,
    lines_max: usize,
    progress: &dyn Progress,
) -> Result<CaughtUp, StoreError> {
    // The open ones are opened first: one that is sealed meanwhile is then seen twice, not never.
    let open = open_files(&Layout::of(dir))?;
    let done = CaughtUp::default();
    let mut pass = Pass { dir, database, lines_left: lines_max, n_bytes_left: 0, progress, done };
    if with_sealed {
        let sealed = Segments::of(dir).list()?;
        let open_ids = open.iter().map(|(id, _)| *id);
        pass.forget_changed(&sealed, open_ids.collect())?;
        pass.read_sealed(&sealed)?;
    }
    pass.read_open(open)?;
    pass.note_behind()?;
    Ok(pass.done)
}

/// One look at the log.
struct Pass<'a> {
    dir: &'a DataDir,
    database: &'a mut Connection,
    lines_left: usize,
    /// Of sealed segments, before this look: those that take events are never far ahead.
    n_bytes_left: u64,
    progress: &'a dyn Progress,
    done: CaughtUp,
}

impl Pass<'_> {
    fn known(&self) -> Result<BTreeMap<SegmentId, Known>, StoreError> {
        known::all(self.database).map_err(|error| failed(self.dir, "read", error))
    }

    /// Forgets what is gone or was rewritten.
    fn forget_changed(
        &mut self,
        sealed: &[SegmentInfo],
        open: BTreeSet<SegmentId>,
    ) -> Result<(), StoreError> {
        let sealed: BTreeMap<_, _> = sealed.iter().map(|info| (info.id, info)).collect();
        for (id, old) in &self.known()? {
            let is_stale = match sealed.get(id) {
                Some(info) => differs(info, old),
                None => !open.contains(id),
            };
            if is_stale {
                known::forget(self.database, old)
                    .map_err(|error| failed(self.dir, "write", error))?;
                self.done.n_forgotten += 1;
            }
        }
        if self.done.n_forgotten > 0 {
            // What was deleted also stands in the journal until that is folded in.
            let folded = self.database.pragma_update(None, "wal_checkpoint", "TRUNCATE");
            folded.or_else(ignore_row).map_err(|error| failed(self.dir, "write", error))?;
        }
        Ok(())
    }

    fn read_sealed(&mut self, sealed: &[SegmentInfo]) -> Result<(), StoreError> {
        let (layout, known) = (Layout::of(self.dir), self.known()?);
        let to_read: Vec<_> = sealed.iter().filter_map(|info| to_read(info, &known)).collect();
        let lens =
            to_read.iter().map(|(_, footer, from)| footer.bytes.saturating_sub(from.position));
        self.n_bytes_left = lens.sum();
        self.progress.begin(self.n_bytes_left);
        for (info, footer, from) in to_read {
            let Some(mut text) = Text::open(&layout, info.id)? else { continue };
            let skipped = io::copy(&mut (&mut text).take(from.position), &mut io::sink());
            let work = Work { id: info.id, from, sha256: Some(&footer.sha256) };
            let read = skipped
                .map_err(StoreError::io("read", &info.path))
                .and_then(|_| self.read(work, &mut text, &info.path));
            leave_out_unreadable(read, info.id)?;
        }
        self.progress.end();
        Ok(())
    }

    fn read_open(&mut self, open: Vec<(SegmentId, File)>) -> Result<(), StoreError> {
        let (layout, known) = (Layout::of(self.dir), self.known()?);
        for (id, file) in open {
            let from = known.get(&id).cloned().unwrap_or_default();
            // Sealed meanwhile, and read as that.
            if from.sha256.is_some() {
                continue;
            }
            let mut text = BufReader::with_capacity(256 * 1024, file);
            let sought = text.seek(SeekFrom::Start(from.position));
            sought.map_err(StoreError::io("read", layout.dir()))?;
            self.read(Work { id, from, sha256: None }, &mut text, layout.dir())?;
        }
        Ok(())
    }

    /// Has readers know how much they do not see yet.
    fn note_behind(&mut self) -> Result<(), StoreError> {
        let left = if self.done.is_behind { self.n_bytes_left } else { 0 };
        let left = i64::try_from(left).unwrap_or(i64::MAX);
        // Nothing is written while nothing changes.
        let note = "UPDATE behind SET n_bytes = ?1 WHERE n_bytes <> ?1";
        let noted = self.database.execute(note, [left]);
        noted.map(drop).map_err(|error| failed(self.dir, "write", error))
    }

    fn read(
        &mut self,
        work: Work<'_>,
        text: &mut dyn BufRead,
        path: &Path,
    ) -> Result<(), StoreError> {
        let read = self.read_in(work, text).map_err(|error| error.of(self.dir, path))?;
        self.done.n_events += read;
        Ok(())
    }

    /// Reads from where the segment was left off, in transactions that each say how far they have come.
    fn read_in(&mut self, work: Work<'_>, text: &mut dyn BufRead) -> Result<u64, ReadError> {
        let place = Place { number: None, offset: work.from.position };
        let mut lines = Lines::new(text, place);
        let mut at = work.from;
        let mut n_events = 0;
        loop {
            let limit = BATCH.min(self.lines_left);
            if limit == 0 {
                self.done.is_behind = true;
                return Ok(n_events);
            }
            let changes = self.database.transaction()?;
            at.seg = known::number(&changes, work.id)?;
            let before = at.position;
            let (n_read, n_lines) = read_batch(&changes, &mut at, &mut lines, limit)?;
            n_events += n_read;
            self.lines_left -= n_lines;
            let is_end = n_lines < limit;
            at.sha256 = work.sha256.filter(|_| is_end).map(str::to_owned);
            if n_lines > 0 || is_end {
                known::note(&changes, &at, n_read)?;
            }
            changes.commit()?;
            if work.sha256.is_some() {
                self.progress.advance(at.position - before);
            }
            if is_end {
                return Ok(n_events);
            }
        }
    }
}

/// A sealed segment that is not read to its end, and from where on. One whose sealing is not finished is looked
/// at again.
fn to_read<'a>(
    info: &'a SegmentInfo,
    known: &BTreeMap<SegmentId, Known>,
) -> Option<(&'a SegmentInfo, &'a Footer, Known)> {
    let from = known.get(&info.id).cloned().unwrap_or_default();
    let footer = info.footer.as_ref().filter(|_| from.sha256.is_none())?;
    Some((info, footer, from))
}

/// Whether a segment is not the one that was read: it was rewritten, or cut since.
fn differs(info: &SegmentInfo, old: &Known) -> bool {
    let Some(footer) = &info.footer else { return false };
    match &old.sha256 {
        Some(sha256) => *sha256 != footer.sha256,
        None => old.position > footer.bytes,
    }
}

/// A damaged segment is `aios logs verify`'s to name; the others must not wait for it.
fn leave_out_unreadable(done: Result<(), StoreError>, id: SegmentId) -> Result<(), StoreError> {
    match done {
        Err(error @ (StoreError::Io { .. } | StoreError::Corrupt { .. })) => {
            tracing::debug!(%error, segment = %id, "a segment is left out of the index");
            Ok(())
        }
        done => done,
    }
}

/// The segments that take events, by the ids that they will have.
fn open_files(layout: &Layout) -> Result<Vec<(SegmentId, File)>, StoreError> {
    let mut open = Vec::new();
    for path in [layout.late(), layout.active()] {
        let file = match regular::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(StoreError::io("open", &path)(error)),
        };
        let extent = extent::of(&file).map_err(StoreError::io("read", &path))?;
        open.extend(extent.map(|extent| (extent.id, file)));
    }
    Ok(open)
}

/// Why a segment could not be read in.
enum ReadError {
    Text(io::Error),
    Database(rusqlite::Error),
}

impl ReadError {
    fn of(self, dir: &DataDir, path: &Path) -> StoreError {
        match self {
            Self::Text(error) => StoreError::io("read", path)(error),
            Self::Database(error) => failed(dir, "write", error),
        }
    }
}

impl From<rusqlite::Error> for ReadError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        Self::Text(error)
    }
}

fn read_batch(
    changes: &Transaction<'_>,
    at: &mut Known,
    lines: &mut Lines<&mut dyn BufRead>,
    limit: usize,
) -> Result<(u64, usize), ReadError> {
    let mut tables = Inserts::into(changes, at.seg)?;
    let (mut n_events, mut n_lines) = (0, 0);
    while n_lines < limit {
        let Some(read) = lines.next()? else { break };
        n_lines += 1;
        let Read::Line { place, bytes } = read else { continue };
        at.position = place.offset + bytes.len() as u64 + 1;
        // Footers, bad lines and events of other types have no row.
        let Some(ts) = tables.take(bytes, place.offset)? else { continue };
        at.first = Some(at.first.map_or(ts, |first| first.min(ts)));
        at.last = Some(at.last.map_or(ts, |last| last.max(ts)));
        n_events += 1;
    }
    tables.counted().keep(changes, at.seg)?;
    Ok((n_events, n_lines))
}

/// A checkpoint answers with a row, which is of no interest.
fn ignore_row(error: rusqlite::Error) -> rusqlite::Result<()> {
    if matches!(error, rusqlite::Error::ExecuteReturnedResults) { Ok(()) } else { Err(error) }
}
