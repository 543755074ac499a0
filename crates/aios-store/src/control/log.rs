//! Writes what control keeps.

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;

use aios_core::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{ControlFault, ControlHistory, Kept, head, roll};
use crate::head::ChainEnd;
use crate::retention::Term;
use crate::sign::Signer;
use crate::{DataDir, StoreError, chain, disk, fail, regular, stats};

/// Bytes after which a file takes no more lines.
pub(super) const FULL: u64 = 8 << 20;

/// The lines of control, open for writing. There is one in a process: who has it decides.
#[derive(Debug)]
pub struct ControlLog {
    dir: DataDir,
    path: PathBuf,
    file: File,
    /// Good bytes in it.
    len: u64,
    /// The number of its first line, or of the one that will be.
    first_seq: u64,
    /// When its first line was written.
    begun: Option<Timestamp>,
    end: ChainEnd,
    signer: Signer,
}

/// How a head is written.
type WriteHead = fn(&DataDir, &Signer, &ChainEnd) -> Result<(), StoreError>;

/// The log, and every line that is kept.
type OpenControl<T> = (ControlLog, Vec<Kept<T>>);

impl ControlLog {
    /// Opens it where it ends and returns what is kept. Half a line at its end is cut off.
    ///
    /// # Errors
    /// When this process does not own the directory, or a file cannot be read or written. A line that is
    /// not as it was written is the inner error: nothing is written behind it.
    pub fn open<T: DeserializeOwned>(
        dir: &DataDir,
    ) -> Result<Result<OpenControl<T>, ControlFault>, StoreError> {
        dir.must_own("open what control keeps")?;
        disk::create_dir(&dir.analytics_path())?;
        let path = dir.control_path();
        let ControlHistory { lines, fault, end, .. } = ControlHistory::read(dir)?;
        // What is damaged stays as it was found.
        if let Some(fault) = fault {
            return Ok(Err(fault));
        }
        cut_torn_tail(&path)?;
        let (file, len) = open(&path)?;
        let first_seq = super::first_seq_of(&path)?.unwrap_or(end.seq + 1);
        let ends = stats::ends(&path).map_err(StoreError::io("read", &path))?;
        let begun = ends.map(|(first, _)| first);
        let signer = Signer::load(dir)?;
        // A crash may have left it a line behind.
        head::write(dir, &signer, &end)?;
        Ok(Ok((Self { dir: dir.clone(), path, file, len, first_seq, begun, end, signer }, lines)))
    }

    /// Puts a file that cannot be used aside, so that a new one can be begun. Returns where it is now.
    ///
    /// # Errors
    /// When this process does not own the directory or the file cannot be renamed.
    pub fn put_aside(dir: &DataDir, at: Timestamp) -> Result<PathBuf, StoreError> {
        dir.must_own("put aside what control keeps")?;
        roll::put_aside(dir, at)
    }

    /// Writes a line, which happened at that time, and forces it to disk. Returns its number.
    ///
    /// # Errors
    /// When it cannot be written; then nothing of it is left.
    pub fn append<T: Serialize>(&mut self, at: Timestamp, record: &T) -> Result<u64, StoreError> {
        self.append_under(head::write, at, record)
    }

    /// The same with the head written like this.
    pub(super) fn append_under<T: Serialize>(
        &mut self,
        write_head: WriteHead,
        at: Timestamp,
        record: &T,
    ) -> Result<u64, StoreError> {
        let kept = Kept { seq: self.end.seq + 1, prev: self.end.h.clone(), record };
        let failed = || StoreError::io("write", &self.path);
        let body = serde_json::to_string(&kept).map_err(io::Error::from).map_err(failed())?;
        let (line, h) = chain::seal(&kept.prev, &body);
        let end = ChainEnd { seq: kept.seq, h };
        self.write(line.as_bytes()).map_err(StoreError::io("write", &self.path))?;
        match write_head(&self.dir, &self.signer, &end) {
            // The line is on disk, and the head names it or may do so: without the line the chain would look cut off.
            Err(error) if head::may_name(&self.dir, end.seq) => {
                tracing::warn!(%error, "how far control's chain has come may be lost in a crash");
            }
            Err(error) => {
                self.len -= line.len() as u64;
                self.cut();
                return Err(error);
            }
            Ok(()) => {}
        }
        let seq = end.seq;
        self.end = end;
        self.begun = self.begun.or(Some(at));
        Ok(seq)
    }

    /// Begins a new file if this one is full or of another day. The first line of the new one should say how
    /// things stand, so that the one before is not needed any more when its time is over.
    ///
    /// # Errors
    /// When a file cannot be renamed or made.
    pub fn roll_if_due(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let is_over = self.begun.is_some_and(|begun| day(now) > day(begun));
        if self.len < FULL && !is_over {
            return Ok(());
        }
        let full = roll::rolled(&self.dir, self.first_seq);
        fail::point("control.before_roll");
        std::fs::rename(&self.path, &full).map_err(StoreError::io("rename", &self.path))?;
        fail::point("control.rolled");
        (self.file, self.len) = open(&self.path)?;
        (self.first_seq, self.begun) = (self.end.seq + 1, None);
        Ok(())
    }

    /// Removes full files whose time is over. Returns how many.
    ///
    /// # Errors
    /// When a file cannot be read or removed.
    pub fn prune(&self, term: Term, now: Timestamp) -> Result<usize, StoreError> {
        roll::prune(&self.dir, term, now)
    }

    /// Bytes of the file that is being written.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.len
    }

    /// Whether nothing is kept in the file that is being written.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// All of a line, or nothing.
    fn write(&mut self, line: &[u8]) -> io::Result<()> {
        fail::point("control.before_write");
        let written = self.file.write_all(line).and_then(|()| {
            fail::point("control.before_sync");
            self.file.sync_data()
        });
        fail::point("control.synced");
        match written {
            Ok(()) => self.len += line.len() as u64,
            Err(_) => self.cut(),
        }
        written
    }

    /// Takes back what was written and does not count. What is left if this fails too is half a line, or one that nobody
    /// was told of.
    fn cut(&self) {
        drop(self.file.set_len(self.len));
    }
}

fn open(path: &std::path::Path) -> Result<(File, u64), StoreError> {
    let failed = || StoreError::io("open", path);
    let file = regular::open_to_append(path).map_err(failed())?;
    let len = file.metadata().map_err(failed())?.len();
    if let Some(dir) = path.parent() {
        fail::point("control.before_named");
        disk::sync_dir(dir)?;
        fail::point("control.named");
    }
    Ok((file, len))
}

fn cut_torn_tail(path: &std::path::Path) -> Result<(), StoreError> {
    let failed = || StoreError::io("cut", path);
    let Some(bytes) = regular::read_bounded(path, super::FILE_MAX)? else { return Ok(()) };
    let whole = memchr::memrchr(b'\n', &bytes).map_or(0, |at| at + 1);
    if whole == bytes.len() {
        return Ok(());
    }
    let file = regular::open_to_cut(path).map_err(failed())?;
    disk::cut(&file, whole as u64, "control.before_cut", "control.cut").map_err(failed())?;
    let n_torn = bytes.len() - whole;
    tracing::warn!(n_torn, path = %path.display(), "half a line was cut off what control keeps");
    Ok(())
}

/// Whole days since 1970.
const fn day(at: Timestamp) -> i64 {
    at.as_secs().div_euclid(24 * 60 * 60)
}
