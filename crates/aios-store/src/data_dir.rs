//! The data directory: who owns it, and the small files in it.
//!
//! Its parts are made when they are first written, so an unused feature leaves no empty directory.

mod holds;
pub(crate) mod paths;
mod segments;

use std::fs::{File, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use aios_privacy::{KeyMaterial, Secret};

use crate::audit::HoldsOnRecord;
use crate::segment::Leases;
use crate::{StoreError, address, disk, key, memory, register, regular};

/// Name of the lock file. It holds the owner's process id as text, for people and error messages;
/// ownership is the operating system's lock on it, which ends with the process.
pub(crate) const LOCK_FILE: &str = "aios.lock";

/// Most bytes of `adaptive_override.json`.
const OVERRIDE_MAX: u64 = 64 * 1024;

/// Most bytes of the lock file that are read: a process id and a newline.
const PID_MAX: u64 = 16;

/// The directory in which everything is kept.
///
/// Clones are the same owner.
#[derive(Debug, Clone)]
pub struct DataDir {
    path: PathBuf,
    /// Held by the process that owns the directory.
    lock: Option<Arc<Lock>>,
}

/// Ownership of a data directory; ends when the last holder is dropped.
#[derive(Debug)]
struct Lock {
    /// The operating system's lock is on it.
    file: File,
    /// Two writers of one segment would cut each other's lines.
    log_open: AtomicBool,
    /// Segments that are being changed.
    leases: Leases,
    /// Held by whoever changes the file of holds.
    holds: Mutex<()>,
    /// What the audit trail says of holds, once somebody has asked.
    holds_on_record: Mutex<Option<HoldsOnRecord>>,
    /// The register of segments, once somebody has written it.
    register: Mutex<Option<register::Book>>,
    /// The memory, while it is open: all who open it share it, an erasure too.
    memory: Mutex<Weak<memory::Shared>>,
    /// How often the memory's file was found to be another while it was open.
    n_memory_replaced: AtomicU64,
}

impl Drop for Lock {
    /// Closing the file would not be enough: a process that is being started holds a copy of it for a moment, and
    /// the lock with it.
    fn drop(&mut self) {
        if let Err(error) = self.file.unlock() {
            tracing::debug!(%error, "the data directory's lock ends with the process");
        }
    }
}

/// The right to write the event log. Keeps the directory owned until the log is closed.
#[derive(Debug)]
pub(crate) struct LogLease(Arc<Lock>);

impl DataDir {
    /// Makes the directory if it is not there and becomes its owner.
    ///
    /// # Errors
    /// [`StoreError::Locked`] when another process owns it; [`StoreError::Io`] when it cannot be made
    /// or locked.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let path = path.into();
        disk::create_dir(&path)?;
        let file = lock(&path)?;
        address::withdraw(&path)?;
        let lock = Lock {
            file,
            log_open: AtomicBool::new(false),
            leases: Leases::default(),
            holds: Mutex::new(()),
            holds_on_record: Mutex::default(),
            register: Mutex::default(),
            memory: Mutex::default(),
            n_memory_replaced: AtomicU64::default(),
        };
        Ok(Self { path, lock: Some(Arc::new(lock)) })
    }

    /// Looks into a directory that another process may own.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is no such directory.
    pub fn read(path: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let path = path.into();
        if !path.is_dir() {
            return Err(StoreError::Missing { dir: path });
        }
        Ok(Self { path, lock: None })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The active segment of the event log.
    #[must_use]
    pub fn events_path(&self) -> PathBuf {
        self.analytics_path().join("hypotheses.ndjson")
    }

    /// The operator's override of the routing split.
    #[must_use]
    pub fn override_path(&self) -> PathBuf {
        self.analytics_path().join("adaptive_override.json")
    }

    /// The operator's override file, if there is one.
    ///
    /// # Errors
    /// When it cannot be read, is over 64 KiB or is not text.
    pub fn read_override(&self) -> Result<Option<String>, StoreError> {
        disk::read_text(&self.override_path(), OVERRIDE_MAX)
    }

    /// Replaces the operator's override file, whole or not at all.
    ///
    /// # Errors
    /// When this process does not own the directory or the file cannot be written.
    pub fn write_override(&self, json: &str) -> Result<(), StoreError> {
        self.owned("write the override")?;
        disk::write_atomic(&self.override_path(), json.as_bytes())
    }

    /// Removes the operator's override file; one that is not there is no error.
    ///
    /// # Errors
    /// When this process does not own the directory or the file cannot be removed.
    pub fn remove_override(&self) -> Result<(), StoreError> {
        self.owned("remove the override")?;
        disk::remove(&self.override_path())
    }

    /// The key `keys/<name>.key`; the owner makes it at random if it is not there.
    ///
    /// # Errors
    /// [`StoreError::KeyCorrupt`] when the file holds no key: it is never overwritten, because
    /// everything stored under it would match no more. [`StoreError::ReadOnly`] when there is no key
    /// and this process may not make one.
    pub fn load_or_create_key(&self, name: &str) -> Result<KeyMaterial, StoreError> {
        let path = key::path(&self.path, name)?;
        match key::load(&path)? {
            Some(key) => Ok(key),
            None => self.owned("make a key").and_then(|_| key::create(&path)),
        }
    }

    /// The key `keys/<name>.key`; `None` if there is no such file.
    ///
    /// # Errors
    /// When the file cannot be read or holds no key.
    pub(crate) fn load_key(&self, name: &str) -> Result<Option<KeyMaterial>, StoreError> {
        key::load(&key::path(&self.path, name)?)
    }

    /// The token that opens the admin API; the owner makes it at random if it is not there.
    ///
    /// # Errors
    /// When the file holds no token, cannot be read, or is not there and this process may not make it.
    pub fn load_or_create_admin_token(&self) -> Result<Secret, StoreError> {
        match self.read_admin_token()? {
            Some(token) => Ok(token),
            None => {
                self.owned("make an admin token")?;
                key::create_token(&key::token_path(&self.path))
            }
        }
    }

    /// The token that opens the admin API, if there is one.
    ///
    /// # Errors
    /// When the file cannot be read or holds no token.
    pub fn read_admin_token(&self) -> Result<Option<Secret>, StoreError> {
        key::load_token(&key::token_path(&self.path))
    }

    /// Every version of a key that has a file, in order.
    ///
    /// # Errors
    /// When the files cannot be read or one of them holds no key.
    pub fn key_versions(&self, name: &str) -> Result<Vec<(u16, KeyMaterial)>, StoreError> {
        let mut found = Vec::new();
        for version in key::versions(&self.path, name)? {
            let path = key::path(&self.path, &key::versioned(name, version))?;
            found.extend(key::load(&path)?.map(|key| (version, key)));
        }
        Ok(found)
    }

    /// Makes the next version of a key and returns its number. The versions before it stay.
    ///
    /// # Errors
    /// When this process does not own the directory or the file cannot be written.
    pub fn rotate_key(&self, name: &str) -> Result<u16, StoreError> {
        self.owned("rotate a key")?;
        let last = key::versions(&self.path, name)?.last().copied();
        let next = last.unwrap_or(0) + 1;
        key::create(&key::path(&self.path, &key::versioned(name, next))?)?;
        Ok(next)
    }

    /// Removes a version of a key: what is stored under it can be matched with no id any more.
    ///
    /// # Errors
    /// [`StoreError::KeyInUse`] for the newest version; else as for [`Self::rotate_key`].
    pub fn retire_key(&self, name: &str, version: u16) -> Result<(), StoreError> {
        self.owned("retire a key")?;
        let path = key::path(&self.path, &key::versioned(name, version))?;
        if key::versions(&self.path, name)?.last() == Some(&version) {
            return Err(StoreError::KeyInUse { path });
        }
        disk::remove(&path)
    }

    /// Refuses `operation` to a process that does not own the directory.
    pub(crate) fn must_own(&self, operation: &'static str) -> Result<(), StoreError> {
        self.owned(operation).map(drop)
    }

    /// Bytes of what was put aside.
    ///
    /// # Errors
    /// When the quarantine cannot be listed.
    pub fn quarantine_bytes(&self) -> Result<u64, StoreError> {
        let dir = self.quarantine_path();
        let size =
            |name: &String| std::fs::symlink_metadata(dir.join(name)).map_or(0, |it| it.len());
        Ok(disk::entries_in(&dir)?.iter().map(size).sum())
    }

    /// The memory that is open, if it is; held while it is opened.
    pub(crate) fn open_memory(&self) -> Result<MutexGuard<'_, Weak<memory::Shared>>, StoreError> {
        let lock = self.owned("open the memory for writing")?;
        Ok(lock.memory.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How often somebody has removed, renamed or replaced the memory's file while this process had it open.
    #[must_use]
    pub fn n_memory_replaced(&self) -> u64 {
        self.lock.as_ref().map_or(0, |lock| lock.n_memory_replaced.load(Ordering::Relaxed))
    }

    pub(crate) fn count_memory_replaced(&self) {
        if let Some(lock) = &self.lock {
            lock.n_memory_replaced.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Whether this process may write the index.
    pub(crate) fn own_index(&self) -> Result<(), StoreError> {
        self.owned("write the index").map(|_| ())
    }

    /// Where the register of segments is kept open, if this process may write it.
    pub(crate) fn register(&self) -> Option<&Mutex<Option<register::Book>>> {
        self.lock.as_ref().map(|lock| &lock.register)
    }

    /// Takes the one right to write the event log.
    pub(crate) fn lease_log(&self) -> Result<LogLease, StoreError> {
        let lock = self.owned("open the event log for writing")?;
        if lock.log_open.swap(true, Ordering::AcqRel) {
            return Err(StoreError::LogOpen { dir: self.path.clone() });
        }
        Ok(LogLease(Arc::clone(lock)))
    }

    fn owned(&self, operation: &'static str) -> Result<&Arc<Lock>, StoreError> {
        self.lock.as_ref().ok_or_else(|| StoreError::ReadOnly { operation, dir: self.path.clone() })
    }
}

impl Drop for LogLease {
    fn drop(&mut self) {
        self.0.log_open.store(false, Ordering::Release);
    }
}

fn lock(dir: &Path) -> Result<File, StoreError> {
    let path = dir.join(LOCK_FILE);
    let mut file =
        regular::open_to_lock(&path).map_err(StoreError::io("open the lock file", &path))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(StoreError::Locked { dir: dir.to_owned(), pid: read_pid(&mut file) });
        }
        Err(TryLockError::Error(error)) => return Err(StoreError::io("lock", &path)(error)),
    }
    write_pid(&mut file).map_err(StoreError::io("write the lock file", &path))?;
    Ok(file)
}

fn write_pid(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}

/// Windows lets nobody read a locked file, so there the process id stays unknown.
fn read_pid(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.take(PID_MAX).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_second_owner_is_told_who_the_first_is() {
        let temp = tempfile::tempdir().unwrap();
        let owner = DataDir::open(temp.path()).unwrap();
        let error = DataDir::open(temp.path()).unwrap_err();
        let pid = std::process::id();
        let text = error.to_string();
        assert!(text.contains(&temp.path().display().to_string()), "{text}");
        assert!(cfg!(windows) || text.ends_with(&format!("(process {pid})")), "{text}");
        assert!(error.hint().is_some());
        drop(owner);
        DataDir::open(temp.path()).unwrap();
    }

    #[test]
    fn readers_need_no_lock_and_cannot_write() {
        let temp = tempfile::tempdir().unwrap();
        let owner = DataDir::open(temp.path()).unwrap();
        owner.write_knots("[1]").unwrap();
        let reader = DataDir::read(temp.path()).unwrap();
        assert_eq!(reader.read_knots().unwrap().as_deref(), Some("[1]"));
        assert!(matches!(reader.write_knots("[2]"), Err(StoreError::ReadOnly { .. })));
        assert!(matches!(reader.lease_log(), Err(StoreError::ReadOnly { .. })));
        assert!(matches!(
            reader.load_or_create_key("pseudonyms"),
            Err(StoreError::ReadOnly { .. })
        ));
    }

    #[test]
    fn a_directory_that_is_not_there_cannot_be_read() {
        let temp = tempfile::tempdir().unwrap();
        let error = DataDir::read(temp.path().join("none")).unwrap_err();
        assert!(matches!(error, StoreError::Missing { .. }));
    }

    #[test]
    fn the_tree_is_made_when_it_is_needed() {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::open(temp.path().join("deep/data")).unwrap();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        assert_eq!(dir.read_override().unwrap(), None);
        assert_eq!(dir.read_knots().unwrap(), None);
    }

    #[test]
    fn an_override_is_read_and_bounded() {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::open(temp.path()).unwrap();
        fs::create_dir_all(dir.override_path().parent().unwrap()).unwrap();
        fs::write(dir.override_path(), br#"{"control_bucket_pct":1.0}"#).unwrap();
        assert_eq!(dir.read_override().unwrap().as_deref(), Some(r#"{"control_bucket_pct":1.0}"#));
        fs::write(dir.override_path(), vec![b' '; OVERRIDE_MAX as usize + 1]).unwrap();
        assert!(matches!(dir.read_override(), Err(StoreError::TooLarge { .. })));
    }

    #[test]
    fn what_is_no_file_is_not_waited_for() {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::open(temp.path()).unwrap();
        fs::create_dir_all(dir.override_path()).unwrap();
        let check = || {
            let error = dir.read_override().unwrap_err().to_string();
            assert!(error.contains("adaptive_override.json"), "{error}");
            assert!(error.ends_with("it is not a regular file"), "{error}");
        };
        check();
        #[cfg(unix)]
        {
            fs::remove_dir(dir.override_path()).unwrap();
            let pipe = std::process::Command::new("mkfifo").arg(dir.override_path()).status();
            assert!(pipe.unwrap().success());
            check();
        }
    }

    #[cfg(unix)]
    #[test]
    fn nothing_is_written_through_a_link() {
        use std::os::unix::fs::symlink;
        let elsewhere = tempfile::tempdir().unwrap();
        let (there, gone) = (elsewhere.path().join("there"), elsewhere.path().join("gone"));
        let temp = tempfile::tempdir().unwrap();
        // What operators place themselves may be a link. It is read, and replaced by what is written.
        let dir = DataDir::open(temp.path()).unwrap();
        let baseline = crate::GoldenPaths::of(temp.path()).baseline;
        for path in [dir.override_path(), baseline.clone()] {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&there, "[1]").unwrap();
            symlink(&there, &path).unwrap();
            assert_eq!(crate::read_document(&path).unwrap().as_deref(), Some("[1]"));
            match path == baseline {
                true => drop(crate::write_document(&path, "[2]").unwrap()),
                false => dir.write_override("[2]").unwrap(),
            }
            assert!(!path.is_symlink());
            assert_eq!(fs::read_to_string(&path).unwrap(), "[2]");
            assert_eq!(fs::read_to_string(&there).unwrap(), "[1]");
        }
        drop(dir);
        // What only we make may not.
        for lock in ["documents.lock", LOCK_FILE] {
            for target in [&there, &gone] {
                fs::remove_file(temp.path().join(lock)).unwrap();
                symlink(target, temp.path().join(lock)).unwrap();
                let error = match lock {
                    LOCK_FILE => DataDir::open(temp.path()).unwrap_err(),
                    _ => crate::write_document(&baseline, "[3]").unwrap_err(),
                };
                assert!(error.to_string().ends_with("it is not a regular file"), "{error}");
            }
        }
        assert_eq!(fs::read_to_string(&there).unwrap(), "[1]");
        assert!(!gone.exists());
    }

    #[test]
    fn the_log_has_one_writer_at_a_time() {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::open(temp.path()).unwrap();
        let lease = dir.lease_log().unwrap();
        assert!(matches!(dir.lease_log(), Err(StoreError::LogOpen { .. })));
        drop(dir);
        // The log keeps the directory owned until it is closed.
        assert!(DataDir::open(temp.path()).is_err());
        drop(lease);
        DataDir::open(temp.path()).unwrap().lease_log().unwrap();
    }
}
