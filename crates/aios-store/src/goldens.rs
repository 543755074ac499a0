//! Golden sets, baselines and reports: documents that a person also reads and edits, written whole.
//!
//! They may lie in the data directory or wherever somebody keeps them, such as in a repository.

use std::path::{Path, PathBuf};

use crate::{StoreError, disk};

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

/// Replaces a document whole: after a crash there is the old one or the new one, and nothing beside it.
///
/// # Errors
/// When it cannot be written, or would lie in a data directory where no erasure looks.
pub fn write_document(path: &Path, text: &str) -> Result<(), StoreError> {
    // A bare name has no directory to make durable.
    let path = std::path::absolute(path).map_err(StoreError::io("write", path))?;
    disk::write_atomic(&path, text.as_bytes())
}
