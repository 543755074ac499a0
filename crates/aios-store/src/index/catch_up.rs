//! Brings the index to where the log is.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Seek, SeekFrom};
use std::path::Path;
use std::time::Duration;

use aios_core::{Progress, Timestamp};
use rusqlite::{Connection, Transaction};
use serde::{Deserialize, Serialize};

use super::database::failed;
use super::fresh::Fresh;
use super::inserts::{Inserts, Taken};
use super::known::{self, Known};
use super::mark::Mark;
use super::missing;
use super::open_files::{OpenFile, open_files};
use super::read_error::ReadError;
use super::tail::LastLine;
use super::unread::{self, Runs};
use crate::disk::AT_ONCE;
use crate::lines::{Lines, Place, Read};
use crate::segment::{Layout, Text, facts};
use crate::{DataDir, Footer, SegmentId, SegmentInfo, Segments, StoreError};

/// Lines that are read in one transaction: what is made of them waits in memory until it ends, some 400 bytes a line.
const BATCH: usize = 4_000;

/// Lines that are read in one turn beside other work.
pub(super) const TURN: usize = 500;

const DAY: Duration = Duration::from_secs(86_400);

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

/// Looks at the sealed segments, too, if `with_sealed`. Reads `lines_max` lines at most, and none of which the writer has
/// told. What is shown are the bytes of the text of sealed segments. Returns also whether one of those could not be read.
pub(super) fn run(
    (dir, fresh): (&DataDir, &Fresh),
    (database, mark): (&mut Connection, Option<&mut Mark>),
    with_sealed: bool,
    lines_max: usize,
    progress: &dyn Progress,
) -> Result<(CaughtUp, bool), StoreError> {
    // The open ones are opened first: one that is sealed meanwhile is then seen twice, not never.
    let open = open_files(&Layout::of(dir))?;
    let done = CaughtUp::default();
    let (lines_left, n_bytes_left, has_left_out) = (lines_max, 0, false);
    let mut pass =
        Pass { dir, fresh, database, mark, lines_left, n_bytes_left, has_left_out, progress, done };
    if with_sealed {
        let sealed = Segments::of(dir).list()?;
        pass.forget_changed(&sealed, &open)?;
        missing::keep(dir, pass.database, &sealed)?;
        pass.read_sealed(&sealed, &open)?;
    }
    pass.read_open(open)?;
    pass.note_behind()?;
    Ok((pass.done, pass.has_left_out))
}

/// Forgets what was read of segments that take events.
pub(super) fn forget_open(dir: &DataDir, database: &mut Connection) -> Result<(), StoreError> {
    let failed = |error| failed(dir, "read", error);
    let known = known::all(database).map_err(failed)?;
    let open = open_files(&Layout::of(dir))?.into_iter();
    for old in open.filter_map(|open| known.get(&open.extent?.id)) {
        known::forget(database, old).map_err(failed)?;
    }
    Ok(())
}

/// One look at the log.
pub(super) struct Pass<'a> {
    dir: &'a DataDir,
    pub(super) fresh: &'a Fresh,
    pub(super) database: &'a mut Connection,
    /// None of a copy in memory.
    mark: Option<&'a mut Mark>,
    pub(super) lines_left: usize,
    /// Of sealed segments, before this look: those that take events are never far ahead.
    n_bytes_left: u64,
    /// One of them could not be read.
    has_left_out: bool,
    progress: &'a dyn Progress,
    pub(super) done: CaughtUp,
}

impl Pass<'_> {
    fn known(&self) -> Result<BTreeMap<SegmentId, Known>, StoreError> {
        known::all(self.database).map_err(|error| failed(self.dir, "read", error))
    }

    /// Forgets what is gone or was rewritten.
    fn forget_changed(
        &mut self,
        sealed: &[SegmentInfo],
        open: &[OpenFile],
    ) -> Result<(), StoreError> {
        let open: BTreeSet<_> = open.iter().filter_map(|open| Some(open.extent?.id)).collect();
        let sealed: BTreeMap<_, _> = sealed.iter().map(|info| (info.id, info)).collect();
        for (id, old) in &self.known()? {
            let is_stale = match sealed.get(id) {
                Some(info) => old.differs_from(info),
                None => !open.contains(id),
            };
            if is_stale {
                self.forget(old)?;
            }
        }
        // What was deleted also stands in the journal until that is folded in.
        if self.done.n_forgotten > 0 { self.renew() } else { Ok(()) }
    }

    fn renew(&mut self) -> Result<(), StoreError> {
        let renewed = self.mark.as_mut().map(|mark| mark.renew_ours(self.dir, self.database));
        renewed.transpose().map(drop).map_err(|error| failed(self.dir, "write", error))
    }

    fn forget(&mut self, old: &Known) -> Result<(), StoreError> {
        // A copy from since the number was drawn has what is forgotten now.
        if self.done.n_forgotten == 0 {
            self.renew()?;
        }
        let forgotten = known::forget(self.database, old).and_then(|()| self.fold_long());
        forgotten.map_err(|error| failed(self.dir, "write", error))?;
        self.done.n_forgotten += 1;
        Ok(())
    }

    fn read_sealed(&mut self, sealed: &[SegmentInfo], open: &[OpenFile]) -> Result<(), StoreError> {
        let (layout, known) = (Layout::of(self.dir), self.known()?);
        let is_read_open = |id| open.iter().any(|it| it.extent.is_some_and(|of| of.covers(id)));
        let sealed = sealed.iter().filter(|info| info.footer.is_some() || !is_read_open(info.id));
        let to_read: Vec<_> = sealed.filter_map(|info| known::to_read(info, &known)).collect();
        let lens = to_read.iter().map(|(_, footer, from)| {
            footer.map_or(0, |footer| footer.bytes.saturating_sub(from.position))
        });
        self.n_bytes_left = lens.sum();
        self.progress.begin(self.n_bytes_left);
        for (info, footer, from) in to_read {
            let read = self.read_one_sealed(&layout, info, footer, from);
            self.leave_out_unreadable(read, info)?;
        }
        self.progress.end();
        Ok(())
    }

    /// Goes on in a segment, or begins anew if what was read was another text.
    fn read_one_sealed(
        &mut self,
        layout: &Layout,
        info: &SegmentInfo,
        footer: Option<&Footer>,
        mut from: Known,
    ) -> Result<(), StoreError> {
        let Some(mut text) = Text::open(layout, info.id)? else { return Ok(()) };
        let failed = || StoreError::io("read", &info.path);
        // All that was read before is not read again at each turn.
        text.skip(from.tail_at()).map_err(failed())?;
        if !from.pass_over(&mut text).map_err(failed())? {
            self.forget(&std::mem::take(&mut from))?;
            let Some(anew) = Text::open(layout, info.id)? else { return Ok(()) };
            text = anew;
        }
        let sha256 = footer.map(|footer| &*footer.sha256);
        self.read(Work { id: info.id, from, sha256 }, &mut text, &info.path)
    }

    /// A damaged segment is `aios logs verify`'s to name; the others must not wait for it. That it was not read is kept.
    fn leave_out_unreadable(
        &mut self,
        done: Result<(), StoreError>,
        info: &SegmentInfo,
    ) -> Result<(), StoreError> {
        match done {
            Err(error @ (StoreError::Io { .. } | StoreError::Corrupt { .. })) => {
                tracing::debug!(%error, segment = %info.id, "a segment is left out of the index");
                self.has_left_out = true;
                let noted = self.note_left_out(info).and_then(|()| self.fold_long());
                noted.map_err(|error| failed(self.dir, "write", error))
            }
            done => done,
        }
    }

    fn note_left_out(&mut self, info: &SegmentInfo) -> rusqlite::Result<()> {
        let changes = self.database.transaction()?;
        let seg = known::number(&changes, info.id)?;
        let (position, n_read) = known::progress(&changes, seg)?;
        let n_events = info.footer.as_ref().map_or(0, |footer| footer.n_events);
        let n_lines = n_events.saturating_sub(n_read).max(1);
        unread::note(&changes, seg, position, n_lines, Some(end_of(info.id)))?;
        changes.commit()
    }

    fn read_open(&mut self, open: Vec<OpenFile>) -> Result<(), StoreError> {
        let layout = Layout::of(self.dir);
        for OpenFile { file, extent, .. } in open {
            // One without an event has no name yet, under which anything of it could be kept.
            let Some(id) = extent.map(|extent| extent.id) else { continue };
            let known = known::of(self.database, id);
            let known = known.map_err(|error| failed(self.dir, "read", error))?;
            let mut from = known.unwrap_or_default();
            // Sealed meanwhile, and read as that.
            if from.sha256.is_some() {
                continue;
            }
            let told = self.take_told(id, &mut from, &file);
            told.map_err(|error| error.of(self.dir, layout.dir()))?;
            let mut text = BufReader::with_capacity(AT_ONCE, file);
            let unread = || StoreError::io("read", layout.dir());
            text.seek(SeekFrom::Start(from.tail_at())).map_err(unread())?;
            if !from.pass_over(&mut text).map_err(unread())? {
                // It has lost its end when the machine stopped, and has others by now.
                self.forget(&std::mem::take(&mut from))?;
                text.rewind().map_err(unread())?;
            }
            if text.fill_buf().map_err(unread())?.is_empty() {
                // The writer has told of all there is; what was half a line here is gone.
                let forgotten = unread::forget_from(self.database, from.seg, from.position);
                forgotten.map_err(|error| failed(self.dir, "write", error))?;
                continue;
            }
            self.read(Work { id, from, sha256: None }, &mut text, layout.dir())?;
        }
        Ok(())
    }

    /// Keeps the journal short.
    pub(super) fn fold_long(&mut self) -> rusqlite::Result<()> {
        self.mark.as_mut().map_or(Ok(()), |mark| mark.fold_long(self.dir, self.database))
    }

    /// Has readers know how much they do not see yet.
    fn note_behind(&mut self) -> Result<(), StoreError> {
        let left = if self.done.is_behind { self.n_bytes_left } else { 0 };
        let left = i64::try_from(left).unwrap_or(i64::MAX);
        // Nothing is written while nothing changes.
        let note = "UPDATE behind SET n_bytes = ?1 WHERE n_bytes <> ?1";
        let noted = self.database.prepare_cached(note).and_then(|mut note| note.execute([left]));
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
            unread::forget_from(&changes, at.seg, at.position)?;
            let before = at.position;
            let is_open = work.sha256.is_none();
            let (n_read, n_lines) = read_batch(&changes, &mut at, &mut lines, (limit, is_open))?;
            n_events += n_read;
            self.lines_left -= n_lines;
            let is_end = n_lines < limit;
            at.sha256 = work.sha256.filter(|_| is_end).map(str::to_owned);
            if n_lines > 0 || is_end {
                known::note(&changes, &at, n_read)?;
            }
            if at.sha256.is_some() {
                unread::end_at(&changes, at.seg, end_of(work.id))?;
            } else if is_end && lines.has_scrap() {
                unread::note(&changes, at.seg, at.position, 1, None)?;
            }
            changes.commit()?;
            self.fold_long()?;
            if work.sha256.is_some() {
                self.progress.advance(at.position - before);
            }
            if is_end {
                return Ok(n_events);
            }
        }
    }
}

/// No event of a segment is of another day than its first one, which it is named by.
fn end_of(id: SegmentId) -> Timestamp {
    id.began_at().plus(DAY)
}

fn read_batch(
    changes: &Transaction<'_>,
    at: &mut Known,
    lines: &mut Lines<&mut dyn BufRead>,
    (limit, is_open): (usize, bool),
) -> Result<(u64, usize), ReadError> {
    let (mut tables, mut runs) = (Inserts::into(changes, at.seg)?, Runs::default());
    let (mut n_events, mut n_lines, mut last) = (0, 0, LastLine::default());
    while n_lines < limit {
        let (offset, taken) = match lines.next()? {
            None => break,
            // Sealed since it was opened: what is behind its events is read as that of a sealed one, or not at all.
            Some(Read::Line { bytes, .. }) if is_open && facts::is_footer(bytes) => break,
            Some(Read::TooLong { place }) => (place.offset, Taken::Unread),
            Some(Read::Line { place, bytes }) => {
                last.is(place.offset, bytes);
                (place.offset, tables.take(bytes, place.offset)?)
            }
        };
        n_lines += 1;
        at.position = lines.position();
        n_events += at.take(taken, offset, &mut runs);
    }
    at.tail = last.tail().or(at.tail.take());
    tables.finish(changes)?;
    runs.keep(changes, at.seg)?;
    Ok((n_events, n_lines))
}
