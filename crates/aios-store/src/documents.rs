//! Small documents that are read and replaced whole.

use std::path::PathBuf;

use crate::{DataDir, StoreError, disk};

/// Most bytes of a golden report or of the book of alerts.
const REPORT_MAX: u64 = 16 * 1024 * 1024;

impl DataDir {
    /// The last golden report, as JSON, if there is one.
    ///
    /// # Errors
    /// When the file cannot be read, is over 16 MiB or is not text.
    pub fn read_golden_report(&self) -> Result<Option<String>, StoreError> {
        disk::read_text(&self.path().join("goldens").join("last_report.json"), REPORT_MAX)
    }

    /// The book of alerts, as JSON, if there is one.
    ///
    /// # Errors
    /// When the file cannot be read, is over 16 MiB or is not text.
    pub fn read_alerts(&self) -> Result<Option<String>, StoreError> {
        disk::read_text(&self.alerts_path(), REPORT_MAX)
    }

    /// Replaces the book of alerts, whole or not at all.
    ///
    /// # Errors
    /// When this process does not own the directory or the file cannot be written.
    pub fn write_alerts(&self, json: &str) -> Result<(), StoreError> {
        self.own_alerts()?;
        disk::write_atomic(&self.alerts_path(), json.as_bytes())
    }

    fn alerts_path(&self) -> PathBuf {
        self.path().join("alerts").join("book.json")
    }
}
