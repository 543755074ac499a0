//! The few file operations that the rest of the crate is made of.
//!
//! What is kept here is personal data, pseudonymous or not, so on Unix directories are 0700 and files
//! 0600 from the moment they exist. Windows has no such modes: there a file inherits the access list
//! of its directory, and a user's own directory is private already.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::erase::registry;
use crate::replace::{Points, Replacement, points};
use crate::{StoreError, fail};

const POINTS: Points = points!("file");

/// How a gzip file begins.
pub(crate) const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Bytes that are read or written at once. More makes no file faster, and is dear to keep: an allocator that has pages of its
/// own for each thread and size holds 4 MiB ready for blocks of 256 KiB, 512 KiB for these.
pub(crate) const AT_ONCE: usize = 64 * 1024;

/// Creates a directory and its parents, readable by the owner only.
pub(crate) fn create_dir(path: &Path) -> Result<(), StoreError> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    private_dir(&mut builder);
    builder.create(path).map_err(StoreError::io("create the directory", path))
}

/// Options that make a new file readable by the owner only. In a data directory only a file of a store
/// that erasure knows can be made: see [`registry`].
pub(crate) fn private_file(path: &Path) -> io::Result<OpenOptions> {
    registry::must_know(path)?;
    let mut options = OpenOptions::new();
    private_mode(&mut options);
    Ok(options)
}

/// Replaces `path` whole: after a crash there is the old content or the new, never a mixture.
pub(crate) fn write_atomic(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    create_dir(path.parent().unwrap_or_else(|| Path::new(".")))?;
    let mut file = Replacement::begin(path)?;
    file.write_all(bytes).map_err(StoreError::io("write", path))?;
    file.commit(&POINTS)
}

/// Bytes that stand there; none of what cannot be looked at.
pub(crate) fn len(path: &Path) -> u64 {
    fs::symlink_metadata(path).map_or(0, |metadata| metadata.len())
}

/// Reads a small file; `None` if it is not there.
pub(crate) fn read_bounded(path: &Path, max: u64) -> Result<Option<Vec<u8>>, StoreError> {
    // Opening a pipe would wait until somebody writes to it.
    if fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
        let why = io::Error::other("it is not a regular file");
        return Err(StoreError::io("read", path)(why));
    }
    let file = match File::open(path) {
        Ok(file) => file,
        // Somebody has put something there: what it led to is lost, and that is not the same as nothing.
        Err(error) if error.kind() == io::ErrorKind::NotFound && is_link(path) => {
            let why = io::Error::other("it is a link that leads nowhere");
            return Err(StoreError::io("read", path)(why));
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(StoreError::io("open", path)(error)),
    };
    read_all(file, path, max).map(Some)
}

fn is_link(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|it| it.file_type().is_symlink())
}

/// Reads an open file that must not be larger than `max`.
pub(crate) fn read_all(file: File, path: &Path, max: u64) -> Result<Vec<u8>, StoreError> {
    let mut bytes = Vec::new();
    file.take(max + 1).read_to_end(&mut bytes).map_err(StoreError::io("read", path))?;
    if bytes.len() as u64 > max {
        return Err(StoreError::TooLarge { path: path.to_owned(), max });
    }
    Ok(bytes)
}

/// Reads a small text file in UTF-8 or in the UTF-16 that PowerShell's `>` writes.
pub(crate) fn read_text(path: &Path, max: u64) -> Result<Option<String>, StoreError> {
    let Some(bytes) = read_bounded(path, max)? else { return Ok(None) };
    decode(&bytes).map(Some).ok_or_else(|| StoreError::NotText { path: path.to_owned() })
}

/// Names of the regular files in a directory, in order; none if there is no such directory. A name that
/// is not UTF-8 is none of ours.
pub(crate) fn names_in(dir: &Path) -> Result<Vec<String>, StoreError> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if is_gone(&error) => return Ok(Vec::new()),
        Err(error) => return Err(StoreError::io("list", dir)(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(StoreError::io("list", dir))?;
        if entry.file_type().is_ok_and(|kind| kind.is_file()) {
            names.extend(entry.file_name().into_string());
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// Names of what is in a directory, in order; none if there is no such directory. A name that is not
/// UTF-8 is none of ours.
pub(crate) fn entries_in(dir: &Path) -> Result<Vec<String>, StoreError> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if is_gone(&error) => return Ok(Vec::new()),
        Err(error) => return Err(StoreError::io("list", dir)(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        names.extend(entry.map_err(StoreError::io("list", dir))?.file_name().into_string());
    }
    names.sort_unstable();
    Ok(names)
}

/// Whether a file is empty or ends with a newline.
pub(crate) fn ends_with_newline(file: &mut File) -> io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(true);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

/// Removes a file for good: its name is gone also after a crash. One that is not there is no error.
pub(crate) fn remove(path: &Path) -> Result<(), StoreError> {
    fail::point("file.before_remove");
    match fs::remove_file(path) {
        Ok(()) => sync_dir(path.parent().unwrap_or_else(|| Path::new(".")))?,
        Err(error) if is_gone(&error) => return Ok(()),
        Err(error) => return Err(StoreError::io("remove", path)(error)),
    }
    fail::point("file.removed");
    Ok(())
}

/// Cuts a file off behind its first `len` bytes, for good: what was cut is not there after a crash either.
pub(crate) fn cut(
    file: &File,
    len: u64,
    before: &'static str,
    done: &'static str,
) -> io::Result<()> {
    fail::point(before);
    file.set_len(len)?;
    file.sync_all()?;
    fail::point(done);
    Ok(())
}

/// Makes a directory's entries durable. Windows needs no such call: its file systems journal names.
#[cfg(unix)]
pub(crate) fn sync_dir(dir: &Path) -> Result<(), StoreError> {
    File::open(dir)
        .and_then(|dir| dir.sync_all())
        .map_err(StoreError::io("sync the directory", dir))
}

#[cfg(not(unix))]
pub(crate) fn sync_dir(_dir: &Path) -> Result<(), StoreError> {
    Ok(())
}

/// Whether `path` still names the open file. Where that cannot be found out, it is believed: the open
/// file can be written all the same.
#[cfg(unix)]
pub(crate) fn is_named(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let identity = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
    match fs::metadata(path) {
        Ok(named) => file.metadata().is_ok_and(|open| identity(open) == identity(named)),
        Err(error) => !is_gone(&error),
    }
}

/// When anything about a file changed; its owner cannot set that time.
#[cfg(unix)]
pub(crate) fn changed_at(metadata: &fs::Metadata) -> (i64, i64) {
    use std::os::unix::fs::MetadataExt;
    (metadata.ctime(), metadata.ctime_nsec())
}

/// Not known here.
#[cfg(not(unix))]
pub(crate) fn changed_at(_metadata: &fs::Metadata) -> (i64, i64) {
    (0, 0)
}

/// What tells a file from another of the same name; none where the name stands for nothing.
#[cfg(unix)]
pub(crate) fn identity(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()))
}

/// The same by when it was made. A file that is open cannot be replaced here, unless it was opened for that.
#[cfg(windows)]
pub(crate) fn identity(path: &Path) -> Option<(u64, u64)> {
    use std::os::windows::fs::MetadataExt;
    fs::metadata(path).ok().map(|metadata| (metadata.creation_time(), 0))
}

/// The same where nothing tells them apart.
#[cfg(not(any(unix, windows)))]
pub(crate) fn identity(path: &Path) -> Option<(u64, u64)> {
    fs::metadata(path).ok().map(|_| (0, 0))
}

/// Files have no identity here that could be asked for: another one is told by when it was made and how long it is. One
/// that was made in its place within seconds takes over the first, and for a moment may have the second too.
#[cfg(windows)]
pub(crate) fn is_named(file: &File, path: &Path) -> bool {
    use std::os::windows::fs::MetadataExt;
    let identity = |metadata: fs::Metadata| (metadata.creation_time(), metadata.file_size());
    match fs::metadata(path) {
        Ok(named) => file.metadata().is_ok_and(|open| identity(open) == identity(named)),
        Err(error) => !is_gone(&error),
    }
}

/// Files have no identity that could be asked for here, so only a name that is gone is noticed.
#[cfg(not(any(unix, windows)))]
pub(crate) fn is_named(_file: &File, path: &Path) -> bool {
    !fs::metadata(path).is_err_and(|error| is_gone(&error))
}

fn is_gone(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Whether people other than the owner may read the file.
#[cfg(unix)]
pub(crate) fn readable_by_others(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
pub(crate) fn readable_by_others(_path: &Path) -> bool {
    false
}

#[cfg(unix)]
fn private_dir(builder: &mut DirBuilder) {
    use std::os::unix::fs::DirBuilderExt;
    builder.mode(0o700);
}

#[cfg(not(unix))]
fn private_dir(_builder: &mut DirBuilder) {}

#[cfg(unix)]
fn private_mode(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt;
    options.mode(0o600);
}

#[cfg(not(unix))]
fn private_mode(_options: &mut OpenOptions) {}

/// In the same directory, because a rename does not cross file systems. One process owns the
/// directory, so one name per file is enough.
pub(crate) fn temporary_beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".tmp");
    path.with_file_name(name)
}

/// An empty file in the place of whatever is there.
pub(crate) fn create_anew(path: &Path) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    private_file(path)?.write(true).create_new(true).open(path)
}

fn decode(bytes: &[u8]) -> Option<String> {
    match bytes {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8(rest.to_vec()).ok(),
        _ => String::from_utf8(bytes.to_vec()).ok(),
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<String> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let units: Vec<u16> = pairs.iter().map(|pair| unit(*pair)).collect();
    rest.is_empty().then(|| String::from_utf16(&units).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_leaves_nothing_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b.json");
        write_atomic(&path, b"first, and longer").unwrap();
        // What a crash in the middle of an earlier write leaves.
        fs::write(temporary_beside(&path), b"half").unwrap();
        write_atomic(&path, b"second").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn a_write_that_fails_leaves_the_old_content() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("b.json");
        fs::create_dir(&path).unwrap();
        fs::write(path.join("inside"), b"old").unwrap();
        let error = write_atomic(&path, b"new").unwrap_err();
        assert!(error.to_string().starts_with("cannot write "), "{error}");
        assert_eq!(fs::read(path.join("inside")).unwrap(), b"old");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_leads_nowhere_is_not_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let (path, target) = (dir.path().join("override.json"), dir.path().join("target.json"));
        assert_eq!(read_bounded(&path, 10).unwrap(), None);
        std::os::unix::fs::symlink(&target, &path).unwrap();
        let error = read_bounded(&path, 10).unwrap_err().to_string();
        assert!(error.ends_with("it is a link that leads nowhere"), "{error}");
        fs::write(&target, b"{}").unwrap();
        assert_eq!(read_bounded(&path, 10).unwrap().unwrap(), b"{}");
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_may_read() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys/k");
        write_atomic(&path, b"x").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(path.parent().unwrap()), mode(&path)), (0o700, 0o600));
        assert!(!readable_by_others(&path));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(readable_by_others(&path));
    }

    #[test]
    fn text_is_read_in_the_encodings_that_windows_writes() {
        let check = |bytes: &[u8], expect: Option<&str>| {
            assert_eq!(decode(bytes).as_deref(), expect, "{bytes:?}");
        };
        check(b"{}", Some("{}"));
        check(b"\xef\xbb\xbf{}", Some("{}"));
        check(b"\xff\xfe{\0}\0", Some("{}"));
        check(b"\xfe\xff\0{\0}", Some("{}"));
        check(b"\xff\xfe{\0}", None);
        check(b"\xc3\x28", None);
    }

    #[test]
    fn a_file_over_its_bound_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        fs::write(&path, b"12345").unwrap();
        assert_eq!(read_bounded(&path, 5).unwrap().as_deref(), Some(&b"12345"[..]));
        assert!(matches!(read_bounded(&path, 4), Err(StoreError::TooLarge { max: 4, .. })));
        assert!(read_bounded(&dir.path().join("none"), 4).unwrap().is_none());
    }
}
