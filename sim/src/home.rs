//! Where a process keeps what its seeds write, so that nothing of it stays: neither where it ends, nor, once the next one
//! has started, where it was killed.
//!
//! Beside the directory there is a lock file, which is there first and gone last. It is held for as long as the process
//! lives, however it ends: what a free one belongs to is nobody's any more.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tempfile::{NamedTempFile, TempDir};

/// Where Linux keeps files in memory: what is forced to the disk is there at once.
const IN_MEMORY: &str = "/dev/shm";

/// What the names of all of them begin with, and those of their lock files end with.
const PREFIX: &str = "aios-sim-";
const LOCK: &str = ".lock";

/// A directory of this process alone, which goes with it.
#[derive(Debug)]
pub struct Home {
    dir: PathBuf,
    /// Removed after the directory; none once it is left for whoever starts next.
    lock: Option<NamedTempFile>,
}

impl Home {
    /// Makes one in `base`, or in memory where there is such a place, or else where temporary files are. Those of processes
    /// that were killed are removed.
    ///
    /// # Errors
    /// Where nothing can be written or locked there.
    pub fn new(base: Option<&Path>) -> Result<Self> {
        let base = base.map_or_else(usual, Path::to_path_buf);
        Self::make(&base).with_context(|| format!("no directory in {}", base.display()))
    }

    fn make(base: &Path) -> Result<Self> {
        sweep(base)?;
        let lock = loop {
            let name = format!("{PREFIX}{}-", std::process::id());
            let file = tempfile::Builder::new().prefix(&name).suffix(LOCK).tempfile_in(base)?;
            if let Some(lock) = held(file)? {
                break lock;
            }
        };
        let dir = dir_of(lock.path());
        fs::create_dir(&dir)?;
        Ok(Self { dir, lock: Some(lock) })
    }

    /// A directory for one seed.
    pub(crate) fn room(&self) -> Result<TempDir> {
        let room = tempfile::tempdir_in(&self.dir);
        room.with_context(|| format!("no directory in {}", self.dir.display()))
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        // What cannot be removed is by whoever starts next, who finds it by its lock file: there is nobody to tell.
        if fs::remove_dir_all(&self.dir).is_err_and(|error| error.kind() != io::ErrorKind::NotFound)
        {
            drop(self.lock.take().map(NamedTempFile::keep));
        }
    }
}

fn usual() -> PathBuf {
    let in_memory = PathBuf::from(IN_MEMORY);
    if in_memory.is_dir() { in_memory } else { std::env::temp_dir() }
}

/// Takes hold of a lock file that was just made. None where somebody who sweeps came in between: who has it, or has had it
/// and has removed it.
fn held(file: NamedTempFile) -> Result<Option<NamedTempFile>> {
    match file.as_file().try_lock() {
        Ok(()) if file.path().exists() => Ok(Some(file)),
        Ok(()) | Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error).context("nothing can be locked there"),
    }
}

/// The directory that a lock file is of.
fn dir_of(lock: &Path) -> PathBuf {
    lock.with_extension("")
}

/// Removes what processes have left that are no more. What cannot be removed, as another user's, stays.
fn sweep(base: &Path) -> io::Result<()> {
    for entry in fs::read_dir(base)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(PREFIX) && name.ends_with(LOCK) {
            // Whether it was there to be removed makes no difference.
            drop(remove(&entry.path()));
        }
    }
    Ok(())
}

/// Removes a directory and then its lock file, unless that is held.
fn remove(lock: &Path) -> io::Result<()> {
    let file = File::open(lock)?;
    if file.try_lock().is_err() {
        return Ok(());
    }
    match fs::remove_dir_all(dir_of(lock)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => fs::remove_file(lock),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is there, by name.
    fn names(base: &Path) -> Vec<String> {
        let entries = fs::read_dir(base).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn what_cannot_be_removed_is_left_with_its_lock_file_for_the_next_one() {
        let base = tempfile::tempdir().unwrap();
        let home = Home::new(Some(base.path())).unwrap();
        let dir = home.dir.clone();
        // A file in its place is no directory that could be removed.
        fs::remove_dir(&dir).unwrap();
        fs::write(&dir, "in the way").unwrap();
        drop(home);
        assert!(dir.with_extension("lock").exists(), "{:?}", names(base.path()));
        fs::remove_file(&dir).unwrap();
        drop(Home::new(Some(base.path())).unwrap());
        assert_eq!(names(base.path()), [""; 0]);
    }

    #[test]
    fn what_nobody_holds_is_removed_and_all_else_stays() {
        let base = tempfile::tempdir().unwrap();
        let living = Home::new(Some(base.path())).unwrap();
        fs::write(living.dir.join("events"), "of one who lives").unwrap();
        // One that was killed at work, and one before it had a directory.
        fs::create_dir_all(base.path().join("aios-sim-7-dead/life-0")).unwrap();
        fs::write(base.path().join("aios-sim-7-dead/life-0/events"), "of one who is dead").unwrap();
        fs::write(base.path().join("aios-sim-7-dead.lock"), "").unwrap();
        fs::write(base.path().join("aios-sim-8-young.lock"), "").unwrap();
        // Another program's.
        fs::create_dir(base.path().join("aios-sim-notes")).unwrap();
        fs::write(base.path().join("other.lock"), "").unwrap();

        let next = Home::new(Some(base.path())).unwrap();
        assert_eq!(names(&living.dir), ["events"]);
        assert_eq!(names(&next.dir), [""; 0]);
        drop((living, next));
        assert_eq!(names(base.path()), ["aios-sim-notes", "other.lock"]);
    }

    #[test]
    fn a_lock_file_that_a_sweep_has_met_is_not_taken() {
        let file = || NamedTempFile::new().unwrap();
        let taken = file();
        let sweeps = taken.reopen().unwrap();
        sweeps.try_lock().unwrap();
        assert!(held(taken).unwrap().is_none());
        let removed = file();
        fs::remove_file(removed.path()).unwrap();
        assert!(held(removed).unwrap().is_none());
        let held = held(file()).unwrap().unwrap();
        assert!(File::open(held.path()).unwrap().try_lock().is_err());
    }
}
