//! A segment file that ends with a whole line, whatever the disk does.
//!
//! A write may be cut short by a full disk or a dying one. Then the file is cut back to its last good
//! length before anything else is written, so a line is never glued to half of another.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::recover::{Recovered, recover};
use crate::{StoreError, disk};

/// The file operations of the writer, so that full, slow and failing disks can be tested.
pub(crate) trait SegmentFile: Send + 'static {
    /// Writes at the end; returns how many bytes were taken.
    fn append(&mut self, bytes: &[u8]) -> io::Result<usize>;

    /// Forces what was written to the disk.
    fn sync(&mut self) -> io::Result<()>;

    /// Cuts the file to `len` bytes. Does not make it longer.
    fn truncate(&mut self, len: u64) -> io::Result<()>;

    /// Makes sure that the segment's name still stands for this file. Where it does not, because
    /// somebody has removed or renamed it, a new file is begun; its good length is returned.
    fn follow_name(&mut self) -> io::Result<Option<u64>> {
        Ok(None)
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
}

/// A segment and its good length.
#[derive(Debug)]
pub(crate) struct Segment<F> {
    file: F,
    len: u64,
    /// Bytes past the good length may be in the file.
    torn: bool,
}

impl DiskFile {
    /// Opens a segment for appending and makes its name durable. Returns its good length and how many
    /// bytes of torn lines were put aside into `quarantine`.
    pub(crate) fn open(path: &Path, quarantine: &Path) -> Result<(Self, Recovered), StoreError> {
        let dir = path.parent().unwrap_or_else(|| Path::new("."));
        disk::create_dir(dir)?;
        let recovered = recover(path, quarantine)?;
        let opened =
            |result: io::Result<File>| result.map_err(StoreError::io("open the event log", path));
        let file = opened(disk::private_file().append(true).create(true).open(path))?;
        let cutter = opened(OpenOptions::new().write(true).open(path))?;
        disk::sync_dir(dir)?;
        let (path, quarantine) = (path.to_owned(), quarantine.to_owned());
        Ok((Self { file, cutter, path, quarantine }, recovered))
    }
}

impl SegmentFile for DiskFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn truncate(&mut self, len: u64) -> io::Result<()> {
        if self.cutter.metadata()?.len() > len { self.cutter.set_len(len) } else { Ok(()) }
    }

    fn follow_name(&mut self) -> io::Result<Option<u64>> {
        if disk::is_named(&self.file, &self.path) {
            return Ok(None);
        }
        let path = self.path.clone();
        let (file, recovered) = Self::open(&path, &self.quarantine).map_err(io::Error::other)?;
        *self = file;
        tracing::warn!(path = %path.display(), "the event log was removed or renamed; a new file is begun");
        Ok(Some(recovered.len))
    }
}

impl<F: SegmentFile> Segment<F> {
    /// A segment whose first `len` bytes are good, and are all there is.
    pub(crate) fn new(file: F, len: u64) -> Self {
        Self { file, len, torn: false }
    }

    /// Appends whole lines: all of them, or none.
    pub(crate) fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        if let Some(len) = self.file.follow_name()? {
            (self.len, self.torn) = (len, false);
        }
        self.heal()?;
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
    pub(crate) fn append_durably(&mut self, lines: &[u8]) -> io::Result<()> {
        let before = self.len;
        self.append(lines)?;
        let synced = self.file.sync();
        if synced.is_err() {
            (self.len, self.torn) = (before, true);
            drop(self.heal());
        }
        synced
    }

    /// Forces everything to disk.
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        self.file.sync()
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
