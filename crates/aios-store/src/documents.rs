//! Small documents that are read and replaced whole.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use aios_core::Timestamp;

use crate::{DataDir, StoreError, disk};

/// Most bytes of a golden report or of the book of alerts.
const REPORT_MAX: u64 = 16 * 1024 * 1024;

/// Most bytes of `traffic_knots.json`.
const KNOTS_MAX: u64 = 1024 * 1024;

/// The report of the last night, among the reports.
const NIGHT: &str = "nightly.json";

impl DataDir {
    /// The knots learned from this deployment's traffic, as JSON, if there are any.
    ///
    /// # Errors
    /// When the file cannot be read, is over 1 MiB or is not text.
    pub fn read_knots(&self) -> Result<Option<String>, StoreError> {
        disk::read_text(&self.knots_path(), KNOTS_MAX)
    }

    /// Replaces the knots learned from traffic, whole or not at all.
    ///
    /// # Errors
    /// When this process does not own the directory or the file cannot be written.
    pub fn write_knots(&self, json: &str) -> Result<(), StoreError> {
        self.must_own("write the traffic knots")?;
        disk::write_atomic(&self.knots_path(), json.as_bytes())
    }

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
        self.must_own("write the book of alerts")?;
        disk::write_atomic(&self.alerts_path(), json.as_bytes())
    }

    /// The report of the last night, as JSON, if there was one.
    ///
    /// # Errors
    /// When the file cannot be read, is over 16 MiB or is not text.
    pub fn read_night(&self) -> Result<Option<String>, StoreError> {
        disk::read_text(&self.reports_path().join(NIGHT), REPORT_MAX)
    }

    /// Replaces the report of the last night, whole or not at all.
    ///
    /// # Errors
    /// When this process does not own the directory or the file cannot be written.
    pub fn write_night(&self, json: &str) -> Result<(), StoreError> {
        self.must_own("keep the night's report")?;
        disk::write_atomic(&self.reports_path().join(NIGHT), json.as_bytes())
    }

    /// Removes reports that nobody has written to for `term`; tells their names. In a dry run none is removed.
    ///
    /// # Errors
    /// When this process does not own the directory, or a file cannot be looked at or removed.
    pub fn expire_reports(
        &self,
        now: Timestamp,
        term: Duration,
        dry_run: bool,
    ) -> Result<Vec<String>, StoreError> {
        self.must_own("remove old reports")?;
        let dir = self.reports_path();
        let mut gone = Vec::new();
        for name in disk::names_in(&dir)? {
            let path = dir.join(&name);
            let written = std::fs::metadata(&path).and_then(|metadata| metadata.modified());
            let written = written.map_err(StoreError::io("look at", &path))?;
            if now.since(timestamp(written)) < term {
                continue;
            }
            if !dry_run {
                disk::remove(&path)?;
            }
            gone.push(name);
        }
        Ok(gone)
    }

    fn knots_path(&self) -> PathBuf {
        self.path().join("router").join("traffic_knots.json")
    }

    fn reports_path(&self) -> PathBuf {
        self.path().join("reports")
    }

    fn alerts_path(&self) -> PathBuf {
        self.path().join("alerts").join("book.json")
    }
}

/// A file's time. What is before 1970 is as old as can be.
fn timestamp(at: SystemTime) -> Timestamp {
    let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(0).plus(since)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_go_when_nobody_has_written_to_them_for_long() {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::open(temp.path()).unwrap();
        dir.write_night("{}").unwrap();
        let written = std::fs::metadata(temp.path().join("reports/nightly.json")).unwrap();
        let now = timestamp(written.modified().unwrap());
        let (day, hour) = (Duration::from_secs(86_400), Duration::from_secs(3600));
        let expire = |now, dry_run| dir.expire_reports(now, day, dry_run).unwrap();
        assert_eq!(expire(now.plus(hour), false), [""; 0]);
        assert_eq!(expire(now.plus(2 * day), true), ["nightly.json"]);
        assert_eq!(dir.read_night().unwrap().as_deref(), Some("{}"));
        assert_eq!(expire(now.plus(2 * day), false), ["nightly.json"]);
        assert_eq!(dir.read_night().unwrap(), None);
    }
}
