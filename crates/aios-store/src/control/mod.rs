//! What control keeps: verdicts and decisions, in a chain of hashes, in `analytics/control.ndjson`.
//!
//! It is the only thing that is kept of a canary: its state is a fold over these lines. So each is forced
//! to disk before anybody acts on it, half a line at the end counts for nothing, and a line that is not
//! as it was written makes the whole unusable rather than the state wrong. So does an end that was cut off, which
//! [`head`] tells.

mod head;
mod log;
mod roll;
mod tail;

#[cfg(test)]
mod tests;

use std::fmt;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::chain;
use crate::head::ChainEnd;
use crate::lines::{Lines, Place, Read};
use crate::{DataDir, StoreError, audit, disk, regular, sign};

use head::Head;
pub use log::ControlLog;
pub use tail::ControlTail;

/// Largest file that is read, in bytes: one takes no more lines long before.
const FILE_MAX: u64 = 8 * log::FULL;

/// A line as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kept<T> {
    /// Its number, from 1, without gaps.
    pub seq: u64,
    /// The hash of the line before.
    prev: String,
    /// What it says.
    #[serde(flatten)]
    pub record: T,
}

/// Everything that is kept, as far as it is sound.
#[derive(Debug, Clone, PartialEq)]
pub struct ControlHistory<T> {
    /// The lines, the oldest first.
    pub lines: Vec<Kept<T>>,
    /// The first line that is not as it was written; nothing behind it was read.
    pub fault: Option<ControlFault>,
    /// Where the chain ends.
    end: ChainEnd,
    /// How far it came, by its head.
    head: Option<Head>,
    /// Whether the head's signature could be checked.
    has_key: bool,
    /// The line of the newest file that would come next.
    next_line: u64,
}

/// A line that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub struct ControlFault {
    /// The file.
    pub file: PathBuf,
    /// The line in it, from 1.
    pub line: u64,
    /// What is wrong.
    pub why: String,
}

impl fmt::Display for ControlFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: line {}: {}", self.file.display(), self.line, self.why)
    }
}

impl<T: DeserializeOwned> ControlHistory<T> {
    /// Reads every file, also while another process writes.
    ///
    /// # Errors
    /// When a file cannot be read. What is wrong with a line is in the answer.
    pub fn read(dir: &DataDir) -> Result<Self, StoreError> {
        // Read before the lines: who writes meanwhile only takes the chain further.
        let (head, fault) = match head::read(dir)? {
            Ok(head) => (head, None),
            Err(why) => {
                (None, Some(ControlFault { file: head::path(dir), line: 1, why: why.to_owned() }))
            }
        };
        let witnessed = audit::control_witnessed(dir)?;
        let end = head.as_ref().and_then(head::begun_anew).unwrap_or_else(ChainEnd::nowhere);
        let has_key = dir.load_key(sign::KEY).is_ok_and(|key| key.is_some());
        let mut history = Self { lines: Vec::new(), fault, end, head, has_key, next_line: 1 };
        for path in files(dir)? {
            if history.fault.is_some() {
                return Ok(history);
            }
            history.take(&path)?;
        }
        let fault = history.fault.take();
        let headless = fault.or_else(|| history.headless(dir));
        history.fault =
            headless.or_else(|| history.cut(dir)).or_else(|| history.old(dir, witnessed));
        if history.fault.is_none() && history.is_blank() && audit::is_lost(dir)? {
            let why = "it is gone, and its head too, in a directory that was in use: the audit trail, which would know how far it had come, is not whole".to_owned();
            history.fault = Some(ControlFault { file: dir.control_path(), line: 1, why });
        }
        Ok(history)
    }

    /// The number of the last line that is there, or that there was before the chain was begun anew.
    #[must_use]
    pub const fn last_line(&self) -> u64 {
        self.end.seq
    }

    /// Whether there is nothing of a chain, as before anything was ever decided.
    const fn is_blank(&self) -> bool {
        self.head.is_none() && self.lines.is_empty()
    }

    /// Why it is not known how far the chain has come, if there are lines of one and no head: the head is written before
    /// the first line.
    fn headless(&self, dir: &DataDir) -> Option<ControlFault> {
        let has_none = self.head.is_none() && !self.lines.is_empty();
        // Who has begun the chain since the head was looked for has written one.
        let is_headless = has_none && !head::path(dir).exists();
        let why = "it is gone, so nobody knows how far the chain has come".to_owned();
        is_headless.then(|| ControlFault { file: head::path(dir), line: 1, why })
    }

    /// Whether somebody vouches for the chain: who may not read the key that signed its head sees that the lines follow one
    /// another, and not that they are those that were written.
    #[must_use]
    pub const fn is_vouched_for(&self) -> bool {
        self.has_key || self.head.is_none()
    }

    /// Why the chain is not whole, if it is shorter than it was.
    fn cut(&self, dir: &DataDir) -> Option<ControlFault> {
        let head = self.head.as_ref().filter(|head| head.seq > self.end.seq)?;
        let why = format!(
            "its end was cut off: the chain came to line {}, and ends with line {}",
            head.seq, self.end.seq
        );
        Some(ControlFault { file: dir.control_path(), line: self.next_line, why })
    }

    /// Why the chain is not the newest one, by what the audit trail knows of it: a chain and its head out of a backup
    /// agree with each other.
    fn old(&self, dir: &DataDir, witnessed: Option<u64>) -> Option<ControlFault> {
        let last = witnessed.filter(|last| *last > self.end.seq)?;
        let why = if self.head.is_none() && self.end.seq == 0 {
            format!("it is gone, and its head too: the audit trail knows of a line {last}")
        } else {
            format!(
                "it is an older one, with an older head, as from a backup: the audit trail knows of a line {last}, and it ends with line {}",
                self.end.seq
            )
        };
        Some(ControlFault { file: dir.control_path(), line: self.next_line, why })
    }

    fn take(&mut self, path: &Path) -> Result<(), StoreError> {
        let failed = || StoreError::io("read", path);
        self.next_line = 1;
        let file = match regular::open(path) {
            Ok(file) => file,
            Err(error) if regular::is_irregular(&error) => {
                self.fault = Some(self.unusable(path, error.to_string()));
                return Ok(());
            }
            Err(error) => return Err(failed()(error)),
        };
        if file.metadata().map_err(failed())?.len() > FILE_MAX {
            self.fault = Some(self.unusable(path, format!("it is larger than {FILE_MAX} bytes")));
            return Ok(());
        }
        let start = Place { number: Some(1), offset: 0 };
        let mut lines = Lines::new(BufReader::new(file), start);
        while let Some(read) = lines.next().map_err(failed())? {
            let (place, checked) = match read {
                Read::Line { place, bytes } => (place, self.check(bytes)),
                Read::TooLong { place } => (place, Err("it is too long".to_owned())),
            };
            match checked {
                Ok((kept, h)) => {
                    self.end = ChainEnd { seq: kept.seq, h };
                    self.next_line += 1;
                    self.lines.push(kept);
                }
                Err(why) => {
                    let line = place.number.unwrap_or(0);
                    self.fault = Some(ControlFault { file: path.to_owned(), line, why });
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn unusable(&self, path: &Path, why: String) -> ControlFault {
        ControlFault { file: path.to_owned(), line: self.next_line, why }
    }

    fn check(&self, bytes: &[u8]) -> Result<(Kept<T>, String), String> {
        let line = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8")?;
        let (body, hash) = chain::open(line)?;
        let kept: Kept<T> = serde_json::from_str(&body).map_err(|error| error.to_string())?;
        if chain::hash(&kept.prev, &body) != hash {
            return Err("it is not as it was written: its hash is another".to_owned());
        }
        // Older files may have gone at their time, so the first line that is there begins the chain.
        let follows = kept.seq == self.end.seq + 1 && kept.prev == self.end.h;
        if !follows && !self.lines.is_empty() {
            return Err(format!("it does not follow line {} of the chain", self.end.seq));
        }
        match &self.head {
            Some(head) if head.seq == kept.seq && head.h != hash => {
                Err(format!("line {} of the chain was another one", head.seq))
            }
            Some(_) | None => Ok((kept, hash.to_owned())),
        }
    }
}

/// How far the chain has come, by its head; none where there is no head that can be used.
pub(crate) fn headed(dir: &DataDir) -> Result<Option<u64>, StoreError> {
    Ok(head::read(dir)?.ok().flatten().map(|head| head.seq))
}

/// The files, the oldest first.
pub(crate) fn files(dir: &DataDir) -> Result<Vec<PathBuf>, StoreError> {
    let analytics = dir.analytics_path();
    let mut found: Vec<PathBuf> = disk::names_in(&analytics)?
        .into_iter()
        .filter(|name| roll::is_rolled(name))
        .map(|name| analytics.join(name))
        .collect();
    let active = dir.control_path();
    // What stands there and is no file is found too, so that it can be named.
    if active.symlink_metadata().is_ok() {
        found.push(active);
    }
    Ok(found)
}

/// The number of a file's first line; none if there is none.
fn first_seq_of(path: &Path) -> Result<Option<u64>, StoreError> {
    #[derive(Deserialize)]
    struct Numbered {
        seq: u64,
    }
    let failed = || StoreError::io("read", path);
    let file = regular::open(path).map_err(failed())?;
    let mut lines = Lines::new(BufReader::new(file), Place::default());
    Ok(match lines.next().map_err(failed())? {
        Some(Read::Line { bytes, .. }) => {
            serde_json::from_slice::<Numbered>(bytes).ok().map(|numbered| numbered.seq)
        }
        Some(Read::TooLong { .. }) | None => None,
    })
}
