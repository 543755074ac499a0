//! Reads file after file, whatever each is, in buffers that are used again.
//!
//! An erasure looks into every file several times. Buffers of their own for each would come to hundreds of KiB a file, and an
//! allocator keeps what it has given out, for each thread and size. So whoever looks through all of them has one reader.
//!
//! Whether a file is compressed is told by its first bytes, not by its name or by any catalogue: what
//! is searched here is what a stranger with the disk would find.

use std::fs::File;
use std::io::{self, BufRead, Read};
use std::mem;
use std::path::Path;
use std::sync::Arc;

use flate2::bufread::GzDecoder;

use crate::disk::{AT_ONCE, GZIP};
use crate::regular;

/// Opens one file after the other.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    files: Files,
    window: Vec<u8>,
    /// For whoever reads lines.
    pub(super) line: Vec<u8>,
}

/// What one file is read with.
#[derive(Debug, Default)]
struct Files {
    raw: Raw,
    /// Has `raw` while a compressed file is read. Made for the first of them.
    packed: Option<GzDecoder<Raw>>,
    /// What is unpacked of it.
    text: Block,
}

/// An open file, read for what it means: gunzipped if it is gzip. It is closed when this is dropped.
#[derive(Debug)]
pub(crate) struct Opened<'a> {
    files: &'a mut Files,
    is_gzip: bool,
}

/// A file as it lies on disk; nothing where there is none.
#[derive(Debug, Default)]
struct Raw {
    file: Option<Source>,
    block: Block,
}

/// A file, and how far it was read.
#[derive(Debug)]
enum Source {
    File(File),
    /// A database's, which is never closed.
    Database(Arc<File>, u64),
}

impl Source {
    fn open(path: &Path) -> io::Result<Self> {
        if regular::is_of_database(path) {
            return Ok(Self::Database(regular::open_for_good(path)?, 0));
        }
        regular::open(path).map(Self::File)
    }

    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.read(room),
            Self::Database(file, at) => {
                let n = regular::read_at(file, room, *at)?;
                *at += n as u64;
                Ok(n)
            }
        }
    }
}

/// What was read at once, and how far it was used.
#[derive(Debug, Default)]
struct Block {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

impl Reader {
    /// Opens a file.
    pub(super) fn open(&mut self, path: &Path) -> io::Result<Opened<'_>> {
        self.files.open(path)
    }

    /// Whether a file is packed as we pack.
    pub(super) fn is_gzip(&mut self, path: &Path) -> io::Result<bool> {
        Ok(self.open(path)?.is_gzip)
    }

    /// Opens a file beside a buffer for its lines.
    pub(super) fn open_for_lines(&mut self, path: &Path) -> io::Result<(Opened<'_>, &mut Vec<u8>)> {
        self.line.clear();
        // One long line is no reason to keep that much.
        self.line.shrink_to(AT_ONCE);
        Ok((self.files.open(path)?, &mut self.line))
    }

    /// Shows all of a file in windows that overlap by `overlap` bytes, so that nothing of up to that length
    /// is cut by a window's edge alone. `see` gets the window and how much of it was seen before. Returns the
    /// number of bytes.
    pub(crate) fn each_window(
        &mut self,
        path: &Path,
        overlap: usize,
        mut see: impl FnMut(&[u8], usize),
    ) -> io::Result<u64> {
        let mut opened = self.files.open(path)?;
        let (window, len) = (&mut self.window, AT_ONCE.max(2 * overlap));
        window.clear();
        window.reserve_exact(len);
        let (mut n_bytes, mut seen) = (0, 0);
        loop {
            let n = opened.by_ref().take((len - seen) as u64).read_to_end(window)?;
            if n == 0 {
                return Ok(n_bytes);
            }
            n_bytes += n as u64;
            see(window, seen);
            seen = window.len().min(overlap);
            window.drain(..window.len() - seen);
        }
    }
}

impl Files {
    fn open(&mut self, path: &Path) -> io::Result<Opened<'_>> {
        self.raw.begin(Source::open(path)?);
        let is_gzip = self.raw.fill_buf()?.starts_with(&GZIP);
        if is_gzip {
            self.text.clear();
            let raw = mem::take(&mut self.raw);
            match &mut self.packed {
                Some(packed) => drop(packed.reset(raw)),
                none => *none = Some(GzDecoder::new(raw)),
            }
        }
        Ok(Opened { files: self, is_gzip })
    }
}

impl Drop for Opened<'_> {
    fn drop(&mut self) {
        if let Some(packed) = self.files.packed.as_mut().filter(|_| self.is_gzip) {
            self.files.raw = mem::take(packed.get_mut());
        }
        self.files.raw.file = None;
    }
}

impl BufRead for Opened<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let Files { raw, packed, text } = &mut *self.files;
        match packed.as_mut().filter(|_| self.is_gzip) {
            Some(packed) => text.fill(|room| unpack(packed, room)),
            None => raw.fill_buf(),
        }
    }

    fn consume(&mut self, n: usize) {
        if self.is_gzip { self.files.text.consume(n) } else { self.files.raw.consume(n) }
    }
}

impl Read for Opened<'_> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let n = self.fill_buf()?.read(room)?;
        self.consume(n);
        Ok(n)
    }
}

/// Goes on with the next member where one ends.
fn unpack(packed: &mut GzDecoder<Raw>, room: &mut [u8]) -> io::Result<usize> {
    loop {
        let n = packed.read(room)?;
        if n > 0 || packed.get_mut().fill_buf()?.is_empty() {
            return Ok(n);
        }
        let raw = mem::take(packed.get_mut());
        packed.reset(raw);
    }
}

impl Raw {
    fn begin(&mut self, file: Source) {
        self.file = Some(file);
        self.block.clear();
    }
}

impl BufRead for Raw {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let file = &mut self.file;
        self.block.fill(|room| file.as_mut().map_or(Ok(0), |file| file.read(room)))
    }

    fn consume(&mut self, n: usize) {
        self.block.consume(n);
    }
}

impl Read for Raw {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let n = self.fill_buf()?.read(room)?;
        self.consume(n);
        Ok(n)
    }
}

impl Block {
    fn clear(&mut self) {
        (self.start, self.end) = (0, 0);
    }

    /// What is left of it; the next one if nothing is.
    fn fill(&mut self, read: impl FnOnce(&mut [u8]) -> io::Result<usize>) -> io::Result<&[u8]> {
        if self.start == self.end {
            self.clear();
            self.bytes.resize(AT_ONCE, 0);
            self.end = read(&mut self.bytes)?;
        }
        Ok(&self.bytes[self.start..self.end])
    }

    fn consume(&mut self, n: usize) {
        self.start = self.end.min(self.start + n);
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
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
    fn count_by(reader: &mut Reader, content: &[u8], word: &[u8]) -> io::Result<usize> {
        let temp = tempfile::NamedTempFile::new().unwrap();
        fs::write(temp.path(), content).unwrap();
        let mut n = 0;
        reader.each_window(temp.path(), word.len() - 1, |window, seen| {
            n +=
                memchr::memmem::find_iter(window, word).filter(|at| at + word.len() > seen).count();
        })?;
        Ok(n)
    }

    fn count(content: &[u8], word: &[u8]) -> io::Result<usize> {
        count_by(&mut Reader::default(), content, word)
    }

    #[test]
    fn a_word_is_found_once_wherever_it_stands() {
        for at in [0, 1, AT_ONCE - 4, AT_ONCE - 1, AT_ONCE, 2 * AT_ONCE + 3] {
            let mut content = vec![b'.'; 3 * AT_ONCE];
            content[at..at + 6].copy_from_slice(b"needle");
            assert_eq!(count(&content, b"needle").unwrap(), 1, "{at}");
            // In two members of a gzip file, the word cut by their border.
            let (head, tail) = content.split_at((at + 3).min(AT_ONCE));
            let members = [gzip(head), gzip(b""), gzip(tail)].concat();
            assert_eq!(count(&members, b"needle").unwrap(), 1, "{at} gzipped");
        }
    }

    #[test]
    fn half_a_gzip_file_cannot_be_read() {
        let whole = gzip(&b"needle".repeat(1000));
        assert_eq!(count(&whole, b"needle").unwrap(), 1000);
        count(&whole[..whole.len() - 9], b"needle").unwrap_err();
    }

    #[test]
    fn what_stands_behind_a_gzip_file_is_not_passed_over() {
        let whole = gzip(b"needle");
        count(&[&whole[..], b"needle"].concat(), b"needle").unwrap_err();
        let mut changed = whole.clone();
        // A byte of the checksum.
        changed[whole.len() - 8] ^= 1;
        count(&[changed, whole].concat(), b"needle").unwrap_err();
    }

    /// Else the next process to open it takes itself for the first, and cuts what this one has mapped.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_database_that_is_read_keeps_its_locks() {
        use std::os::unix::fs::MetadataExt;
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("index.sqlite");
        let database = rusqlite::Connection::open(&path).unwrap();
        let made = "PRAGMA journal_mode = WAL; CREATE TABLE words (word); INSERT INTO words VALUES ('needle');";
        database.execute_batch(made).unwrap();
        let files: Vec<_> =
            regular::database_files(&path).into_iter().filter(|file| file.exists()).collect();
        let inodes: Vec<_> = files.iter().map(|file| file.metadata().unwrap().ino()).collect();
        let locks = || {
            let all = fs::read_to_string("/proc/locks").unwrap();
            let own = std::process::id().to_string();
            let mut locks: Vec<_> = all
                .lines()
                .map(|line| line.split_ascii_whitespace().skip(1).collect::<Vec<_>>().join(" "))
                .filter(|line| line.split(' ').nth(3) == Some(&*own))
                .filter(|line| inodes.iter().any(|inode| line.contains(&format!(":{inode} "))))
                .collect();
            locks.sort();
            locks
        };
        let before = locks();
        assert!(!before.is_empty(), "{files:?}");
        let (mut n, mut reader) = (0, Reader::default());
        for _ in 0..2 {
            for file in &files {
                let found = |window: &[u8], _| {
                    n += usize::from(memchr::memmem::find(window, b"needle").is_some());
                };
                reader.each_window(file, 5, found).unwrap();
            }
        }
        assert_eq!((n, locks()), (2, before));
    }

    #[test]
    fn nothing_of_a_file_is_left_for_the_next_one() {
        let mut reader = Reader::default();
        let packed = gzip(&b"needle".repeat(AT_ONCE));
        let plain = b"needle".repeat(2 * AT_ONCE);
        for _ in 0..2 {
            assert_eq!(count_by(&mut reader, &packed, b"needle").unwrap(), AT_ONCE);
            assert_eq!(count_by(&mut reader, b"none", b"needle").unwrap(), 0);
            count_by(&mut reader, &packed[..packed.len() / 2], b"needle").unwrap_err();
            assert_eq!(count_by(&mut reader, &plain, b"needle").unwrap(), 2 * AT_ONCE);
            assert_eq!(count_by(&mut reader, b"", b"needle").unwrap(), 0);
            count_by(&mut reader, b"\x1f\x8b no gzip", b"needle").unwrap_err();
        }
        // Left in the middle.
        let temp = tempfile::NamedTempFile::new().unwrap();
        fs::write(temp.path(), &packed).unwrap();
        let mut head = [0; 6];
        reader.open(temp.path()).unwrap().read_exact(&mut head).unwrap();
        assert_eq!((&head, count_by(&mut reader, b"dle", b"dle").unwrap()), (b"needle", 1));
        assert!(reader.is_gzip(temp.path()).unwrap());
    }
}
