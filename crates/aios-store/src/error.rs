//! What can go wrong with the data directory. Each error names the operation and the path.

use std::io;
use std::path::{Path, PathBuf};

use crate::data_dir::LOCK_FILE;
use crate::{HoldId, SegmentId};

/// The data directory, or something in it, cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process owns the directory.
    #[error("the data directory {} is in use by another process{}", dir.display(), holder(*pid))]
    Locked {
        /// The directory.
        dir: PathBuf,
        /// The other process, if the lock file could be read.
        pid: Option<u32>,
    },
    /// The directory is not there.
    #[error("there is no data directory {}", dir.display())]
    Missing {
        /// The directory.
        dir: PathBuf,
    },
    /// Writing was asked of a directory that was opened for reading.
    #[error("cannot {operation}: the data directory {} is open for reading only", dir.display())]
    ReadOnly {
        /// What was to be done.
        operation: &'static str,
        /// The directory.
        dir: PathBuf,
    },
    /// The event log of this directory is open already.
    #[error("the event log in {} is open already", dir.display())]
    LogOpen {
        /// The directory.
        dir: PathBuf,
    },
    /// The key file does not hold a key.
    #[error("the key file {} does not hold 64 hexadecimal digits", path.display())]
    KeyCorrupt {
        /// The file.
        path: PathBuf,
    },
    /// The token file does not hold an admin token.
    #[error("the file {} does not hold an admin token", path.display())]
    TokenCorrupt {
        /// The file.
        path: PathBuf,
    },
    /// A key's name is not a plain word.
    #[error("a key's name is lower-case letters, digits, `_` and `-`, not {name:?}")]
    KeyName {
        /// The name.
        name: String,
    },
    /// The newest version of a key cannot be done without.
    #[error("cannot retire the key {}: new events use it", path.display())]
    KeyInUse {
        /// The file.
        path: PathBuf,
    },
    /// The system gave no random bytes for a new key.
    #[error("cannot make the key {}: the system gives no random bytes", path.display())]
    NoRandom {
        /// The file that was to be written.
        path: PathBuf,
        /// Why.
        #[source]
        source: getrandom::Error,
    },
    /// A small file is larger than it may be.
    #[error("{} is larger than {max} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Most bytes that are read.
        max: u64,
    },
    /// A file is neither UTF-8 nor UTF-16.
    #[error("{} is not text", path.display())]
    NotText {
        /// The file.
        path: PathBuf,
    },
    /// A file is not what it was written as.
    #[error("{} is damaged: {why}", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The index's database refused.
    #[error("cannot {operation} the index {}: {source}", path.display())]
    Index {
        /// What was to be done.
        operation: &'static str,
        /// The database.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The memory's database refused.
    #[error("cannot {operation} the memory {}: {source}", path.display())]
    Memory {
        /// What was to be done.
        operation: &'static str,
        /// The database.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// No more names of clients can be remembered.
    #[error("{} holds {max} names already", path.display())]
    TooManyClients {
        /// The list.
        path: PathBuf,
        /// Most names.
        max: usize,
    },
    /// There is no such hold.
    #[error("there is no hold {id}")]
    NoHold {
        /// The hold.
        id: HoldId,
    },
    /// Nothing is lost under this name.
    #[error("no loss is named {loss}")]
    NoLoss {
        /// The name.
        loss: String,
    },
    /// Why a loss is acknowledged must be said, in a few words.
    #[error("the reason for acknowledging a loss takes some words, at most {max} characters")]
    LossReason {
        /// Most characters.
        max: usize,
    },
    /// A copy of the audit trail's checkpoints is not there.
    #[error("there are no checkpoints at {}", path.display())]
    NoCheckpoints {
        /// Where they should be.
        path: PathBuf,
    },
    /// There is no receipt.
    #[error("there is no receipt at {}", path.display())]
    NoReceipt {
        /// Where it should be.
        path: PathBuf,
    },
    /// No more holds can be set.
    #[error("there are {max} holds already")]
    TooManyHolds {
        /// Most holds at a time.
        max: usize,
    },
    /// A hold must say who and why, in a few words.
    #[error("the {what} of a hold takes some words, at most {max} characters")]
    HoldWords {
        /// Which of its words.
        what: &'static str,
        /// Most characters.
        max: usize,
    },
    /// A hold that would have ended already.
    #[error("the hold would have ended already, at {expires_at}")]
    EndedHold {
        /// Its end.
        expires_at: aios_core::Timestamp,
    },
    /// A hold that would keep nothing.
    #[error("the hold would keep nothing: it begins at {since}, and {until} is not after that")]
    EmptyHold {
        /// Its beginning.
        since: aios_core::Timestamp,
        /// Its end.
        until: aios_core::Timestamp,
    },
    /// The key of what is stored is gone.
    #[error("the key {} is not there, though {n_stored} stored pseudonyms were made under it", path.display())]
    KeyGone {
        /// Where it belongs.
        path: PathBuf,
        /// How many were made under it, or another version.
        n_stored: u64,
    },
    /// There is no such segment.
    #[error("there is no segment {id} in {}", dir.display())]
    NoSegment {
        /// The segment.
        id: SegmentId,
        /// Where it was looked for.
        dir: PathBuf,
    },
    /// The operating system refused.
    #[error("cannot {operation} {}: {source}", path.display())]
    Io {
        /// What was to be done.
        operation: &'static str,
        /// To what.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
}

impl StoreError {
    /// What the user can do, if there is something.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Locked { .. } => Some(
                "stop the other process, or give this one a directory of its own with --data-dir",
            ),
            Self::Missing { .. } => {
                Some("start `aios serve` once, or name the directory with --data-dir")
            }
            Self::KeyCorrupt { .. } => Some(
                "restore the file from a backup; if you delete it, a new key is made and ids stored so far match no more",
            ),
            Self::TokenCorrupt { .. } => {
                Some("remove the file and restart `aios serve`: a new token is made")
            }
            Self::KeyInUse { .. } => Some("make a newer version first: `aios keys rotate`"),
            Self::TooLarge { .. } => Some("check that this is the right file"),
            Self::NotText { .. } => Some("save the file as UTF-8"),
            Self::Corrupt { .. } => {
                Some("`aios logs verify` says what is damaged; restore the file from a backup")
            }
            Self::Index { .. } => {
                Some("`aios logs reindex` makes it anew from the log; nothing is lost with it")
            }
            Self::Memory { .. } => {
                Some("check the disk that it is on; a damaged file is restored from a backup")
            }
            Self::TooManyClients { .. } => Some(
                "names that were only tried out can be taken out of it; whoever used one is not found without it",
            ),
            Self::NoHold { .. } => Some("`aios logs hold list` lists them"),
            Self::NoLoss { .. } => Some(
                "`aios logs verify` names each loss as it is now; one that has changed has another name",
            ),
            Self::LossReason { .. } => Some("say with --reason what was tried to restore it"),
            Self::NoCheckpoints { .. } => Some(
                "name the file with --checkpoints or `audit.checkpoint_copy`; if it should be there, somebody has removed it",
            ),
            Self::NoReceipt { .. } => {
                Some("receipts are in `erasures/` of the data directory, as ID.receipt.json")
            }
            Self::TooManyHolds { .. } => Some("release some with `aios logs hold release`"),
            Self::HoldWords { .. } => Some("say who answers for it and why, in a few words"),
            Self::EndedHold { .. } => Some("--expires must be a time to come"),
            Self::EmptyHold { .. } => Some("--since must be before --until"),
            Self::KeyGone { .. } => Some(
                "put it back from its backup; without it nobody who is stored can be found or erased",
            ),
            Self::NoSegment { .. } => Some("`aios logs stats` lists the segments"),
            Self::Io { source, .. } => io_hint(source.kind()),
            Self::ReadOnly { .. } => {
                Some("this needs the process that owns the directory: `aios serve`")
            }
            Self::LogOpen { .. } | Self::KeyName { .. } | Self::NoRandom { .. } => None,
        }
    }

    /// Whether a file was not there.
    pub(crate) fn is_not_found(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }

    pub(crate) fn corrupt(path: &Path, why: impl Into<String>) -> Self {
        Self::Corrupt { path: path.to_owned(), why: why.into() }
    }

    pub(crate) fn memory(
        operation: &'static str,
        path: &Path,
        source: impl std::error::Error + Send + Sync + 'static,
    ) -> Self {
        Self::Memory { operation, path: path.to_owned(), source: Box::new(source) }
    }

    pub(crate) fn io(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { operation, path, source }
    }
}

fn io_hint(kind: io::ErrorKind) -> Option<&'static str> {
    match kind {
        io::ErrorKind::PermissionDenied => {
            Some("give the user that runs aios read and write access, or choose another --data-dir")
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Some("free some disk space"),
        io::ErrorKind::ReadOnlyFilesystem => Some("choose a --data-dir on a writable file system"),
        io::ErrorKind::Unsupported => {
            Some("the file system cannot lock files: choose a --data-dir on a local disk")
        }
        _ => None,
    }
}

fn holder(pid: Option<u32>) -> String {
    pid.map_or_else(|| format!(" ({LOCK_FILE} is locked)"), |pid| format!(" (process {pid})"))
}
