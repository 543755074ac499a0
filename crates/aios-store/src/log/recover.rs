//! Repairs the end of a segment when the log is opened.
//!
//! A process that was killed may have left half a line, a machine that lost power also lines of
//! garbage. They are moved aside, not deleted: someone may want to look. Half a line was acknowledged to nobody; a whole
//! line may have been, and counts as lost.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use aios_core::Timestamp;
use serde::de::IgnoredAny;

use crate::back::{Back, BackLines};
use crate::replace::remove;
use crate::{StoreError, disk, fail, regular};

/// Most lines of garbage that are cut off at the end. More of it is not the work of a crash; it stays,
/// and readers report it line by line.
const GARBAGE_LINES_MAX: usize = 16;

/// Most files with the same name in the quarantine.
const SAME_NAME_MAX: usize = 1000;

/// What was found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Recovered {
    /// Good bytes in the segment.
    pub(crate) len: u64,
    /// Bytes that were moved aside.
    pub(crate) quarantined: u64,
    /// Whole lines in them.
    pub(crate) n_lines: u64,
    /// When somebody last wrote to the segment before that, as far as it is known.
    pub(crate) written: Option<Timestamp>,
}

/// Makes the segment end with a whole line of JSON. A segment that is not there is left so.
pub(crate) fn recover(segment: &Path, quarantine: &Path) -> Result<Recovered, StoreError> {
    let mut file = match regular::open_to_mend(segment) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Recovered::default()),
        Err(error) => return Err(StoreError::io("open the event log", segment)(error)),
    };
    let failed = || StoreError::io("read the event log", segment);
    let Measured { len, good, n_lines } = measure(&mut file).map_err(failed())?;
    let written = file.metadata().and_then(|metadata| metadata.modified()).map_err(failed())?;
    if good < len {
        let aside = move_aside(&mut file, good, segment, quarantine)?;
        disk::cut(&file, good, "recover.before_cut", "recover.cut")
            .map_err(StoreError::io("cut the event log", segment))?;
        let (bytes, to) = (len - good, aside.display());
        if n_lines > 0 {
            tracing::error!(n_lines, bytes, %to, "lines at the end of the event log hold no events; they were moved aside, and what they held is lost");
        } else {
            tracing::warn!(bytes, %to, "a torn end of the event log was moved aside");
        }
    }
    Ok(Recovered { len: good, quarantined: len - good, n_lines, written: timestamp(written) })
}

/// The files in the quarantine that a segment was put aside into from its beginning: torn copies of it.
pub(crate) fn aside_of(segment: &Path, quarantine: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let stem = segment.file_stem().unwrap_or_default().to_string_lossy();
    let (head, tail) = (format!("{stem}.at-0-"), ".torn");
    let names = disk::names_in(quarantine)?.into_iter();
    let is_copy = |name: &String| name.starts_with(&head) && name.ends_with(tail);
    Ok(names.filter(is_copy).map(|name| quarantine.join(name)).collect())
}

/// Puts a whole segment into the quarantine: one that is less than what stands beside it.
pub(crate) fn put_aside(segment: &Path, quarantine: &Path) -> Result<(), StoreError> {
    let mut file = regular::open(segment).map_err(StoreError::io("open", segment))?;
    let aside = move_aside(&mut file, 0, segment, quarantine)?;
    drop(file);
    remove(segment, "aside.before_remove", "aside.removed")?;
    tracing::warn!(to = %aside.display(), "a torn copy of a segment that is there compressed was moved aside; `aios logs verify` tells whether that one can be read");
    Ok(())
}

/// The length of a file, how much of it is good, and how many whole lines the rest holds.
struct Measured {
    len: u64,
    good: u64,
    n_lines: u64,
}

fn measure(file: &mut File) -> io::Result<Measured> {
    let mut lines = BackLines::new(file)?;
    let (mut good, mut n_lines) = (lines.data_end()?, 0);
    for _ in 0..GARBAGE_LINES_MAX {
        match lines.previous()? {
            Some(Back::Line { offset, bytes }) if !is_json(bytes) => {
                good = offset;
                // A line of nothing never held anything.
                n_lines += u64::from(!bytes.trim_ascii().is_empty());
            }
            Some(Back::Line { .. } | Back::TooLong { .. }) | None => {
                return Ok(Measured { len: lines.len(), good, n_lines });
            }
        }
    }
    // So much garbage is not a torn end: only what follows the last newline is.
    Ok(Measured { len: lines.len(), good: lines.data_end()?, n_lines: 0 })
}

fn timestamp(at: SystemTime) -> Option<Timestamp> {
    let since = at.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    i64::try_from(since.as_micros()).ok().map(Timestamp::from_micros)
}

fn is_json(line: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(line).is_ok()
}

fn move_aside(
    file: &mut File,
    from: u64,
    segment: &Path,
    quarantine: &Path,
) -> Result<PathBuf, StoreError> {
    disk::create_dir(quarantine)?;
    let (path, mut aside) = new_file(segment, from, quarantine)?;
    let failed = || StoreError::io("write", &path);
    file.seek(SeekFrom::Start(from))
        .and_then(|_| io::copy(&mut file.take(u64::MAX), &mut aside))
        .map_err(failed())?;
    fail::point("aside.before_sync");
    aside.sync_all().map_err(failed())?;
    fail::point("aside.synced");
    disk::sync_dir(quarantine)?;
    fail::point("aside.done");
    Ok(path)
}

fn new_file(segment: &Path, from: u64, quarantine: &Path) -> Result<(PathBuf, File), StoreError> {
    let stem = segment.file_stem().unwrap_or_default().to_string_lossy();
    let mut n = 1;
    loop {
        let path = quarantine.join(format!("{stem}.at-{from}-{n}.torn"));
        let made = disk::private_file(&path)
            .and_then(|mut file| file.write(true).create_new(true).open(&path));
        match made {
            Ok(file) => return Ok((path, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && n < SAME_NAME_MAX => {
                n += 1
            }
            Err(error) => return Err(StoreError::io("create", &path)(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Recovers a segment of `content`; `keeps` stays and the rest is in the quarantine.
    fn check(content: &str, keeps: &str) {
        let temp = tempfile::tempdir().unwrap();
        let (segment, quarantine) = (temp.path().join("hypotheses.ndjson"), temp.path().join("q"));
        for n in 1..=2 {
            fs::write(&segment, content).unwrap();
            let recovered = recover(&segment, &quarantine).unwrap();
            assert_eq!(fs::read_to_string(&segment).unwrap(), keeps, "{content:?}");
            assert_eq!(recovered.len, keeps.len() as u64);
            assert_eq!(recovered.quarantined, (content.len() - keeps.len()) as u64);
            if content == keeps {
                assert!(!quarantine.exists());
            } else {
                let name = format!("hypotheses.at-{}-{n}.torn", keeps.len());
                let aside = fs::read_to_string(quarantine.join(name)).unwrap();
                assert_eq!(aside, content.strip_prefix(keeps).unwrap());
            }
        }
    }

    #[test]
    fn a_torn_end_is_moved_aside() {
        check("", "");
        check("{}\n", "{}\n");
        check("{}\n{\"a\":", "{}\n");
        check("{}\n{}", "{}\n");
        check("{\"a\":", "");
        check("{}\n{\"a\"\n", "{}\n");
        check("{}\n\0\0\0\n\n\0\0", "{}\n");
        check("broken\n{}\n", "broken\n{}\n");
    }

    #[test]
    fn whole_lines_that_are_moved_aside_are_counted_and_half_a_line_is_not() {
        let check = |content: &str, expect: u64| {
            let temp = tempfile::tempdir().unwrap();
            let segment = temp.path().join("hypotheses.ndjson");
            fs::write(&segment, content).unwrap();
            let recovered = recover(&segment, &temp.path().join("q")).unwrap();
            assert_eq!(recovered.n_lines, expect, "{content:?}");
            assert!(recovered.written.is_some());
        };
        check("{}\n", 0);
        check("{}\n{\"a\":", 0);
        check("{}\n\n\n", 0);
        check("{}\n{\"a\"\n", 1);
        check("{}\nx\n\0\0\0\n\n\0\0", 2);
    }

    #[test]
    fn a_file_that_is_something_else_is_not_eaten() {
        let prose = "no json\n".repeat(GARBAGE_LINES_MAX + 1);
        check(&format!("{prose}half"), &prose);
    }

    #[test]
    fn no_segment_is_no_error() {
        let temp = tempfile::tempdir().unwrap();
        let recovered = recover(&temp.path().join("none"), &temp.path().join("q")).unwrap();
        assert_eq!(recovered, Recovered::default());
        assert_eq!(fs::read_dir(temp.path()).unwrap().count(), 0);
    }
}
