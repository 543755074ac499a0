//! A segment file that ends with a whole line, whatever the disk does.
//!
//! A write may be cut short by a full disk or a dying one. Then the file is cut back to its last good
//! length before anything else is written, so a line is never glued to half of another.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::batch::Piece;
use super::keeper::{Chore, Chores};
use super::recover::{Recovered, recover};
use crate::index::fresh::Fresh;
use crate::segment::footer::Tally;
use crate::segment::{Layout, extent};
use crate::{SegmentId, StoreError, disk, fail};

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

    /// Makes sure that the segment's name still stands for this file. Where it does not, because
    /// somebody has removed or renamed it, the file of that name is taken, made anew if need be. True
    /// if this is another file now; it ends with a whole line.
    fn follow_name(&mut self) -> io::Result<bool> {
        Ok(false)
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

/// A segment on a real disk.
#[derive(Debug)]
pub(crate) struct DiskFile {
    file: File,
    /// The same file. On Windows a handle that appends may not cut, and a path may have come to name
    /// another file.
    cutter: File,
    path: PathBuf,
    quarantine: PathBuf,
    layout: Layout,
    /// Whoever gives sealed segments their footers.
    chores: Chores,
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
    /// What it is called once it is sealed; none if anything in it was not written here.
    id: Option<SegmentId>,
    /// Where the index is told of what is written.
    fresh: Arc<Fresh>,
}

impl DiskFile {
    /// Opens the active segment for appending and makes its name durable. Returns its good length and
    /// how many bytes of torn lines were put aside into `quarantine`.
    pub(crate) fn open(
        layout: &Layout,
        quarantine: &Path,
        chores: Chores,
    ) -> Result<(Self, Recovered), StoreError> {
        Self::open_at(layout.active(), layout, quarantine, chores)
    }

    fn open_at(
        path: PathBuf,
        layout: &Layout,
        quarantine: &Path,
        chores: Chores,
    ) -> Result<(Self, Recovered), StoreError> {
        disk::create_dir(layout.dir())?;
        let recovered = recover(&path, quarantine)?;
        let opened =
            |result: io::Result<File>| result.map_err(StoreError::io("open the event log", &path));
        let file = opened(
            disk::private_file(&path)
                .and_then(|mut file| file.append(true).create(true).open(&path)),
        )?;
        let cutter = opened(OpenOptions::new().write(true).open(&path))?;
        disk::sync_dir(layout.dir())?;
        let (layout, quarantine) = (layout.clone(), quarantine.to_owned());
        Ok((Self { file, cutter, path, quarantine, layout, chores }, recovered))
    }

    /// Opens the file that the name stands for now.
    fn reopen(&mut self) -> io::Result<()> {
        let path = self.path.clone();
        let (file, _) = Self::open_at(path, &self.layout, &self.quarantine, self.chores.clone())
            .map_err(io::Error::other)?;
        // The old file may live on under another name. If this fails there is nobody to tell.
        drop(self.sync());
        *self = file;
        Ok(())
    }
}

impl SegmentFile for DiskFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        fail::point("log.before_sync");
        self.file.sync_data()?;
        fail::point("log.synced");
        Ok(())
    }

    fn truncate(&mut self, len: u64) -> io::Result<()> {
        if self.cutter.metadata()?.len() > len { self.cutter.set_len(len) } else { Ok(()) }
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn follow_name(&mut self) -> io::Result<bool> {
        if disk::is_named(&self.file, &self.path) {
            return Ok(false);
        }
        self.reopen()?;
        tracing::warn!(path = %self.path.display(), "the event log was removed or renamed; a new file is begun");
        Ok(true)
    }

    fn seal(&mut self, counted: Option<Tally>) -> io::Result<()> {
        // Where an earlier try got as far as the name, only the new file is missing.
        if disk::is_named(&self.file, &self.path) {
            self.seal_away(counted)?;
        }
        if disk::is_named(&self.file, &self.path) { Ok(()) } else { self.reopen() }
    }

    fn seal_away(&mut self, counted: Option<Tally>) -> io::Result<()> {
        let named = extent::at(&self.path)?;
        // Without an event there is no name, and nothing that would be worth one.
        let Some(extent) = named.filter(|_| disk::is_named(&self.file, &self.path)) else {
            return Ok(());
        };
        fail::point("seal.before_sync");
        self.file.sync_all()?;
        let id = self.layout.free(extent.id);
        fail::point("seal.before_rename");
        fs::rename(&self.path, self.layout.hot(id))?;
        fail::point("seal.after_rename");
        let footer = counted.map(|tally| tally.footer(id));
        if self.chores.send(Chore::Finish(id, footer)).is_err() {
            tracing::debug!(segment = %id, "nobody gives it a footer now; the next start does");
        }
        disk::sync_dir(self.layout.dir()).map_err(io::Error::other)?;
        fail::point("seal.done");
        Ok(())
    }

    fn late(&self) -> io::Result<Self> {
        let opened =
            Self::open_at(self.layout.late(), &self.layout, &self.quarantine, self.chores.clone());
        opened.map(|(file, _)| file).map_err(io::Error::other)
    }
}

impl<F: SegmentFile> Segment<F> {
    /// An empty segment.
    #[cfg(test)]
    pub(crate) fn new(file: F) -> Self {
        Self { file, len: 0, torn: false, tally: None, id: None, fresh: Arc::default() }
    }

    /// A segment that ends with a whole line.
    pub(crate) fn open(file: F) -> io::Result<Self> {
        let (len, fresh) = (file.len()?, Arc::default());
        Ok(Self { file, len, torn: false, tally: None, id: None, fresh })
    }

    /// The same through another file.
    pub(crate) fn on<G>(self, disk: impl FnOnce(F) -> G) -> Segment<G> {
        let Self { file, len, torn, tally, id, fresh } = self;
        Segment { file: disk(file), len, torn, tally, id, fresh }
    }

    /// The same, telling the index of what is written.
    pub(crate) fn telling(self, fresh: &Arc<Fresh>) -> Self {
        Self { fresh: Arc::clone(fresh), ..self }
    }

    /// Appends whole lines: all of them, or none.
    pub(crate) fn append(&mut self, piece: Piece<'_>) -> io::Result<()> {
        self.write(piece.lines)?;
        self.count(piece);
        Ok(())
    }

    fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        // First, so that a file that was renamed is left whole.
        let healed = self.heal();
        if self.file.follow_name()? {
            (self.torn, self.tally) = (false, None);
        } else {
            healed?;
        }
        self.len = self.file.len()?;
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
        self.id = self.id.filter(|_| self.tally.is_some());
        if let Some(id) = self.id {
            self.fresh.push(id, before, piece.counts.bytes, piece.rows);
        }
    }

    /// What the index has not read of it by now, it reads once it is sealed.
    fn end_telling(&mut self) {
        self.id.take().into_iter().for_each(|id| self.fresh.forget(id));
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
        self.heal()?;
        self.file.seal(self.tally.clone())?;
        self.end_telling();
        self.len = self.file.len()?;
        Ok(())
    }

    /// Seals what is in it; this is its end.
    pub(crate) fn seal_away(&mut self) -> io::Result<()> {
        self.heal()?;
        self.end_telling();
        self.file.seal_away(self.tally.clone())
    }

    /// A segment for lines of days that are over.
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
    use std::sync::{Arc, mpsc};

    use aios_core::Timestamp;

    use super::super::batch::Batch;
    use super::super::faulty::{DiskFaults, Faulty};
    use super::*;
    use crate::segment::seal;
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
        let Chore::Finish(id, counted) = to_do.recv().unwrap() else { panic!("no segment") };
        let path = layout.hot(id);
        let read = seal::tally(&path).unwrap().footer(id);
        let is_counted = counted.as_ref() == Some(&read);
        assert_eq!(seal::finish(&path, id, &aside, counted).unwrap(), read);
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
