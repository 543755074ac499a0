//! A segment file that ends with a whole line, whatever the disk does.
//!
//! A write may be cut short by a full disk or a dying one. Then the file is cut back to its last good
//! length before anything else is written, so a line is never glued to half of another.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::{StoreError, disk};

/// The file operations of the writer, so that full, slow and failing disks can be tested.
pub(crate) trait SegmentFile: Send + 'static {
    /// Writes at the end; returns how many bytes were taken.
    fn append(&mut self, bytes: &[u8]) -> io::Result<usize>;

    /// Forces what was written to the disk.
    fn sync(&mut self) -> io::Result<()>;

    /// Cuts the file to `len` bytes. Does not make it longer.
    fn truncate(&mut self, len: u64) -> io::Result<()>;
}

/// A segment on a real disk.
#[derive(Debug)]
pub(crate) struct DiskFile {
    file: File,
    path: PathBuf,
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
    /// Opens a segment for appending and makes its name durable.
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        let dir = path.parent().unwrap_or_else(|| Path::new("."));
        disk::create_dir(dir)?;
        let mut options = disk::private_file();
        let file = options
            .append(true)
            .create(true)
            .open(path)
            .map_err(StoreError::io("open the event log", path))?;
        disk::sync_dir(dir)?;
        Ok(Self { file, path: path.to_owned() })
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
        // Through a second handle: on Windows one that appends may not cut.
        let file = OpenOptions::new().write(true).open(&self.path)?;
        if file.metadata()?.len() > len { file.set_len(len) } else { Ok(()) }
    }
}

impl<F: SegmentFile> Segment<F> {
    /// A segment whose first `len` bytes are good, and are all there is.
    pub(crate) fn new(file: F, len: u64) -> Self {
        Self { file, len, torn: false }
    }

    /// Appends whole lines: all of them, or none.
    pub(crate) fn append(&mut self, lines: &[u8]) -> io::Result<()> {
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
