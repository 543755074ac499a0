//! A segment's file on a real disk, and what others do to it while it is written.

use std::fs::{self, File};
use std::io::{self, BufReader, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use super::keeper::{Chore, Chores};
use super::recover::{Recovered, recover};
use super::segment::{Counted, Named, SegmentFile};
use crate::disk::AT_ONCE;
use crate::register::Loss;
use crate::segment::footer::Tally;
use crate::segment::{Layout, extent};
use crate::{StoreError, disk, fail, regular};

/// A segment on a real disk.
#[derive(Debug)]
pub(crate) struct DiskFile {
    file: File,
    /// The same file, to be read and cut. On Windows a handle that appends may not cut, and a path may have come to
    /// name another file.
    cutter: File,
    path: PathBuf,
    quarantine: PathBuf,
    layout: Layout,
    /// Whoever gives sealed segments their footers.
    chores: Chores,
    /// It has its own name already, and the new file is still missing.
    is_sealed: bool,
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
        let file = opened(regular::open_to_append(&path))?;
        let cutter = opened(regular::open_to_mend(&path))?;
        fail::point("log.before_named");
        disk::sync_dir(layout.dir())?;
        fail::point("log.named");
        let (layout, quarantine) = (layout.clone(), quarantine.to_owned());
        let file = Self { file, cutter, path, quarantine, layout, chores, is_sealed: false };
        Ok((file, recovered))
    }

    /// Lines at its beginning that stand in the file that has its name now, too. One that was replaced by a copy of
    /// itself, as editors do, has lost nothing.
    fn n_lines_in_common(&self) -> io::Result<u64> {
        // Nothing is there, or nothing that is ours.
        let Ok(named) = regular::open(&self.path) else { return Ok(0) };
        (&self.cutter).rewind()?;
        let mut other = BufReader::with_capacity(AT_ONCE, named);
        let (mut n_lines, mut differs) = (0, false);
        let mut ours = BufReader::with_capacity(AT_ONCE, &self.cutter);
        each_chunk(&mut ours, |chunk| {
            let mut theirs = Vec::with_capacity(chunk.len());
            let read = (&mut other).take(chunk.len() as u64).read_to_end(&mut theirs);
            let n_same = chunk.iter().zip(&theirs).take_while(|(a, b)| a == b).count();
            if !differs {
                let same = chunk.get(..n_same).unwrap_or_default();
                n_lines += memchr::memchr_iter(b'\n', same).count() as u64;
            }
            differs |= read.is_err() || n_same < chunk.len();
        })?;
        Ok(n_lines)
    }

    /// Its name, from the data directory.
    fn shown(&self) -> String {
        let name =
            |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        format!("{}/{}", name(self.layout.dir()), name(&self.path))
    }

    /// Opens the file that the name stands for now.
    fn reopen(&mut self) -> io::Result<()> {
        let path = self.path.clone();
        let (file, _) = Self::open_at(path, &self.layout, &self.quarantine, self.chores.clone())
            .map_err(as_io)?;
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

    fn follow_name(&mut self) -> io::Result<Named> {
        if disk::is_named(&self.file, &self.path) {
            return Ok(Named::Still);
        }
        if self.is_sealed {
            self.reopen()?;
            return Ok(Named::Sealed);
        }
        let n_left = self.n_lines_in_common()?;
        self.reopen()?;
        tracing::warn!(path = %self.path.display(), "the event log was removed, renamed or replaced; another file is gone on in");
        Ok(Named::Taken { n_left })
    }

    fn mend(&mut self) -> io::Result<()> {
        recover(&self.path, &self.quarantine).map(drop).map_err(io::Error::other)
    }

    fn counted(&self) -> io::Result<Counted> {
        let extent = extent::of(&self.cutter)?;
        let (first, last) = (extent.map(|extent| extent.first), extent.map(|extent| extent.last));
        (&self.cutter).rewind()?;
        let mut n_lines = 0;
        let mut text = BufReader::with_capacity(AT_ONCE, &self.cutter);
        each_chunk(&mut text, |chunk| n_lines += memchr::memchr_iter(b'\n', chunk).count() as u64)?;
        Ok(Counted { n_lines, first, last })
    }

    fn tell_lost(&self, counted: Counted, n_lines: u64) {
        let loss = Loss {
            file: self.shown(),
            n_lines,
            first_ts: counted.first,
            last_ts: counted.last,
            why: "somebody has cut, replaced or removed it while it was written".to_owned(),
        };
        if self.chores.send(Chore::Lost(loss)).is_err() {
            tracing::debug!("nobody writes down now what was lost");
        }
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
        self.is_sealed = true;
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
        opened.map(|(file, _)| file).map_err(as_io)
    }
}

/// What cannot be opened because no file of ours stands there can be told from all else.
fn as_io(error: StoreError) -> io::Error {
    match error {
        StoreError::Io { source, .. } if regular::is_irregular(&source) => source,
        other => io::Error::other(other),
    }
}

fn each_chunk(text: &mut impl io::BufRead, mut see: impl FnMut(&[u8])) -> io::Result<()> {
    loop {
        let chunk = text.fill_buf()?;
        if chunk.is_empty() {
            return Ok(());
        }
        see(chunk);
        let n = chunk.len();
        text.consume(n);
    }
}
