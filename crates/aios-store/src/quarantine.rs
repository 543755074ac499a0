//! How long what was put aside is kept.
//!
//! It is there for somebody to look at: torn ends, which were masked as events are before they were torn,
//! pieces of damaged segments, and lines of older logs, which are masked when they are put here. Nobody
//! knows when what is in them happened, so they are kept for as long as hot events are, from when they were
//! put aside. A hold may mean any of them and keeps all.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use aios_core::Timestamp;

use crate::replace::remove;
use crate::{DataDir, Holds, StoreError, disk};

/// Removes what was put aside more than `term` ago; with `dry_run` it only says what. Gives the files.
pub(crate) fn expire(
    dir: &DataDir,
    now: Timestamp,
    term: Duration,
    dry_run: bool,
) -> Result<Vec<PathBuf>, StoreError> {
    let quarantine = dir.quarantine_path();
    let mut over = Vec::new();
    for name in disk::names_in(&quarantine)? {
        let path = quarantine.join(name);
        let put_at = put_aside_at(&path).map_err(StoreError::io("look at", &path))?;
        if put_at.is_some_and(|at| now.since(at) > term) {
            over.push(path);
        }
    }
    if over.is_empty() || Holds::of(dir).list()?.iter().any(|hold| !hold.is_expired(now)) {
        return Ok(Vec::new());
    }
    for path in over.iter().filter(|_| !dry_run) {
        remove(path, "quarantine.before_remove", "quarantine.removed")?;
    }
    Ok(over)
}

/// `None` if it is gone.
fn put_aside_at(path: &std::path::Path) -> io::Result<Option<Timestamp>> {
    let written = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata.modified()?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let since = written.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let micros = i64::try_from(since.as_micros()).unwrap_or(i64::MAX);
    Ok(Some(Timestamp::from_micros(micros)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NewHold;

    const DAY: Duration = Duration::from_secs(86_400);

    fn at(days: u32) -> Timestamp {
        Timestamp::from_micros(1_800_000_000_000_000).plus(DAY * days)
    }

    /// A directory with something put aside on day 0 and day 10.
    fn dir() -> (tempfile::TempDir, DataDir) {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::open(temp.path()).unwrap();
        for day in [0, 10] {
            let path = dir.quarantine_path().join(format!("hypotheses.at-{day}-1.torn"));
            disk::write_atomic(&path, b"half").unwrap();
            let secs = u64::try_from(at(day).as_secs()).unwrap();
            let file = fs::File::options().write(true).open(&path).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(secs)).unwrap();
        }
        (temp, dir)
    }

    /// How many go on that day, and how many are left.
    fn check(dir: &DataDir, day: u32, dry_run: bool, expect: (usize, usize)) {
        let gone = expire(dir, at(day), 14 * DAY, dry_run).unwrap().len();
        let left = disk::names_in(&dir.quarantine_path()).unwrap().len();
        assert_eq!((gone, left), expect, "day {day}");
    }

    #[test]
    fn what_was_put_aside_goes_when_hot_events_are_compressed() {
        let (_temp, dir) = dir();
        check(&dir, 14, false, (0, 2));
        check(&dir, 15, true, (1, 2));
        check(&dir, 15, false, (1, 1));
        check(&dir, 24, false, (0, 1));
        check(&dir, 25, false, (1, 0));
    }

    #[test]
    fn a_hold_keeps_all_of_it() {
        let (_temp, dir) = dir();
        let hold = NewHold {
            owner: "legal".into(),
            reason: "case 7".into(),
            expires_at: at(30),
            since: Some(at(29)),
            until: None,
        };
        let redactor = aios_privacy::Redactor::new(&[]);
        Holds::of(&dir).add(hold, &redactor, at(0), crate::fixture::unrecorded).unwrap();
        check(&dir, 25, false, (0, 2));
        check(&dir, 31, false, (2, 0));
    }

    #[test]
    fn nothing_put_aside_is_nothing_to_do() {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::open(temp.path()).unwrap();
        check(&dir, 99, false, (0, 0));
    }
}
