//! Files of control that take no more lines: those that are full, and those that cannot be used.

use std::fs;
use std::path::PathBuf;

use aios_core::Timestamp;
use serde_json::Value;

use super::{ControlHistory, head};
use crate::head::ChainEnd;
use crate::replace::remove;
use crate::retention::Term;
use crate::sign::Signer;
use crate::{DataDir, StoreError, audit, disk, fail, stats};

/// What begins and ends the name of a file that is full; between them stands its first line's number.
const ROLLED: (&str, &str) = ("control.", ".ndjson");

/// Digits of that number, so that names sort like numbers.
const DIGITS: usize = 12;

/// What stands in the name of a file that cannot be used, before when it was put aside.
const ASIDE: &str = "corrupt-";

/// Whether a file of this name is full and sound.
pub(super) fn is_rolled(name: &str) -> bool {
    let number = name.strip_prefix(ROLLED.0).and_then(|rest| rest.strip_suffix(ROLLED.1));
    number.is_some_and(|number| {
        number.len() == DIGITS && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// Where the file that begins with this line goes when it is full.
pub(super) fn rolled(dir: &DataDir, first_seq: u64) -> PathBuf {
    let name = format!("{}{first_seq:0DIGITS$}{}", ROLLED.0, ROLLED.1);
    dir.analytics_path().join(name)
}

/// Renames everything that is there, so that it is read no more; the head last, so that a crash on the way leaves no
/// chain that seems whole. The next chain goes on counting behind everything that anybody knows of. Returns where the
/// newest file is now.
pub(super) fn put_aside(dir: &DataDir, at: Timestamp) -> Result<PathBuf, StoreError> {
    let stamp = at.as_micros();
    let seq = last_known(dir)?;
    let mut newest = dir.control_path();
    for (n, path) in super::files(dir)?.into_iter().enumerate() {
        let name = format!("{}{ASIDE}{stamp}-{n}{}", ROLLED.0, ROLLED.1);
        let aside = dir.analytics_path().join(name);
        fail::point("control.before_aside");
        fs::rename(&path, &aside).map_err(StoreError::io("put aside", &path))?;
        fail::point("control.renamed_aside");
        disk::sync_dir(&dir.analytics_path())?;
        fail::point("control.aside");
        newest = aside;
    }
    let headed = head::path(dir);
    if headed.exists() {
        let aside = dir.analytics_path().join(format!("{}{ASIDE}{stamp}.head", ROLLED.0));
        // A copy: without a head on the way, a crash would have the next chain count from the beginning.
        let text = fs::read(&headed).map_err(StoreError::io("put aside", &headed))?;
        disk::write_atomic(&aside, &text)?;
        fail::point("control.head_aside");
    }
    // That nothing is there any more is no accident.
    head::write(dir, &Signer::load(dir)?, &ChainEnd { seq, ..ChainEnd::nowhere() })?;
    Ok(newest)
}

/// The highest number of a line by the chain as far as it is sound, its head, and the audit trail.
fn last_known(dir: &DataDir) -> Result<u64, StoreError> {
    let read = ControlHistory::<Value>::read(dir)?.last_line();
    let headed = super::headed(dir)?;
    let witnessed = audit::control_witnessed(dir)?;
    Ok([headed, witnessed].into_iter().flatten().fold(read, u64::max))
}

/// Removes full files whose time is over, the oldest first, so that what is left is one piece. The newest that holds a
/// line stays: it says how things stand.
pub(super) fn prune(dir: &DataDir, term: Term, now: Timestamp) -> Result<usize, StoreError> {
    let mut n_removed = 0;
    let mut files = super::files(dir)?;
    while files.last().is_some_and(|newest| fs::metadata(newest).is_ok_and(|it| it.len() == 0)) {
        files.pop();
    }
    files.pop();
    for path in files {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let ends = stats::ends(&path).map_err(StoreError::io("read", &path))?;
        if !is_rolled(name) || !ends.is_some_and(|(_, last)| term.is_over(last, now)) {
            break;
        }
        remove(&path, "control.before_remove", "control.removed")?;
        n_removed += 1;
    }
    Ok(n_removed)
}
