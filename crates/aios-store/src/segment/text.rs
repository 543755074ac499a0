//! The text of a sealed segment, whichever way it is kept.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;

use super::name::{Layout, SegmentId};
use crate::disk::AT_ONCE;
use crate::{StoreError, regular};

/// Reads a segment's text.
#[derive(Debug)]
pub struct Text {
    path: PathBuf,
    reader: Reader,
}

#[derive(Debug)]
enum Reader {
    Hot(BufReader<File>),
    Cold(Box<BufReader<MultiGzDecoder<BufReader<File>>>>),
}

impl Text {
    /// Opens a segment; `None` if there is none of that id.
    pub(crate) fn open(layout: &Layout, id: SegmentId) -> Result<Option<Self>, StoreError> {
        // A hot one may become cold between the two looks, never the other way.
        for (path, is_cold) in [(layout.hot(id), false), (layout.cold(id), true)] {
            match regular::open(&path) {
                Ok(file) => return Ok(Some(Self::of(file, path, is_cold))),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                // A link or a directory has the name: that is none, and the segment may have the other one.
                Err(error) if regular::is_irregular(&error) => {}
                Err(error) => return Err(StoreError::io("open", &path)(error)),
            }
        }
        Ok(None)
    }

    /// The segment's file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it has to be unpacked.
    pub(crate) const fn is_cold(&self) -> bool {
        matches!(self.reader, Reader::Cold(_))
    }

    /// The file itself, which can be read from its end; the text again if that has to be unpacked.
    pub(crate) fn into_file(self) -> Result<File, Self> {
        match self.reader {
            Reader::Hot(reader) => Ok(reader.into_inner()),
            Reader::Cold(_) => Err(self),
        }
    }

    /// Passes over so many bytes; at once where they need not be unpacked.
    pub(crate) fn skip(&mut self, n: u64) -> io::Result<()> {
        match &mut self.reader {
            Reader::Hot(reader) => reader.seek_relative(i64::try_from(n).unwrap_or(i64::MAX)),
            Reader::Cold(reader) => io::copy(&mut reader.take(n), &mut io::sink()).map(drop),
        }
    }

    fn of(file: File, path: PathBuf, is_cold: bool) -> Self {
        let file = BufReader::with_capacity(AT_ONCE, file);
        let reader = if is_cold {
            Reader::Cold(Box::new(BufReader::with_capacity(AT_ONCE, MultiGzDecoder::new(file))))
        } else {
            Reader::Hot(file)
        };
        Self { path, reader }
    }
}

impl Read for Text {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.reader {
            Reader::Hot(reader) => reader.read(buffer),
            Reader::Cold(reader) => reader.read(buffer),
        }
    }
}

impl BufRead for Text {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match &mut self.reader {
            Reader::Hot(reader) => reader.fill_buf(),
            Reader::Cold(reader) => reader.fill_buf(),
        }
    }

    fn consume(&mut self, n: usize) {
        match &mut self.reader {
            Reader::Hot(reader) => reader.consume(n),
            Reader::Cold(reader) => reader.consume(n),
        }
    }
}
