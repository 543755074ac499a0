//! Files that only this crate makes: regular ones, in the place where they stand.
//!
//! Whoever can write the directory can put a pipe or a link where a file of ours belongs. Opening a pipe
//! waits until somebody writes to it, and a link leads to a file that is not ours to read, append to or
//! cut. What operators place themselves may be links: that is read by [`disk::read_bounded`](crate::disk).

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
#[cfg(unix)]
use std::sync::{Mutex, PoisonError};

use crate::data_dir::paths::DATABASES;
use crate::{StoreError, disk};

/// Opens a file that is there.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    open_with(path, OpenOptions::new().read(true))
}

/// Opens a file to be appended to and read; made if it is not there, readable by its owner only.
pub(crate) fn open_to_append(path: &Path) -> io::Result<File> {
    open_with(path, disk::private_file(path)?.append(true).read(true).create(true))
}

/// Opens a file to be locked, and written by whoever has the lock; made if it is not there.
pub(crate) fn open_to_lock(path: &Path) -> io::Result<File> {
    let mut options = disk::private_file(path)?;
    // Not truncated: until the lock is ours, what is in it is another's.
    open_with(path, options.read(true).write(true).create(true).truncate(false))
}

/// Opens a file to be cut.
pub(crate) fn open_to_cut(path: &Path) -> io::Result<File> {
    open_with(path, OpenOptions::new().write(true))
}

/// Opens a file to be read and cut.
pub(crate) fn open_to_mend(path: &Path) -> io::Result<File> {
    open_with(path, OpenOptions::new().read(true).write(true))
}

/// Whether a file stands there that could be one of ours.
pub(crate) fn is_file(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file())
}

/// Whether something stands there that is none of ours.
pub(crate) fn is_barred(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| !metadata.is_file())
}

/// Whether a directory stands there, and no link to one: nothing can be put in its place.
pub(crate) fn is_directory(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir())
}

/// As [`is_barred`], as an error. Opens nothing: who closes a file of a database lets go of the database's locks on it.
pub(crate) fn must_not_be_barred(path: &Path) -> io::Result<()> {
    if is_barred(path) { Err(irregular()) } else { Ok(()) }
}

/// What the names of a database's files end with.
const DATABASE_ENDS: [&str; 4] = ["-journal", "-wal", "-shm", ""];

/// A database's file last, and before it those that SQLite keeps beside it (<https://sqlite.org/tempfiles.html>).
pub(crate) fn database_files(path: &Path) -> [PathBuf; 4] {
    DATABASE_ENDS.map(|end| {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        PathBuf::from(name)
    })
}

/// Whether a file has the name of one of our databases, or of one that SQLite keeps beside it. Others are opened by nobody
/// here, and may be many.
pub(crate) fn is_of_database(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let mut ends = DATABASES.iter().filter_map(|database| name.strip_prefix(database));
    ends.any(|end| DATABASE_ENDS.contains(&end))
}

/// Files of databases that were opened by [`open_for_good`].
#[cfg(unix)]
static OPEN_FOR_GOOD: Mutex<Vec<Arc<File>>> = Mutex::new(Vec::new());

/// Opens a file of a database to be read, and leaves it open as long as it has a name. A process that closes a file lets go of
/// all its locks on it, whichever descriptor they were taken by (<https://sqlite.org/howtocorrupt.html>, 2.2): the next one
/// to open the database would take itself for the first, and cut what this one has mapped.
#[cfg(unix)]
pub(crate) fn open_for_good(path: &Path) -> io::Result<Arc<File>> {
    use std::os::unix::fs::MetadataExt;
    must_not_be_barred(path)?;
    let mut all = OPEN_FOR_GOOD.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(file) = all.iter().find(|file| is_at(file, path)) {
        return Ok(Arc::clone(file));
    }
    let file = Arc::new(File::open(path)?);
    // One without a name can be opened by nobody else, so nobody heeds its locks.
    all.retain(|file| file.metadata().is_ok_and(|metadata| metadata.nlink() > 0));
    all.push(Arc::clone(&file));
    if is_at(&file, path) { Ok(file) } else { Err(irregular()) }
}

/// Opens a file of a database to be read. Locks belong to whoever took them here, and not to the process.
#[cfg(not(unix))]
pub(crate) fn open_for_good(path: &Path) -> io::Result<Arc<File>> {
    open(path).map(Arc::new)
}

/// Reads at a place, wherever others read.
#[cfg(unix)]
pub(crate) fn read_at(file: &File, room: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, room, at)
}

/// Reads at a place, wherever others read.
#[cfg(windows)]
pub(crate) fn read_at(file: &File, room: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, room, at)
}

/// Reads a small file; `None` if it is not there.
pub(crate) fn read_bounded(path: &Path, max: u64) -> Result<Option<Vec<u8>>, StoreError> {
    match open(path) {
        Ok(file) => disk::read_all(file, path, max).map(Some),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StoreError::io("open", path)(error)),
    }
}

fn open_with(path: &Path, options: &OpenOptions) -> io::Result<File> {
    must_not_be_barred(path)?;
    let file = options.open(path)?;
    // Somebody may have exchanged it between the look and the opening.
    if is_at(&file, path) { Ok(file) } else { Err(irregular()) }
}

/// What stands there is not ours: a pipe, a device, a directory, or a link.
#[derive(Debug, thiserror::Error)]
#[error("it is not a regular file")]
struct Irregular;

/// Why what stands there is not opened.
pub(crate) fn irregular() -> io::Error {
    io::Error::other(Irregular)
}

/// Whether a file was not opened because it is not one of ours.
pub(crate) fn is_irregular(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<Irregular>())
}

/// Whether the open file is what stands there, and not what a link there leads to.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let identity = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
    match (fs::symlink_metadata(path), file.metadata()) {
        (Ok(there), Ok(open)) => identity(there) == identity(open),
        _ => false,
    }
}

/// Files have no identity that could be asked for here: it is looked once more whether it is a link.
#[cfg(not(unix))]
fn is_at(_file: &File, path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_file_over_its_bound_is_refused_and_one_that_is_not_there_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        assert!(read_bounded(&path, 5).unwrap().is_none());
        open_to_append(&path).unwrap().write_all(b"12345").unwrap();
        assert_eq!(read_bounded(&path, 5).unwrap().as_deref(), Some(&b"12345"[..]));
        assert!(matches!(read_bounded(&path, 4), Err(StoreError::TooLarge { max: 4, .. })));
    }

    #[test]
    fn our_databases_are_known_by_their_names() {
        for name in ["index.sqlite", "a/index.sqlite-shm", "memory/memory.sqlite-wal"] {
            assert!(is_of_database(Path::new(name)), "{name}");
        }
        for name in ["x.sqlite", "index.sqlite.gz", "index.ndjson", "/"] {
            assert!(!is_of_database(Path::new(name)), "{name}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_file_of_ours_is_neither_waited_for_nor_followed() {
        let dir = tempfile::tempdir().unwrap();
        let (elsewhere, link) = (dir.path().join("elsewhere"), dir.path().join("link"));
        fs::write(&elsewhere, "somebody's").unwrap();
        std::os::unix::fs::symlink(&elsewhere, &link).unwrap();
        let pipe = dir.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        for path in [link, pipe, dir.path().to_owned()] {
            assert!(!is_file(&path));
            for open in [open, open_to_append, open_to_lock, open_to_cut] {
                let error = open(&path).unwrap_err().to_string();
                assert_eq!(error, "it is not a regular file", "{}", path.display());
            }
        }
        assert_eq!(fs::read_to_string(&elsewhere).unwrap(), "somebody's");
    }
}
