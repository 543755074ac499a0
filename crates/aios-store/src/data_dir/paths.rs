//! Where things are in the data directory.

use std::path::PathBuf;

use crate::DataDir;

/// Names of the databases.
const INDEX: &str = "index.sqlite";
const MEMORY: &str = "memory.sqlite";
pub(crate) const DATABASES: [&str; 2] = [INDEX, MEMORY];

impl DataDir {
    /// The audit trail's directory.
    pub(crate) fn audit_path(&self) -> PathBuf {
        self.path.join("audit")
    }

    /// The ledger of erasures and their receipts.
    pub(crate) fn erasures_path(&self) -> PathBuf {
        self.path.join("erasures")
    }

    /// Where what could not be read is put aside.
    pub(crate) fn quarantine_path(&self) -> PathBuf {
        self.analytics_path().join("quarantine")
    }

    /// Where the event log is.
    pub(crate) fn analytics_path(&self) -> PathBuf {
        self.path.join("analytics")
    }

    /// The file of control that takes lines.
    pub(crate) fn control_path(&self) -> PathBuf {
        self.analytics_path().join("control.ndjson")
    }

    /// What must outlive its time.
    pub(crate) fn holds_path(&self) -> PathBuf {
        self.path.join("holds.json")
    }

    /// The index of the event log.
    pub(crate) fn index_path(&self) -> PathBuf {
        self.path.join(INDEX)
    }

    /// The memory's database.
    pub(crate) fn memory_path(&self) -> PathBuf {
        self.path.join("memory").join(MEMORY)
    }

    /// What retention remembers from run to run.
    pub(crate) fn retention_path(&self) -> PathBuf {
        self.path.join("retention.json")
    }
}
