//! The files of the trail: one for each UTC day on which there was something to write.
//!
//! Their order is that of the entries in them, not that of their names: a clock that was wrong for a while
//! leaves a file of a day to come, and the trail goes on behind it in a file of the right day.

use std::io::BufRead as _;
use std::path::{Path, PathBuf};

use aios_core::Timestamp;

use super::entry;
use crate::{StoreError, disk, lines::LINE_MAX, regular};

/// Characters of a day, as in `2027-01-15`.
const DAY_CHARS: usize = 10;

/// Most files of one day. Each needs a clock that went a day ahead and back.
const PARTS_MAX: u32 = 1000;

/// Read at a time of a file's first line: it is the whole of most. A year has 365 files.
const FIRST_BYTES: usize = 512;

/// A file of the trail.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct DayFile {
    pub(crate) day: String,
    /// From 1.
    part: u32,
}

/// The day of a time. Days sort as text, for as long as years have four digits.
pub(crate) fn day(at: Timestamp) -> String {
    at.to_string().chars().take(DAY_CHARS).collect()
}

impl DayFile {
    /// Of a day, the first file that nothing was written to yet.
    pub(crate) fn unwritten(audit: &Path, day: &str) -> Result<Self, StoreError> {
        for part in 1..=PARTS_MAX {
            let file = Self { day: day.to_owned(), part };
            let path = file.path(audit);
            match std::fs::symlink_metadata(&path) {
                // Whatever else stands there is refused when it is opened.
                Ok(there) if there.is_file() && there.len() > 0 => {}
                Ok(_) | Err(_) => return Ok(file),
            }
        }
        let why = format!("there are {PARTS_MAX} files of the day {day} already");
        Err(StoreError::corrupt(audit, why))
    }

    pub(crate) fn path(&self, audit: &Path) -> PathBuf {
        audit.join(match self.part {
            1 => format!("{}.ndjson", self.day),
            part => format!("{}.{part}.ndjson", self.day),
        })
    }

    fn of_name(name: &str) -> Option<Self> {
        let stem = name.strip_suffix(".ndjson")?;
        let (day, part) = match stem.split_once('.') {
            None => (stem, 1),
            Some((day, part)) => (day, part.parse().ok().filter(|part| *part > 1)?),
        };
        let is_day = day.len() == DAY_CHARS
            && day.bytes().enumerate().all(|(n, byte)| match n {
                4 | 7 => byte == b'-',
                _ => byte.is_ascii_digit(),
            });
        is_day.then(|| Self { day: day.to_owned(), part })
    }
}

/// The files in the order of their entries. One whose first entry cannot be read stays behind the one
/// that its name comes after.
pub(crate) fn in_order(audit: &Path) -> Result<Vec<DayFile>, StoreError> {
    if audit.exists() && !audit.is_dir() {
        return Err(StoreError::corrupt(
            audit,
            "it is no directory, where the trail should be".to_owned(),
        ));
    }
    let mut files: Vec<_> =
        disk::entries_in(audit)?.iter().filter_map(|name| DayFile::of_name(name)).collect();
    files.sort_unstable();
    let mut before = 0;
    let mut placed = Vec::new();
    for file in files {
        let path = file.path(audit);
        let first = first_seq(&path).map_err(StoreError::io("read the audit trail", &path))?;
        before = first.unwrap_or(before);
        placed.push((before, file));
    }
    placed.sort_by_key(|(first, _)| *first);
    Ok(placed.into_iter().map(|(_, file)| file).collect())
}

fn first_seq(path: &Path) -> std::io::Result<Option<u64>> {
    let mut line = Vec::new();
    let file = std::io::Read::take(regular::open(path)?, LINE_MAX as u64);
    std::io::BufReader::with_capacity(FIRST_BYTES, file).read_until(b'\n', &mut line)?;
    let read = std::str::from_utf8(line.trim_ascii_end()).ok().map(entry::read);
    Ok(read.and_then(Result::ok).map(|read| read.entry.seq))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_days_are_files_of_the_trail() {
        let check = |name: &str, expect: Option<(&str, u32)>| {
            let found = DayFile::of_name(name);
            let found = found.as_ref().map(|file| (file.day.as_str(), file.part));
            assert_eq!(found, expect, "{name}");
        };
        check("2027-01-15.ndjson", Some(("2027-01-15", 1)));
        check("2027-01-15.2.ndjson", Some(("2027-01-15", 2)));
        for other in ["checkpoints.ndjson", "2027-01-15.1.ndjson", "2027-01-15.x.ndjson"] {
            check(other, None);
        }
        for other in ["2027-01-15", "2027-1-15.ndjson", "2027_01-15.ndjson"] {
            check(other, None);
        }
    }
}
