//! When the log begins.

use aios_core::Timestamp;

use crate::segment::{Layout, ages, extent};
use crate::{DataDir, StoreError};

/// When the oldest event that is kept happened, to the second; none where there is none.
///
/// # Errors
/// When the log's directory cannot be listed or a segment that takes events cannot be read.
pub fn oldest_event(dir: &DataDir) -> Result<Option<Timestamp>, StoreError> {
    let layout = Layout::of(dir);
    // A segment is named by its first event, and they sort by time.
    let mut oldest = ages(&layout)?.keys().next().map(|id| id.began_at());
    for path in [layout.late(), layout.active()] {
        let extent = extent::at(&path).map_err(StoreError::io("read", &path))?;
        let first = extent.map(|extent| extent.first);
        oldest = oldest.into_iter().chain(first).min();
    }
    Ok(oldest)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::{EventLogConfig, EventStore as _, FileEventLog, Rotate, fixture};

    #[test]
    fn the_log_begins_with_its_oldest_event_sealed_or_not() {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::open(temp.path()).unwrap();
        assert_eq!(oldest_event(&dir).unwrap(), None);
        fs::create_dir(dir.events_path().parent().unwrap()).unwrap();
        fs::write(dir.events_path(), fixture::line(3) + &fixture::line(4)).unwrap();
        let first = fixture::event(3).at();
        assert_eq!(oldest_event(&dir).unwrap(), Some(first));
        let log = FileEventLog::open(&dir, EventLogConfig::default()).unwrap();
        let seal = Rotate { seal: true, ..Rotate::default() };
        log.rotate(fixture::event(4).at(), seal).unwrap();
        assert_eq!(oldest_event(&dir).unwrap(), Some(first));
    }
}
