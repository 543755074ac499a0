//! Golden sets, baselines and reports: documents that a person also reads and edits, written whole.
//!
//! They may lie in the data directory or wherever somebody keeps them, such as in a repository.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use crate::erase::registry::data_dir_of;
use crate::erase::without_erased;
use crate::{DataDir, StoreError, disk, regular};

/// Is locked by whoever changes a document.
const TURN_FILE: &str = "documents.lock";

/// Largest document that is read, in bytes.
const DOCUMENT_MAX: u64 = 64 << 20;

/// Where the golden files of a data directory lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoldenPaths {
    /// The golden set.
    pub set: PathBuf,
    /// What runs are compared with.
    pub baseline: PathBuf,
    /// The last run.
    pub report: PathBuf,
}

impl GoldenPaths {
    /// Those of a data directory, which need not be there.
    #[must_use]
    pub fn of(data_dir: &Path) -> Self {
        let dir = data_dir.join("goldens");
        Self {
            set: dir.join("sample_set.json"),
            baseline: dir.join("baseline_results.json"),
            report: dir.join("last_report.json"),
        }
    }
}

/// Reads a document, in UTF-8 or in the UTF-16 that PowerShell's `>` writes; `None` if it is not there.
///
/// # Errors
/// When it cannot be read, is no text, or is larger than 64 MiB.
pub fn read_document(path: &Path) -> Result<Option<String>, StoreError> {
    disk::read_text(path, DOCUMENT_MAX)
}

/// Replaces a document whole: after a crash there is the old one or the new one, and nothing beside it. Returns
/// what it says now: in a data directory, records of whoever was erased are left out.
///
/// # Errors
/// When it cannot be written, is all about somebody who was erased, or would lie in a data directory where no
/// erasure looks.
pub fn write_document(path: &Path, text: &str) -> Result<String, StoreError> {
    change_document(path, |_| Ok(text.to_owned()))
}

/// Changes a document: `change` is shown what it says, if it is there, and says what it should. In a data directory
/// nobody else changes a document meanwhile, neither another command nor an erasure of the running server.
///
/// # Errors
/// As [`write_document`], when it cannot be read, and as `change`.
pub fn change_document<E: From<StoreError>>(
    path: &Path,
    change: impl FnOnce(Option<&str>) -> Result<String, E>,
) -> Result<String, E> {
    // A bare name has no directory to make durable.
    let path = std::path::absolute(path).map_err(StoreError::io("write", path))?;
    let root = data_dir_of(&path);
    let _turn = root.map(turn).transpose()?;
    let text = change(read_document(&path)?.as_deref())?;
    let kept = match root {
        Some(root) => without_erased(&DataDir::read(root)?, &text)?,
        None => Some(text),
    };
    let kept = kept.ok_or_else(|| {
        let why = io::Error::other("it is about somebody who was erased");
        StoreError::io("write", &path)(why)
    })?;
    disk::write_atomic(&path, kept.as_bytes())?;
    Ok(kept)
}

/// The only right to change documents of a data directory, for as long as it is held. The owner of the directory
/// needs it too, since commands write documents beside a running server.
pub(crate) fn turn(data_dir: &Path) -> Result<File, StoreError> {
    let path = data_dir.join(TURN_FILE);
    // Nothing is ever written to it.
    let file = regular::open_to_lock(&path).map_err(StoreError::io("open", &path))?;
    file.lock().map_err(StoreError::io("lock", &path))?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::fs::TryLockError;

    use super::*;

    #[test]
    fn documents_of_a_data_directory_are_changed_one_at_a_time() {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::open(temp.path()).unwrap();
        let paths = GoldenPaths::of(dir.path());
        let is_taken = || {
            let file = File::options().write(true).open(dir.path().join(TURN_FILE)).unwrap();
            matches!(file.try_lock(), Err(TryLockError::WouldBlock))
        };
        let change = |expect: Option<&str>, text: &str| {
            change_document(&paths.set, |now| -> Result<String, StoreError> {
                assert_eq!(now, expect);
                assert!(is_taken());
                Ok(text.to_owned())
            })
        };
        assert_eq!(change(None, "[1]").unwrap(), "[1]");
        change(Some("[1]"), "[2]").unwrap();
        assert!(!is_taken());
        // Elsewhere it is nobody's business.
        let elsewhere = tempfile::tempdir().unwrap();
        write_document(&elsewhere.path().join("set.json"), "[]").unwrap();
        assert!(!elsewhere.path().join(TURN_FILE).exists());
    }
}
