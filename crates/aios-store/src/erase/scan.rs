//! Reads every byte of a file, whatever it is, in bounded memory.
//!
//! Whether a file is compressed is told by its first bytes, not by its name or by any catalogue: what
//! is searched here is what a stranger with the disk would find.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use aios_core::Progress;
use flate2::bufread::MultiGzDecoder;

use super::registry::{Store, store_of};
use super::seen::Seen;
use crate::disk::AT_ONCE;
use crate::{StoreError, disk, regular};

/// How a gzip file begins.
const GZIP: [u8; 2] = [0x1f, 0x8b];

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

/// Whether a file is packed as we pack.
pub(crate) fn is_gzip(path: &Path) -> io::Result<bool> {
    Ok(plain(path)?.fill_buf()?.starts_with(&GZIP))
}

/// Opens a file for reading what it means: gunzipped if it is gzip.
pub(crate) fn open(path: &Path) -> io::Result<Box<dyn BufRead>> {
    let mut reader = plain(path)?;
    let is_gzip = reader.fill_buf()?.starts_with(&GZIP);
    if is_gzip {
        return Ok(Box::new(BufReader::with_capacity(AT_ONCE, MultiGzDecoder::new(reader))));
    }
    Ok(Box::new(reader))
}

fn plain(path: &Path) -> io::Result<BufReader<File>> {
    Ok(BufReader::with_capacity(AT_ONCE, regular::open(path)?))
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

/// Shows all of a file in windows that overlap by `overlap` bytes, so that nothing of up to that length
/// is cut by a window's edge alone. `see` gets the window and how much of it was seen before. Returns the
/// number of bytes.
pub(crate) fn each_window(
    path: &Path,
    overlap: usize,
    mut see: impl FnMut(&[u8], usize),
) -> io::Result<u64> {
    let mut reader = open(path)?;
    let mut window = Vec::with_capacity(AT_ONCE + overlap);
    let (mut n_bytes, mut seen) = (0, 0);
    loop {
        let n = reader.by_ref().take(AT_ONCE as u64).read_to_end(&mut window)?;
        if n == 0 {
            return Ok(n_bytes);
        }
        n_bytes += n as u64;
        see(&window, seen);
        let kept = window.len().min(overlap);
        window.drain(..window.len() - kept);
        seen = kept;
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    /// How often a word stands in a file, each time counted once.
    fn count(content: &[u8], word: &[u8]) -> io::Result<usize> {
        let temp = tempfile::NamedTempFile::new().unwrap();
        fs::write(temp.path(), content).unwrap();
        let mut n = 0;
        each_window(temp.path(), word.len() - 1, |window, seen| {
            n +=
                memchr::memmem::find_iter(window, word).filter(|at| at + word.len() > seen).count();
        })?;
        Ok(n)
    }

    #[test]
    fn a_word_is_found_once_wherever_it_stands() {
        for at in [0, 1, AT_ONCE - 4, AT_ONCE - 1, AT_ONCE, 2 * AT_ONCE + 3] {
            let mut content = vec![b'.'; 3 * AT_ONCE];
            content[at..at + 6].copy_from_slice(b"needle");
            assert_eq!(count(&content, b"needle").unwrap(), 1, "{at}");
            // In two members of a gzip file, the word cut by their border.
            let (head, tail) = content.split_at((at + 3).min(AT_ONCE));
            let members = [gzip(head), gzip(tail)].concat();
            assert_eq!(count(&members, b"needle").unwrap(), 1, "{at} gzipped");
        }
    }

    #[test]
    fn half_a_gzip_file_cannot_be_read() {
        let whole = gzip(&b"needle".repeat(1000));
        assert_eq!(count(&whole, b"needle").unwrap(), 1000);
        count(&whole[..whole.len() - 9], b"needle").unwrap_err();
    }
}
