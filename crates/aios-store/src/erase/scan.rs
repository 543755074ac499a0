//! Every file of a data directory, and what of them cannot be looked into.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use aios_core::Progress;

use super::registry::{Store, store_of};
use super::seen::Seen;
use crate::StoreError;
use crate::disk::{self, GZIP};

/// A file in the data directory.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) path: PathBuf,
    /// None if no store knows it.
    pub(crate) store: Option<&'static Store>,
}

/// A file or directory in the data directory.
pub(super) struct Entry {
    pub(super) path: PathBuf,
    is_dir: bool,
}

/// Every file in the data directory, in order.
pub(crate) fn files(dir: &Path) -> Result<Vec<Found>, StoreError> {
    let files = entries(dir)?.into_iter().filter(|entry| !entry.is_dir);
    let known = files.map(|Entry { path, .. }| {
        let store = store_of(path.strip_prefix(dir).unwrap_or(&path));
        Found { path, store }
    });
    Ok(known.collect())
}

/// Every file and directory in the data directory, in order.
pub(super) fn entries(dir: &Path) -> Result<Vec<Entry>, StoreError> {
    let mut found = Vec::new();
    let mut left = vec![dir.to_owned()];
    while let Some(here) = left.pop() {
        let listed = StoreError::io("list", &here);
        let entries = fs::read_dir(&here).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        for entry in entries.map_err(listed)? {
            let path = entry.path();
            // A link is not followed: what it leads to is not ours to change.
            let is_dir = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if is_dir {
                left.push(path.clone());
            }
            found.push(Entry { path, is_dir });
        }
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(found)
}

/// Shows every file in the data directory, in order, and how many bytes of them, as they lie on disk, are seen.
/// `see` tells whether the file was there: a server seals and compresses meanwhile, so what was listed may be gone, and
/// stand under a name that was not. So it is listed until nothing is new.
pub(crate) fn each_file(
    dir: &Path,
    progress: &dyn Progress,
    mut see: impl FnMut(&Found) -> bool,
) -> Result<(), StoreError> {
    let mut seen = Seen::default();
    let mut left = files(dir)?;
    while !left.is_empty() {
        let lens: Vec<_> = left.iter().map(|file| disk::len(&file.path)).collect();
        progress.begin(lens.iter().sum());
        for (file, len) in left.iter().zip(lens) {
            seen.look(&file.path, || see(file));
            progress.advance(len);
        }
        progress.end();
        left = files(dir)?;
        left.retain(|file| !seen.has(&file.path));
    }
    Ok(())
}

/// Whether a file that begins so is packed by something that is not looked into here, or written in letters
/// of another width. `start` is what one layer of gzip, if there is one, has in it.
pub(crate) fn is_wrapped(start: &[u8]) -> bool {
    const PACKERS: [&[u8]; 8] = [
        &GZIP,                 // within gzip
        b"\xff\xfe",           // UTF-16, as PowerShell's `>` writes it, and UTF-32
        b"\xfe\xff",           // UTF-16, the other way round
        b"PK\x03\x04",         // zip
        b"\xfd7zXZ\x00",       // xz
        b"\x28\xb5\x2f\xfd",   // zstd
        b"BZh",                // bzip2
        b"7z\xbc\xaf\x27\x1c", // 7z
    ];
    PACKERS.iter().any(|magic| start.starts_with(magic))
}

/// Why a packed file is not read.
pub(crate) fn wrapped() -> io::Error {
    io::Error::other("it is packed in a way that cannot be looked into")
}
