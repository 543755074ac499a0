//! A segment file that ends with a whole line, whatever the disk does.
//!
//! A write may be cut short by a full disk or a dying one. Then the file is cut back to its last good
//! length before anything else is written, so a line is never glued to half of another.

use std::io;
use std::sync::Arc;

use aios_core::Timestamp;

use super::batch::Piece;
use crate::SegmentId;
use crate::index::fresh::{Fresh, News};
use crate::segment::footer::Tally;

/// The file operations of the writer, so that full, slow and failing disks can be tested.
pub(crate) trait SegmentFile: Send + 'static {
    /// Writes at the end; returns how many bytes were taken.
    fn append(&mut self, bytes: &[u8]) -> io::Result<usize>;

    /// Forces what was written to the disk.
    fn sync(&mut self) -> io::Result<()>;

    /// Cuts the file to `len` bytes. Does not make it longer.
    fn truncate(&mut self, len: u64) -> io::Result<()>;

    /// Bytes in the file.
    fn len(&self) -> io::Result<u64>;

    /// Makes sure that the segment's name still stands for this file. Where it does not, the file of that name is taken,
    /// made anew if need be; it ends with a whole line.
    fn follow_name(&mut self) -> io::Result<Named> {
        Ok(Named::Still)
    }

    /// Puts aside what stands at its end and is no line: somebody else has cut it, or written to it.
    fn mend(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// What is in it by now.
    fn counted(&self) -> io::Result<Counted> {
        Ok(Counted::default())
    }

    /// So many of the lines that were counted are gone, and not by us.
    fn tell_lost(&self, counted: Counted, n_lines: u64) {
        tracing::debug!(?counted, n_lines, "nobody is told");
    }

    /// Seals what is in the file: gives it its own name and begins a new file under the old one.
    /// `counted` is what is in it, where that is known.
    fn seal(&mut self, counted: Option<Tally>) -> io::Result<()> {
        drop(counted);
        Ok(())
    }

    /// Seals what is in the file and leaves no file under the old name.
    fn seal_away(&mut self, counted: Option<Tally>) -> io::Result<()> {
        drop(counted);
        Ok(())
    }

    /// A second file, for lines of days that are over.
    fn late(&self) -> io::Result<Self>
    where
        Self: Sized,
    {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// What a segment's name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Named {
    /// For the file that is open.
    Still,
    /// For another: the one before was sealed.
    Sealed,
    /// For another: somebody has removed, renamed or replaced the one before, of which so many lines are in this one.
    Taken { n_left: u64 },
}

/// Lines, and of which time they are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counted {
    pub(crate) n_lines: u64,
    pub(crate) first: Option<Timestamp>,
    pub(crate) last: Option<Timestamp>,
}

/// A segment and its good length.
#[derive(Debug)]
pub(crate) struct Segment<F> {
    file: F,
    /// As of the last write; others may have cut the file since.
    len: u64,
    /// Bytes past the good length may be in the file.
    torn: bool,
    /// All that is in it, counted and digested while it was written, so that sealing need not read it
    /// again. `None` if anything in it was not written here.
    tally: Option<Tally>,
    /// The lines that are in it, whoever wrote them.
    counted: Counted,
    /// Lines that somebody has taken out of it, until they are asked for.
    n_gone: u64,
    /// What it is called once it is sealed; none if anything in it was not written here.
    id: Option<SegmentId>,
    /// Where the index is told of what is written.
    fresh: Arc<Fresh>,
}

impl<F: SegmentFile> Segment<F> {
    /// An empty segment.
    #[cfg(test)]
    pub(crate) fn new(file: F) -> Self {
        Self::with(file, 0, Counted::default())
    }

    /// A segment that ends with a whole line.
    pub(crate) fn open(file: F) -> io::Result<Self> {
        let (len, counted) = (file.len()?, file.counted()?);
        Ok(Self::with(file, len, counted))
    }

    fn with(file: F, len: u64, counted: Counted) -> Self {
        let (torn, tally, n_gone, id, fresh) = (false, None, 0, None, Arc::default());
        Self { file, len, torn, tally, counted, n_gone, id, fresh }
    }

    /// The same, telling the index of what is written.
    pub(crate) fn telling(self, fresh: &Arc<Fresh>) -> Self {
        Self { fresh: Arc::clone(fresh), ..self }
    }

    /// The same through another file.
    pub(crate) fn on<G>(self, disk: impl FnOnce(F) -> G) -> Segment<G> {
        let Self { file, len, torn, tally, counted, n_gone, id, fresh } = self;
        Segment { file: disk(file), len, torn, tally, counted, n_gone, id, fresh }
    }

    /// Appends whole lines: all of them, or none.
    pub(crate) fn append(&mut self, piece: Piece<'_>) -> io::Result<()> {
        self.write(piece.lines)?;
        self.count(piece);
        Ok(())
    }

    fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        self.look()?;
        let written = self.write_all(lines);
        match written {
            Ok(()) => self.len += lines.len() as u64,
            Err(_) => {
                self.torn = true;
                // If this fails too, it is tried again before the next write.
                drop(self.heal());
            }
        }
        written
    }

    /// Makes sure that it is the file that it was, as long as it was, and ends with a whole line. Whatever somebody else
    /// has done to it, writing can go on; what they have taken out of it is counted.
    pub(crate) fn look(&mut self) -> io::Result<()> {
        // First, so that a file that was renamed is left whole.
        let healed = self.heal();
        match self.file.follow_name()? {
            Named::Still => healed?,
            Named::Sealed => self.begin_anew()?,
            Named::Taken { n_left } => {
                let before = self.counted;
                self.begin_anew()?;
                self.miss(before, n_left);
            }
        }
        if self.file.len()? == self.len {
            return Ok(());
        }
        self.doubt();
        self.file.mend()?;
        let (len, left) = (self.file.len()?, self.file.counted()?);
        self.miss(self.counted, left.n_lines);
        (self.len, self.counted) = (len, left);
        Ok(())
    }

    /// Lines that somebody has taken out of it since this was last asked.
    pub(crate) fn take_gone(&mut self) -> u64 {
        std::mem::take(&mut self.n_gone)
    }

    fn begin_anew(&mut self) -> io::Result<()> {
        self.doubt();
        (self.torn, self.tally) = (false, None);
        (self.len, self.counted) = (self.file.len()?, self.file.counted()?);
        Ok(())
    }

    /// So many lines are left of those that were in it before.
    fn miss(&mut self, before: Counted, n_left: u64) {
        let n_gone = before.n_lines.saturating_sub(n_left);
        if n_gone > 0 {
            tracing::error!(
                n_gone,
                "events were taken out of the event log while it is written; they are lost"
            );
            self.file.tell_lost(before, n_gone);
            self.n_gone += n_gone;
        }
    }

    /// Appends whole lines and forces them to disk: all of them, or none.
    ///
    /// After a failed sync the operating system may hold the lost pages for clean, and a second sync
    /// would succeed without writing them. So the lines are taken back, to be written anew.
    pub(crate) fn append_durably(&mut self, piece: Piece<'_>) -> io::Result<()> {
        self.write(piece.lines)?;
        // Not taken before: the write may have begun another file.
        let before = self.len.saturating_sub(piece.lines.len() as u64);
        let synced = self.file.sync();
        if synced.is_ok() {
            self.count(piece);
        } else {
            (self.len, self.torn) = (before, true);
            drop(self.heal());
        }
        synced
    }

    /// Counts and digests lines that were written, while they are in the processor's cache.
    fn count(&mut self, piece: Piece<'_>) {
        let before = self.len.saturating_sub(piece.counts.bytes);
        if before == 0 {
            (self.tally, self.id) = (Some(Tally::default()), Some(piece.begins));
        }
        // In a file that is longer or shorter than what was counted, somebody else has written.
        self.tally = self.tally.take().filter(|tally| tally.counts.bytes == before);
        if let Some(tally) = &mut self.tally {
            tally.add_counted(piece.lines, piece.counts);
        }
        match self.id {
            Some(id) => {
                let Piece { counts, rows, words, .. } = piece;
                self.fresh.push(id, before, News { counts, rows, words });
            }
            None => self.fresh.doubt(),
        }
        let Counted { n_lines, first, last } = self.counted;
        let piece = piece.counts;
        self.counted = Counted {
            n_lines: n_lines + piece.n_events,
            first: first.into_iter().chain(piece.first_ts).min(),
            last: last.max(piece.last_ts),
        };
    }

    /// What the index was not told of it by now, it reads.
    fn end_telling(&mut self) {
        self.fresh.end(self.id.take());
    }

    /// The same, and what was told may be there no more.
    fn doubt(&mut self) {
        self.end_telling();
        self.fresh.doubt();
    }

    /// Forces everything to disk.
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        self.file.sync()
    }

    /// Its good length, as of the last write.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// Seals what is in it and goes on empty.
    pub(crate) fn seal(&mut self) -> io::Result<()> {
        self.look()?;
        self.fresh.seal();
        self.file.seal(self.tally.clone())?;
        self.end_telling();
        (self.len, self.counted) = (self.file.len()?, self.file.counted()?);
        Ok(())
    }

    /// Seals what is in it; this is its end.
    pub(crate) fn seal_away(&mut self) -> io::Result<()> {
        self.look()?;
        self.fresh.seal();
        self.file.seal_away(self.tally.clone())?;
        self.end_telling();
        Ok(())
    }

    /// Somebody has put in its place what can never be gone on in: all that was in it is lost.
    pub(crate) fn give_up(&mut self) -> u64 {
        self.doubt();
        self.miss(self.counted, 0);
        self.take_gone()
    }

    /// A segment for lines of days that are over. Fails as of no regular file where something else stands in its place.
    pub(crate) fn late(&self) -> io::Result<Self> {
        Ok(Self::open(self.file.late()?)?.telling(&self.fresh))
    }

    fn heal(&mut self) -> io::Result<()> {
        if self.torn {
            self.file.truncate(self.len)?;
            self.torn = false;
        }
        Ok(())
    }

    fn write_all(&mut self, mut rest: &[u8]) -> io::Result<()> {
        while !rest.is_empty() {
            match self.file.append(rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(taken) => rest = rest.get(taken..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, OpenOptions};
    use std::io::Write as _;
    use std::path::{Path, PathBuf};
    use std::sync::{Arc, mpsc};

    use super::super::batch::Batch;
    use super::super::disk_file::DiskFile;
    use super::super::faulty::{DiskFaults, Faulty};
    use super::super::keeper::Chore;
    use super::*;
    use crate::segment::{Layout, seal};
    use crate::{DataDir, fixture};

    /// Appends lines by `append`, as if they were an event's.
    fn put<F>(
        segment: &mut Segment<F>,
        lines: &[u8],
        append: fn(&mut Segment<F>, Piece<'_>) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut batch = Batch::default();
        batch.push(fixture::log_line(lines, Timestamp::from_micros(0)));
        batch.pieces().try_for_each(|piece| append(segment, piece))
    }

    /// A segment that holds one long line, and its path.
    fn segment(temp: &tempfile::TempDir) -> (Segment<Faulty<DiskFile>>, Arc<DiskFaults>, PathBuf) {
        let layout = Layout::at(temp.path());
        let path = layout.active();
        let (chores, _) = std::sync::mpsc::channel();
        let faults = Arc::<DiskFaults>::default();
        let (file, _) = DiskFile::open(&layout, &temp.path().join("quarantine"), chores).unwrap();
        let mut segment = Segment::new(Faulty::new(file, Arc::clone(&faults)));
        put(&mut segment, b"\"the first line\"\n", Segment::append).unwrap();
        (segment, faults, path)
    }

    #[cfg(unix)]
    #[test]
    fn a_sync_that_fails_in_a_file_begun_anew_leaves_no_line_twice() {
        let temp = tempfile::tempdir().unwrap();
        let (mut segment, faults, path) = segment(&temp);
        fs::remove_file(&path).unwrap();
        faults.fail_syncs(1);
        put(&mut segment, b"22\n", Segment::append_durably).unwrap_err();
        put(&mut segment, b"22\n", Segment::append_durably).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "22\n");
    }

    #[test]
    fn a_torn_line_is_cut_off_in_a_file_that_was_emptied() {
        let temp = tempfile::tempdir().unwrap();
        let (mut segment, faults, path) = segment(&temp);
        fs::write(&path, "").unwrap();
        faults.fail_writes(1);
        put(&mut segment, b"2222\n", Segment::append).unwrap_err();
        put(&mut segment, b"2222\n", Segment::append).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "2222\n");
    }

    /// A power cut leaves what was forced to the disk, whatever else stands in the file.
    #[test]
    fn what_was_forced_to_the_disk_outlives_a_power_cut() {
        let temp = tempfile::tempdir().unwrap();
        let (mut segment, faults, path) = segment(&temp);
        let check = |expect: u64| assert_eq!(faults.synced(), [expect, 0]);
        check(0);
        segment.sync().unwrap();
        check(17);
        faults.fail_syncs(1);
        put(&mut segment, b"22\n", Segment::append_durably).unwrap_err();
        check(17);
        put(&mut segment, b"22\n", Segment::append_durably).unwrap();
        check(20);
        faults.lie();
        put(&mut segment, b"33\n", Segment::append_durably).unwrap();
        check(20);
        assert_eq!(fs::metadata(&path).unwrap().len(), 23);
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_is_renamed_while_it_is_torn_is_left_whole() {
        let temp = tempfile::tempdir().unwrap();
        let (mut segment, faults, path) = segment(&temp);
        faults.fail_writes(1);
        faults.fail_cuts(1);
        put(&mut segment, b"2222\n", Segment::append).unwrap_err();
        let aside = temp.path().join("aside.ndjson");
        fs::rename(&path, &aside).unwrap();
        put(&mut segment, b"2222\n", Segment::append).unwrap();
        assert_eq!(fs::read_to_string(&aside).unwrap(), "\"the first line\"\n");
        assert_eq!(fs::read_to_string(&path).unwrap(), "2222\n");
    }

    /// Writes events, lets `change` do to the segment and its file what it will, writes another one and
    /// seals. Whether the footer was made of what was counted; it must be what reading finds.
    fn check_counted(change: impl FnOnce(&DiskFaults, &Path)) -> bool {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::open(temp.path()).unwrap();
        let (layout, aside) = (Layout::of(&dir), dir.quarantine_path());
        let (chores, to_do) = mpsc::channel();
        let (file, _) = DiskFile::open(&layout, &aside, chores).unwrap();
        let faults = Arc::<DiskFaults>::default();
        let mut segment = Segment::open(Faulty::new(file, Arc::clone(&faults))).unwrap();
        let append = |segment: &mut Segment<_>, events: std::ops::Range<u64>| {
            let mut batch = Batch::default();
            events.for_each(|n| {
                let (line, at) = (fixture::line(n), fixture::event(n).at());
                batch.push(fixture::log_line(line.as_bytes(), at));
            });
            batch.pieces().try_for_each(|piece| segment.append_durably(piece))
        };
        append(&mut segment, 0..5).unwrap();
        change(&faults, &layout.active());
        while append(&mut segment, 5..9).is_err() {}
        segment.seal().unwrap();
        let is_finish = |chore| match chore {
            Chore::Finish(id, counted) => Some((id, counted)),
            _ => None,
        };
        let (id, counted) = to_do.iter().find_map(is_finish).unwrap();
        let path = layout.hot(id);
        let read = seal::tally(&path).unwrap().footer(id);
        let is_counted = counted.as_ref() == Some(&read);
        assert_eq!(seal::finish(&path, id, &aside, counted, None).unwrap(), read);
        is_counted
    }

    #[test]
    fn a_footer_is_made_of_what_was_counted_or_else_of_what_is_read() {
        let add = |path: &Path, text: &str| {
            OpenOptions::new().append(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
        };
        assert!(check_counted(|_, _| {}));
        assert!(check_counted(|faults, _| faults.fail_writes(2)));
        assert!(check_counted(|faults, _| faults.fail_syncs(2)));
        assert!(!check_counted(|_, path| add(path, "{}\n")));
        assert!(!check_counted(|_, path| fs::write(path, fixture::line(1)).unwrap()));
    }
}
