//! Files that are named like the event log and are none of its segments.
//!
//! A program before this one kept its log under other names: rotated by time, compressed or not. No segment is
//! called so, so nothing reads such a file, it is not masked, and its time is never over. Those of an older
//! schema wait for `aios logs migrate`; others are somebody's copies. All are named until they are gone.

use std::fmt;
use std::fs;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;
use serde::Serialize;

use super::older::Older;
use crate::segment::facts::{self, Kind};
use crate::segment::{FileKind, Layout, names};
use crate::{DataDir, StoreError, disk, fail, regular};

/// A file that is named like the event log's and is none of its segments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outside {
    /// The file.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// Whether it is of an older schema, so that it can be migrated.
    pub is_older: bool,
}

impl Outside {
    /// What is wrong with it, and what to do.
    #[must_use]
    pub fn why(&self) -> &'static str {
        match self.is_older {
            true => {
                "a log of an older schema: nothing reads it, what it says is not masked, and its time is never over; hint: `aios logs migrate` takes it in"
            }
            false => {
                "it is named like the event log and is none of its segments: nothing reads it, and its time is never over; hint: remove it, or move it to another place"
            }
        }
    }
}

impl fmt::Display for Outside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.why())
    }
}

/// All of them, in the order in which they are migrated: what was set aside, then by their names.
///
/// # Errors
/// When the log's directory or the beginning of a file cannot be read.
pub fn outside(dir: &DataDir) -> Result<Vec<Outside>, StoreError> {
    let layout = Layout::of(dir);
    let mut all = Vec::new();
    for name in names(&layout)? {
        let path = layout.dir().join(&name);
        let is_older = match FileKind::of(&name) {
            FileKind::Older if is_taken_in(&path)? => continue,
            FileKind::Older => true,
            FileKind::Active if begins_older(&path)? => true,
            // What cannot be read cannot be migrated either.
            FileKind::Other if is_outside(&name) => {
                is_log(&name) && begins_older(&path).unwrap_or(false)
            }
            FileKind::Active
            | FileKind::Late
            | FileKind::Hot(_)
            | FileKind::Cold(_)
            | FileKind::Sidecar(_)
            | FileKind::Stray
            | FileKind::Other => continue,
        };
        all.push(Outside { bytes: disk::len(&path), path, is_older });
    }
    let (older, active) = (layout.older(), layout.active());
    all.sort_by_key(|one| (one.path != older, one.path == active, one.path.clone()));
    Ok(all)
}

/// Whether a file has the log's name and none that it gives.
pub(crate) fn is_outside(name: &str) -> bool {
    name.starts_with("hypotheses.") && FileKind::of(name) == FileKind::Other
}

/// Whether it is called as a log is. A copy, such as `.bak`, holds what was erased from the log since.
fn is_log(name: &str) -> bool {
    name.ends_with(".ndjson") || name.ends_with(".ndjson.gz")
}

/// Puts an active segment of an older schema aside, so that new events do not mix with it, if there is room for it; and
/// says what waits.
pub(crate) fn set_aside(dir: &DataDir) -> Result<(), StoreError> {
    let layout = Layout::of(dir);
    let is_free = layout.older().symlink_metadata().is_err();
    if is_free && begins_older(&layout.active())? {
        move_aside(&layout, &layout.active())?;
    }
    for file in outside(dir)? {
        tracing::warn!(path = %file.path.display(), "{}", file.why());
    }
    Ok(())
}

/// Gives a log the name of one that waits, under which it is taken in.
pub(super) fn move_aside(layout: &Layout, path: &Path) -> Result<(), StoreError> {
    let failed = || StoreError::io("set aside", path);
    regular::must_not_be_barred(&layout.older()).map_err(failed())?;
    fail::point("older.before_rename");
    fs::rename(path, layout.older()).map_err(failed())?;
    fail::point("older.renamed");
    disk::sync_dir(layout.dir())?;
    fail::point("older.done");
    Ok(())
}

/// A log's text, unpacked if it is packed.
pub(super) fn open(path: &Path) -> io::Result<Box<dyn BufRead>> {
    let mut file = BufReader::new(regular::open(path)?);
    let is_packed = file.fill_buf()?.starts_with(&disk::GZIP);
    Ok(if is_packed { Box::new(BufReader::new(MultiGzDecoder::new(file))) } else { Box::new(file) })
}

/// So many lines at the beginning may be of no schema, such as half of one.
const HEAD_LINES: usize = 64;

/// What editors on Windows put at the beginning of a text.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Whether the first line that is of any schema is of an older one.
fn begins_older(path: &Path) -> Result<bool, StoreError> {
    let read = || {
        let mut head = match open(path) {
            Ok(file) => file.take(crate::LINE_MAX as u64),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        };
        let mut line = Vec::new();
        for _ in 0..HEAD_LINES {
            line.clear();
            if head.read_until(b'\n', &mut line)? == 0 {
                return Ok(false);
            }
            let text = without_mark(&line).trim_ascii_end();
            if !matches!(facts::of(text), Kind::Bad) {
                return Ok(false);
            }
            if Older::read(text).is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    };
    read().map_err(StoreError::io("read", path))
}

pub(super) fn without_mark(line: &[u8]) -> &[u8] {
    line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line)
}

/// Whether what was set aside was migrated, and has only to be cut into segments. Also where nothing is there.
pub(crate) fn is_taken_in(path: &Path) -> Result<bool, StoreError> {
    let file = match regular::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(StoreError::io("read", path)(error)),
    };
    let mut line = Vec::new();
    let mut head = BufReader::new(file.take(crate::LINE_MAX as u64));
    head.read_until(b'\n', &mut line).map_err(StoreError::io("read", path))?;
    Ok(match facts::of(line.trim_ascii_end()) {
        Kind::Event(_) => true,
        // Nothing of it was an answer.
        Kind::Footer | Kind::Bad => line.is_empty(),
    })
}
